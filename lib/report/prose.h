#pragma once

// Lines of text for a terminal.

#include <cstdint>
#include <optional>
#include <string>

namespace portillon::report {

inline constexpr std::size_t terminal_columns = 100;

// Both escaped for a terminal: "label   words of the text, wrapped\n        and indented\n"; the text begins at column
// `indent`.
std::string labelled(const std::string& label, std::size_t indent, const std::string& text);

// 1,234
std::string counted(std::uint64_t count);

// The same, or "-" where there is none.
std::string counted(std::optional<std::uint64_t> count);

// "+8.3 %" of a ratio of 1.083; "x10.2" from ten times or a tenth on.
std::string change_text(double ratio);

// "1,234 equipments", "1 equipment"; plural by an s.
std::string counted(std::uint64_t count, const std::string& noun);

// "80 s", "0.25 s", "12,000 s": four significant digits of an instant or a length, never an exponent.
std::string in_seconds(double seconds);

}  // namespace portillon::report
