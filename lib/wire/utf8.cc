#include "wire/utf8.h"

#include <cstdint>
#include <cstring>

namespace portillon::wire {

namespace {

struct Range {
    std::uint8_t low;
    std::uint8_t high;
};

// The number of bytes that follow a lead byte, and the range of the first of them: table 3-7. `follow` is 0 for a byte
// that may not lead.
struct Lead {
    unsigned follow;
    Range second;
};

Lead lead_of(std::uint8_t byte) {
    if (byte >= 0xC2 && byte <= 0xDF) {
        return {1, {0x80, 0xBF}};
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        return {2,
                {static_cast<std::uint8_t>(byte == 0xE0 ? 0xA0 : 0x80),
                 static_cast<std::uint8_t>(byte == 0xED ? 0x9F : 0xBF)}};
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        return {3,
                {static_cast<std::uint8_t>(byte == 0xF0 ? 0x90 : 0x80),
                 static_cast<std::uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)}};
    }
    return {0, {0, 0}};
}

}  // namespace

bool is_utf8(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        std::uint64_t word;
        while (end - at >= 8 && (std::memcpy(&word, at, 8), (word & 0x8080808080808080ULL) == 0)) {
            at += 8;
        }
        if (at == end) {
            break;
        }
        const auto byte = static_cast<std::uint8_t>(*at++);
        if (byte < 0x80) {
            continue;
        }
        const Lead lead = lead_of(byte);
        if (lead.follow == 0 || end - at < static_cast<std::ptrdiff_t>(lead.follow)) {
            return false;
        }
        Range allowed = lead.second;
        for (unsigned i = 0; i < lead.follow; ++i) {
            const auto next = static_cast<std::uint8_t>(*at++);
            if (next < allowed.low || next > allowed.high) {
                return false;
            }
            allowed = {0x80, 0xBF};
        }
    }
    return true;
}

}  // namespace portillon::wire
