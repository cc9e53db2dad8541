#pragma once

// Outgoing packets, one after the other. All connections of a listener share the memory, which is reused.

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace portillon::mqtt {

struct Outbox {
    std::vector<std::byte> bytes;
    std::size_t used = 0;

    // Appends `size` bytes and returns them; valid until the next call.
    std::span<std::byte> add(std::size_t size) {
        if (bytes.size() < used + size) {
            bytes.resize(std::max(2 * bytes.size(), used + size));
        }
        used += size;
        return std::span(bytes).subspan(used - size, size);
    }
};

}  // namespace portillon::mqtt
