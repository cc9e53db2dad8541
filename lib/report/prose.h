#pragma once

// Formats lines of text for a terminal, and figures within them.

#include <cstdint>
#include <optional>
#include <string>

#include "base/units.h"

namespace portillon::report {

inline constexpr std::size_t terminal_columns = 100;

// "label   words of the text, wrapped\n        and indented\n"; the text begins at column `indent`. Label and text are
// escaped for a terminal.
std::string labelled(const std::string& label, std::size_t indent, const std::string& text,
                     std::size_t columns = terminal_columns);

// "1,234"
std::string counted(std::uint64_t count);

// The same, or "-" if there is no count.
std::string counted(std::optional<std::uint64_t> count);

// "+8.3 %" for a ratio of 1.083; "x10.2" for ten times, a tenth, and beyond.
std::string change_text(double ratio);

using portillon::counted;  // with a noun

// A share in percent: "0 %", "0.0125 %", "100 %".
std::string percent_text(double share);

// "1,230", "12.3", "0.0123", "0.000012": at least three significant digits, never with an exponent.
std::string three_digits(double value);

// "80 s", "0.25 s", "12,000 s": an instant or a length with four significant digits, never with an exponent.
std::string in_seconds(double seconds);

}  // namespace portillon::report
