#pragma once

// The units that parse_duration() and parse_bytes() know, for descriptions of what may be typed.

#include <string_view>
#include <vector>

namespace portillon {

struct NamedUnit {
    std::string_view suffix;  // may be empty: a bare number
    double factor;            // nanoseconds or bytes
};

// From the smallest to the largest.
std::vector<NamedUnit> units_of_durations();
std::vector<NamedUnit> units_of_bytes();

}  // namespace portillon
