#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/decimal.h"
#include "base/unit_tables.h"

namespace portillon {

namespace {

constexpr std::uint64_t max_duration_ns = 365ULL * 24 * 3600 * 1'000'000'000;

struct Unit {
    std::string_view suffix;
    std::uint64_t factor;
};

constexpr std::array<Unit, 7> duration_units{{{"ns", 1},
                                              {"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"d", 86'400'000'000'000}}};

constexpr std::array<Unit, 11> byte_units{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1'000},
                                           {"KB", 1'000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"TB", 1'000'000'000'000},
                                           {"KiB", 1ULL << 10},
                                           {"MiB", 1ULL << 20},
                                           {"GiB", 1ULL << 30},
                                           {"TiB", 1ULL << 40}}};

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

// Three significant digits. A value that is not 0 is never shown as 0: below 1 the zeros behind the point do not count.
std::string three_digits(double value) {
    if (value < 0) {
        return "-" + three_digits(-value);
    }
    if (value >= 100) {
        return fmt::format("{:.0f}", value);
    }
    if (value >= 1 || value == 0) {
        return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
    }
    constexpr double least_in_full = 1e-9;
    double rounded = value;
    const auto short_text = fmt::format("{:.3g}", value);
    std::from_chars(short_text.data(), short_text.data() + short_text.size(), rounded);
    return value >= least_in_full ? plain_decimal(rounded) : short_text;
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
    if (text.empty()) {
        return std::nullopt;
    }
    std::uint64_t total_ns = 0;
    auto last_factor = std::numeric_limits<std::uint64_t>::max();
    while (!text.empty()) {
        const auto value = take_decimal(text);
        const auto suffix = take_letters(text);
        std::uint64_t factor = 0;
        for (const auto& unit : duration_units) {
            if (unit.suffix == suffix) {
                factor = unit.factor;
            }
        }
        if (!value || factor == 0 || factor >= last_factor) {
            return std::nullopt;
        }
        last_factor = factor;
        const auto ns = whole_times(*value, factor);
        if (!ns || *ns > max_duration_ns - total_ns) {
            return std::nullopt;
        }
        total_ns += *ns;
    }
    return Nanos{static_cast<std::int64_t>(total_ns)};
}

std::optional<Bytes> parse_bytes(std::string_view text) {
    const auto value = take_decimal(text);
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    const auto suffix = take_letters(text);
    if (!value || !text.empty()) {
        return std::nullopt;
    }
    for (const auto& unit : byte_units) {
        if (unit.suffix == suffix) {
            const auto bytes = whole_times(*value, unit.factor);
            return bytes && *bytes < 9'000'000'000'000'000'000U ? std::optional(Bytes{*bytes}) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<Rate> parse_rate(std::string_view text) {
    const auto value = take_decimal(text);
    if (!value) {
        return std::nullopt;
    }
    if (text.empty() || text == "/s") {
        return Rate{nearest(*value)};
    }
    if (text == "/m" || text == "/min") {
        return Rate{nearest(*value, 0, 60)};
    }
    if (text == "/h") {
        return Rate{nearest(*value, 0, 3600)};
    }
    return std::nullopt;
}

std::optional<Share> parse_share(std::string_view text) {
    const auto value = take_decimal(text);
    const auto share = value ? nearest(*value, 2) : 0;
    return value && share <= 1 && text == "%" ? std::optional(Share{share}) : std::nullopt;
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
        // Tenths and thousandths of a second are easier to read than a long count of a smaller unit.
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
    if (value < 0) {
        return "-" + humanize_count(-value);
    }
    if (value >= 1000 || value == std::floor(value)) {
        std::string digits = fmt::format("{:.0f}", value);
        for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
            digits.insert(static_cast<std::size_t>(at), ",");
        }
        return digits;
    }
    return three_digits(value);
}

std::string counted(std::uint64_t count, std::string_view noun) {
    std::string text = humanize_count(static_cast<double>(count)) + " ";
    if (count == 1) {
        return text.append(noun);
    }
    const auto ends_in = [noun](std::string_view end) { return noun.ends_with(end); };
    if (ends_in("y") && noun.size() > 1 &&
        std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string_view::npos) {
        return text.append(noun.substr(0, noun.size() - 1)) + "ies";
    }
    return text.append(noun) + (ends_in("s") || ends_in("ch") || ends_in("x") ? "es" : "s");
}

std::vector<NamedUnit> units_of_durations() {
    std::vector<NamedUnit> units;
    for (const auto& unit : duration_units) {
        units.push_back({unit.suffix, static_cast<double>(unit.factor)});
    }
    return units;
}

std::vector<NamedUnit> units_of_bytes() {
    std::vector<NamedUnit> units;
    for (const auto& unit : byte_units) {
        units.push_back({unit.suffix, static_cast<double>(unit.factor)});
    }
    return units;
}

}  // namespace portillon
