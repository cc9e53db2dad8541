#include "report/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/standard_stream.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;

// Owns a descriptor and closes it.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }

    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    int release() { return std::exchange(number_, -1); }

    // Some file systems report a full disk only here.
    error_code close() {
        const int number = number_;
        number_ = -1;
        return ::close(number) == 0 ? error_code{} : last_error();
    }

private:
    int number_;
};

error_code write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return last_error();
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return {};
}

}  // namespace

// Such a path is not opened again, since that would write over a redirected file from its beginning.
std::optional<int> inherited_descriptor(std::string_view path) {
    if (path == "-" || path == "/dev/stdout") {
        return STDOUT_FILENO;
    }
    if (path == "/dev/stderr") {
        return STDERR_FILENO;
    }
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
        int number = -1;
        const auto rest = path.starts_with(folder) ? path.substr(folder.size()) : std::string_view{};
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        if (!rest.empty() && error == std::errc{} && end == rest.data() + rest.size() && number >= 0) {
            return number;
        }
    }
    return std::nullopt;
}

std::string behind_links(const std::string& path) {
    constexpr int most_links = 40;  // the kernel's own limit
    std::filesystem::path at(path);
    std::error_code none;
    for (int i = 0; i < most_links && std::filesystem::is_symlink(at, none); ++i) {
        at = at.parent_path() / std::filesystem::read_symlink(at, none);
    }
    return at.string();
}

Result<std::string> temporary_beside(const std::string& path, int& descriptor) {
    constexpr int attempts = 100;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        auto temporary = fmt::format("{}.{}-{}.tmp", path, ::getpid(), attempt);
        descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            return temporary;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return last_error();
}

namespace {

error_code write_into(const Descriptor& file, std::string_view text) {
    const auto failure = write_all(file.number(), text);
    if (failure || ::fsync(file.number()) == 0 || errno == EINVAL) {  // EINVAL: this file system has nothing to sync
        return failure;
    }
    return last_error();
}

// Connects to a socket in the file system, which cannot be opened. -1 on failure; errno says why.
int connected_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    path.copy(address.sun_path, path.size());
    Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!made || ::connect(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return -1;
    }
    return made.release();
}

error_code replace(const std::string& path, std::string_view text, const struct stat* old) {
    int number = -1;
    const auto made = temporary_beside(path, number);
    if (!made) {
        return made.error();
    }
    const std::string& temporary = *made;
    Descriptor file(number);
    if (old != nullptr) {
        static_cast<void>(::fchmod(file.number(), old->st_mode & 07777));
    }
    auto failure = write_into(file, text);
    if (const auto closed = file.close(); !failure) {
        failure = closed;
    }
    if (!failure && ::rename(temporary.c_str(), path.c_str()) != 0) {
        failure = last_error();
    }
    if (failure) {
        ::unlink(temporary.c_str());
    }
    return failure;
}

}  // namespace

error_code write_file(const std::string& path, std::string_view text) {
    if (const auto descriptor = inherited_descriptor(path)) {
        if (*descriptor == STDOUT_FILENO || *descriptor == STDERR_FILENO) {
            auto& stream = *descriptor == STDOUT_FILENO ? standard_output() : standard_error();
            stream.write(text);
            return stream.failure();
        }
        return write_all(*descriptor, text);
    }
    struct stat found {};
    const bool exists = ::stat(path.c_str(), &found) == 0;
    if (!exists || S_ISREG(found.st_mode)) {
        return replace(behind_links(path), text, exists ? &found : nullptr);
    }
    Descriptor device(S_ISSOCK(found.st_mode) ? connected_to(path)
                                              : ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!device) {
        return last_error();
    }
    const auto failure = write_all(device.number(), text);
    return failure ? failure : device.close();
}

Result<std::string> read_file(const std::string& path) {
    const Descriptor file(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return last_error();
    }
    std::string text;
    std::array<char, 65'536> part{};
    while (text.size() <= most_bytes) {
        const auto got = ::read(file.number(), part.data(), part.size());
        if (got == 0) {
            return text;
        }
        if (got < 0 && errno != EINTR) {
            return last_error();
        }
        text.append(part.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return error_code(EFBIG, boost::system::system_category());
}

}  // namespace portillon::report
