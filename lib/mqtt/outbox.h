#pragma once

// What connections have to say, one packet after the other: the memory is used again and again, by all connections of a
// listener.

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace portillon::mqtt {

struct Outbox {
    std::vector<std::byte> bytes;
    std::size_t used = 0;

    // After what is used; becomes part of it.
    std::span<std::byte> add(std::size_t size) {
        if (bytes.size() < used + size) {
            bytes.resize(std::max(2 * bytes.size(), used + size));
        }
        used += size;
        return std::span(bytes).subspan(used - size, size);
    }
};

}  // namespace portillon::mqtt
