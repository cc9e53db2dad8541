#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace portillon {

namespace {

constexpr double max_duration_ns = 365.0 * 24 * 3600 * 1e9;

struct Unit {
    std::string_view suffix;
    double factor;
};

constexpr std::array<Unit, 7> duration_units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};

constexpr std::array<Unit, 11> byte_units{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1e3},
                                           {"KB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12},
                                           {"KiB", 1024.0},
                                           {"MiB", 1048576.0},
                                           {"GiB", 1073741824.0},
                                           {"TiB", 1099511627776.0}}};

// Reads an unsigned decimal number at the front of `text` and removes it.
std::optional<double> take_number(std::string_view& text) {
    if (text.empty() || (text.front() != '.' && (text.front() < '0' || text.front() > '9'))) {
        return std::nullopt;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(value)) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::string_view take_letters(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() &&
           ((text[length] >= 'a' && text[length] <= 'z') || (text[length] >= 'A' && text[length] <= 'Z'))) {
        ++length;
    }
    const auto letters = text.substr(0, length);
    text.remove_prefix(length);
    return letters;
}

std::string three_digits(double value) {
    if (value >= 100) {
        return fmt::format("{:.0f}", value);
    }
    return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

std::string format_run(RunId run) {
    return fmt::format("{:016x}", static_cast<std::uint64_t>(run));
}

std::optional<RunId> parse_run(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.size() != 16 || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return RunId{value};
}

std::optional<Nanos> parse_duration(std::string_view text) {
    if (text == "0") {
        return Nanos{0};
    }
    double total_ns = 0;
    double last_factor = std::numeric_limits<double>::infinity();
    if (text.empty()) {
        return std::nullopt;
    }
    while (!text.empty()) {
        const auto value = take_number(text);
        const auto suffix = take_letters(text);
        if (!value) {
            return std::nullopt;
        }
        double factor = 0;
        for (const auto& unit : duration_units) {
            if (unit.suffix == suffix) {
                factor = unit.factor;
            }
        }
        if (factor == 0 || factor >= last_factor) {
            return std::nullopt;
        }
        last_factor = factor;
        total_ns += *value * factor;
    }
    if (total_ns > max_duration_ns) {
        return std::nullopt;
    }
    return Nanos{std::llround(total_ns)};
}

std::optional<Bytes> parse_bytes(std::string_view text) {
    const auto value = take_number(text);
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    const auto suffix = take_letters(text);
    if (!value || !text.empty()) {
        return std::nullopt;
    }
    for (const auto& unit : byte_units) {
        const double bytes = *value * unit.factor;
        if (unit.suffix == suffix && bytes < 9e18 && bytes == std::floor(bytes)) {
            return Bytes{static_cast<std::uint64_t>(bytes)};
        }
    }
    return std::nullopt;
}

std::optional<Rate> parse_rate(std::string_view text) {
    const auto value = take_number(text);
    if (!value) {
        return std::nullopt;
    }
    if (text.empty() || text == "/s") {
        return Rate{*value};
    }
    if (text == "/m" || text == "/min") {
        return Rate{*value / 60};
    }
    if (text == "/h") {
        return Rate{*value / 3600};
    }
    return std::nullopt;
}

std::optional<Share> parse_share(std::string_view text) {
    const auto value = take_number(text);
    return value && *value <= 100 && text == "%" ? std::optional(Share{*value / 100}) : std::nullopt;
}

std::string format_duration(Nanos value) {
    const auto count = value.count();
    if (count == 0) {
        return "0s";
    }
    struct Step {
        std::int64_t factor;
        std::string_view suffix;
    };
    constexpr std::array<Step, 6> steps{{{3'600'000'000'000, "h"},
                                         {60'000'000'000, "m"},
                                         {1'000'000'000, "s"},
                                         {1'000'000, "ms"},
                                         {1'000, "us"},
                                         {1, "ns"}}};
    for (const auto& step : steps) {
        if (count % step.factor == 0) {
            return fmt::format("{}{}", count / step.factor, step.suffix);
        }
        // Tenths and thousandths of a second read better than a long count of a smaller unit.
        if (step.suffix == "s" && count > step.factor && count % 1'000'000 == 0) {
            return fmt::format("{}s", static_cast<double>(count) / 1e9);
        }
    }
    return fmt::format("{}ns", count);
}

std::string humanize(Nanos value) {
    const double ns = static_cast<double>(value.count());
    if (ns < 0) {
        return "-" + humanize(-value);
    }
    if (ns < 999.5) {
        return fmt::format("{:.0f} ns", ns);
    }
    if (ns < 999.5e3) {
        return three_digits(ns / 1e3) + " us";
    }
    if (ns < 999.5e6) {
        return three_digits(ns / 1e6) + " ms";
    }
    return three_digits(ns / 1e9) + " s";
}

std::string humanize(Bytes value) {
    const auto bytes = static_cast<double>(value.count);
    if (bytes < 1000) {
        return fmt::format("{:.0f} B", bytes);
    }
    if (bytes < 999.5e3) {
        return three_digits(bytes / 1e3) + " kB";
    }
    if (bytes < 999.5e6) {
        return three_digits(bytes / 1e6) + " MB";
    }
    return three_digits(bytes / 1e9) + " GB";
}

std::string humanize_count(double value) {
    if (value >= 1000 || value == std::floor(value)) {
        std::string digits = fmt::format("{:.0f}", value);
        for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
            digits.insert(static_cast<std::size_t>(at), ",");
        }
        return digits;
    }
    return three_digits(value);
}

}  // namespace portillon
