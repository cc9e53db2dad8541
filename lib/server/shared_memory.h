#pragma once

// Zeroed memory that several processes map. Anonymous (memfd): it vanishes when the last of them has ended, and the
// kernel provides only the pages that were touched.

#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace portillon::server {

class SharedMemory {
public:
    // `name` appears in /proc only.
    static Result<SharedMemory> create(const std::string& name, std::size_t bytes);
    // Maps what another process of this user, or this one, created; `path` is its path().
    static Result<SharedMemory> open(const std::string& path);

    SharedMemory(SharedMemory&& other) noexcept;
    SharedMemory& operator=(SharedMemory&& other) noexcept;
    ~SharedMemory();

    std::span<std::byte> bytes() const { return bytes_; }
    // The path for open(), valid as long as this object lives.
    std::string path() const;

private:
    SharedMemory(int descriptor, std::span<std::byte> bytes) : descriptor_(descriptor), bytes_(bytes) {}
    static Result<SharedMemory> map(int descriptor, std::size_t bytes);

    int descriptor_ = -1;
    std::span<std::byte> bytes_;
};

}  // namespace portillon::server
