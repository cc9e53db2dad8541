#include "report/prose.h"

#include <fmt/format.h>

#include <cmath>

#include <sstream>

#include "base/units.h"
#include "escape/formats.h"

namespace portillon::report {

std::string labelled(const std::string& label, std::size_t indent, const std::string& text, std::size_t columns) {
    std::string out;
    std::string line = escape::terminal(label);
    line.resize(std::max(indent, line.size()), ' ');
    bool begun = false;
    std::istringstream words(text);
    for (std::string raw; words >> raw;) {
        const auto word = escape::terminal(raw);
        if (begun && line.size() + 1 + word.size() > columns) {
            out += line + '\n';
            line.assign(indent, ' ');
            begun = false;
        }
        line += (begun ? " " : "") + word;
        begun = true;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return out + line + '\n';
}

std::string three_digits(double value) {
    constexpr double most_in_general_form = 999.5, least_in_general_form = 1e-4;
    if (value >= most_in_general_form) {
        return humanize_count(std::round(value));
    }
    return value == 0 || value >= least_in_general_form ? fmt::format("{:.3g}", value) : fmt::format("{:.6f}", value);
}

std::string percent_text(double share) {
    const double percent = share * 100;
    return percent > 0 && percent < 0.0001 ? "<0.0001 %" : three_digits(percent) + " %";
}

std::string in_seconds(double seconds) {
    constexpr double shortest = 1e-3, longest = 1e4;
    return (seconds == 0 || (seconds >= shortest && seconds < longest) ? fmt::format("{:.4g}", seconds)
                                                                       : humanize_count(seconds)) +
           " s";
}

std::string counted(std::uint64_t count) {
    return humanize_count(static_cast<double>(count));
}

std::string counted(std::optional<std::uint64_t> count) {
    return count ? counted(*count) : "-";
}

std::string change_text(double ratio) {
    constexpr double as_factor = 10;
    return ratio >= as_factor || ratio <= 1 / as_factor ? fmt::format("x{:.3g}", ratio)
                                                        : fmt::format("{:+.1f} %", (ratio - 1) * 100);
}

}  // namespace portillon::report
