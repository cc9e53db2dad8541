#pragma once

// How a command prints: formatted, safe for terminals whatever the values hold, and through the streams that notice a
// failed write.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "base/standard_stream.h"
#include "escape/formats.h"

namespace portillon::cmd {

// Prints lines of our own layout, such as a summary, whose parts have been escaped by their maker. Our colours pass.
inline void show(StandardStream& stream, std::string_view lines) {
    stream.write(escape::terminal_output(lines));
}

// Text comes from anywhere (paths, names, words of a server) and is escaped; other values are printed as they are.
template <class Value>
using Shown = std::conditional_t<std::is_convertible_v<const Value&, std::string_view>, std::string, const Value&>;

template <class Value>
Shown<Value> shown(const Value& value) {
    if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
        return escape::terminal(value);
    } else {
        return value;
    }
}

template <class... Values>
void print(StandardStream& stream, fmt::format_string<const Values&...> format, const Values&... values) {
    show(stream, fmt::vformat(format, fmt::make_format_args(shown(values)...)));
}

}  // namespace portillon::cmd
