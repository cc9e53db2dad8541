#pragma once

#include <cstdint>

namespace portillon::net::faults {

// The effects of one fault.
struct Injected {
    std::uint64_t connections = 0;  // living ones that it struck, each counted once (by flapping and resets: each time)
    std::uint64_t dials_refused = 0;
    std::uint64_t dials_hung = 0;  // until their deadline
    bool operator==(const Injected&) const = default;
};

}  // namespace portillon::net::faults
