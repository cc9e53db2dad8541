#include "server/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace portillon::server {

namespace {}  // namespace

Result<SharedMemory> SharedMemory::create(const std::string& name, std::size_t bytes) {
    const int descriptor = ::memfd_create(name.c_str(), MFD_CLOEXEC);
    if (descriptor < 0) {
        return last_error();
    }
    if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
        const error_code failure = last_error();
        ::close(descriptor);
        return failure;
    }
    return map(descriptor, bytes);
}

Result<SharedMemory> SharedMemory::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) {
        return last_error();
    }
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) {
        const error_code failure = last_error();
        ::close(descriptor);
        return failure;
    }
    return map(descriptor, static_cast<std::size_t>(status.st_size));
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

SharedMemory::~SharedMemory() {
    if (bytes_.data() != nullptr) {
        ::munmap(bytes_.data(), bytes_.size());
    }
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

std::string SharedMemory::path() const {
    return fmt::format("/proc/{}/fd/{}", ::getpid(), descriptor_);
}

Result<SharedMemory> SharedMemory::map(int descriptor, std::size_t bytes) {
    void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (at == MAP_FAILED) {
        const error_code failure = last_error();
        ::close(descriptor);
        return failure;
    }
    return SharedMemory(descriptor, {static_cast<std::byte*>(at), bytes});
}

}  // namespace portillon::server
