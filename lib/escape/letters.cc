#include "escape/letters.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace portillon::escape {

namespace {

struct Lead {
    std::size_t size;        // of the whole letter in bytes; 0: no letter begins with this byte
    unsigned bits;           // the lead byte's part of the code point
    unsigned lowest_second;  // of the byte after it, which some leads restrict
    unsigned highest_second;
};

Lead lead_of(unsigned byte) {
    if (byte >= 0xC2 && byte <= 0xDF) {
        return {2, byte & 0x1FU, 0x80, 0xBF};
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        return {3, byte & 0x0FU, byte == 0xE0 ? 0xA0U : 0x80U, byte == 0xED ? 0x9FU : 0xBFU};
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        return {4, byte & 0x07U, byte == 0xF0 ? 0x90U : 0x80U, byte == 0xF4 ? 0x8FU : 0xBFU};
    }
    return {0, 0, 0, 0};
}

struct Range {
    char32_t first, last;
};

// Unicode's general categories Cc, Zl and Zp, and all of Cf but the joiners U+200C and U+200D, without which some
// scripts cannot be written. Noncharacters follow a rule of their own.
constexpr std::array<Range, 14> hidden{{{0x00, 0x1F},
                                        {0x7F, 0x9F},
                                        {0xAD, 0xAD},
                                        {0x600, 0x605},
                                        {0x61C, 0x61C},
                                        {0x180E, 0x180E},
                                        {0x200B, 0x200B},
                                        {0x200E, 0x200F},
                                        {0x2028, 0x202E},
                                        {0x2060, 0x206F},
                                        {0xFDD0, 0xFDEF},
                                        {0xFEFF, 0xFEFF},
                                        {0xFFF0, 0xFFFB},
                                        {0xE0000, 0xE0FFF}}};

}  // namespace

Letter first_letter(std::string_view text) {
    const auto byte = [&text](std::size_t at) { return static_cast<unsigned>(static_cast<std::uint8_t>(text[at])); };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return {first, 1, true};
    }
    const Lead lead = lead_of(first);
    if (lead.size == 0 || lead.size > text.size() || byte(1) < lead.lowest_second || byte(1) > lead.highest_second) {
        return {first, 1, false};
    }
    char32_t point = lead.bits;
    for (std::size_t at = 1; at < lead.size; ++at) {
        if ((byte(at) & 0xC0U) != 0x80U) {
            return {first, 1, false};
        }
        point = point << 6U | (byte(at) & 0x3FU);
    }
    return {point, lead.size, true};
}

bool is_hidden(char32_t point) {
    for (const auto& range : hidden) {
        if (point >= range.first && point <= range.last) {
            return true;
        }
    }
    return (point & 0xFFFEU) == 0xFFFEU;  // the last two of every plane
}

std::string visible(const Letter& letter) {
    switch (letter.well_formed ? letter.point : 0) {
        case U'\n':
            return "\\n";
        case U'\r':
            return "\\r";
        case U'\t':
            return "\\t";
        default:
            break;
    }
    char text[16];
    const auto number = static_cast<unsigned>(letter.point);
    const bool byte = !letter.well_formed || number < 0x80;
    std::snprintf(text, sizeof text, byte ? "\\x%02x" : number <= 0xFFFF ? "\\u%04x" : "\\U%08x", number);
    return text;
}

}  // namespace portillon::escape
