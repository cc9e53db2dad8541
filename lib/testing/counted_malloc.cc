// glibc allows a program to define malloc and its relatives for itself and all its libraries, and offers its own under
// the names that this file calls.

#include "testing/counted_malloc.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> blocks = 0;
std::atomic<std::uint64_t> news = 0;

void count() {
    blocks.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

namespace portillon::testing {

Allocated allocated_so_far() {
    return {blocks.load(std::memory_order_relaxed), news.load(std::memory_order_relaxed)};
}

}  // namespace portillon::testing

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(std::size_t many, std::size_t size) {
    count();
    return __libc_calloc(many, size);
}
void* realloc(void* memory, std::size_t size) {
    count();
    return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    void* const got = memalign(alignment, size);
    if (got == nullptr) {
        return ENOMEM;
    }
    *memory = got;
    return 0;
}
void free(void* memory) {
    __libc_free(memory);
}
}

void* operator new(std::size_t size) {
    news.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    news.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
