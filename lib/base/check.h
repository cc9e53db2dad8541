#pragma once

// Assertions against programmer errors: they stop the program, in every build, and name the place.

#include <string_view>

namespace portillon {

[[noreturn]] void check_failed(std::string_view what, const char* file, unsigned line);

// Not std::source_location: clang 14, which builds the fuzz targets, does not have it with this standard library.
constexpr void check(bool holds, std::string_view what, const char* file = __builtin_FILE(),
                     unsigned line = __builtin_LINE()) {
    if (!holds) [[unlikely]] {
        check_failed(what, file, line);
    }
}

}  // namespace portillon
