#pragma once

// Programmer errors stop the program, in every build, with the place that was wrong.

#include <source_location>
#include <string_view>

namespace portillon {

[[noreturn]] void check_failed(std::string_view what, std::source_location where);

constexpr void check(bool holds, std::string_view what,
                     std::source_location where = std::source_location::current()) {
    if (!holds) [[unlikely]] {
        check_failed(what, where);
    }
}

}  // namespace portillon
