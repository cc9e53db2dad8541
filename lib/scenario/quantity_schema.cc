#include "scenario/quantity_schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <vector>

#include "base/unit_tables.h"

namespace portillon::scenario {

namespace {

using Alternatives = std::vector<std::string>;

constexpr const char* decimal = "(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)";

std::string any_of(const Alternatives& alternatives) {
    return fmt::format("(?:{})", fmt::join(alternatives, "|"));
}

std::string whole_text(const std::string& pattern) {
    return "^" + pattern + "$";
}

// The decimal digits of limit / factor: exact if they end within 20 digits, otherwise cut off there.
struct Digits {
    std::string whole, fraction;  // without leading or trailing zeros; zero is "0" and ""
};

Digits quotient(std::uint64_t limit, std::uint64_t factor) {
    constexpr std::size_t most_digits = 20;
    __extension__ using Wide = unsigned __int128;
    Digits digits{std::to_string(limit / factor), {}};
    Wide rest = limit % factor;
    while (rest > 0 && digits.fraction.size() < most_digits) {
        rest *= 10;
        digits.fraction += static_cast<char>('0' + static_cast<int>(rest / factor));
        rest %= factor;
    }
    return digits;
}

enum class Side : std::uint8_t { below, above };

std::string digits_beyond(char digit, Side side) {
    return side == Side::above ? fmt::format("[{}-9]", static_cast<char>(digit + 1))
                               : fmt::format("[0-{}]", static_cast<char>(digit - 1));
}

bool has_beyond(char digit, Side side) {
    return side == Side::above ? digit < '9' : digit > '0';
}

std::string exactly(std::size_t digits) {
    return digits == 0 ? "" : digits == 1 ? "[0-9]" : fmt::format("[0-9]{{{}}}", digits);
}

// Matches whole numbers beyond `limit`, with leading zeros or without; empty if there are none.
//
// Two numbers of the same length differ first at some digit, so there is one alternative for each digit: the digits of
// the limit before it, a greater (or smaller) digit, and any digits after it. All longer (or shorter) numbers follow.
std::string wholes_beyond(const std::string& limit, Side side) {
    Alternatives all;
    for (std::size_t at = 0; at < limit.size(); ++at) {
        if (has_beyond(limit[at], side)) {
            all.push_back(limit.substr(0, at) + digits_beyond(limit[at], side) + exactly(limit.size() - at - 1));
        }
    }
    if (side == Side::above) {
        all.push_back(fmt::format("[1-9][0-9]{{{},}}", limit.size()));
    } else if (limit.size() > 1) {
        all.push_back(fmt::format("[0-9]{{1,{}}}", limit.size() - 1));
    }
    return all.empty() ? std::string() : "0*" + any_of(all);
}

// Matches digits after the decimal point that are beyond `limit`; empty if there are none. Unlike whole numbers,
// fractions are compared from the left whatever their length, and a fraction that ends early is smaller.
Alternatives fractions_beyond(const std::string& limit, Side side) {
    Alternatives all;
    for (std::size_t at = 0; at < limit.size(); ++at) {
        if (has_beyond(limit[at], side)) {
            all.push_back(limit.substr(0, at) + digits_beyond(limit[at], side) + "[0-9]*");
        }
        if (side == Side::below && at > 0) {
            all.push_back(limit.substr(0, at));
        }
    }
    if (side == Side::above) {
        all.push_back(limit + "0*[1-9][0-9]*");
    }
    return all;
}

// Matches decimals beyond the limit: either the whole number is beyond, or it is the same and the fraction is beyond.
std::string decimals_beyond(const Digits& limit, Side side) {
    Alternatives all;
    if (const auto wholes = wholes_beyond(limit.whole, side); !wholes.empty()) {
        all.push_back(wholes + "(?:\\.[0-9]*)?");
    }
    const auto same_whole = limit.whole == "0" ? std::string("0*") : "0*" + limit.whole;
    const auto fractions = fractions_beyond(limit.fraction, side);
    if (!fractions.empty()) {
        all.push_back(same_whole + "\\." + any_of(fractions));
    }
    if (side == Side::below && !limit.fraction.empty()) {  // the same whole number without a fraction is smaller
        all.push_back(limit.whole == "0" ? "0+\\.?" : same_whole + "\\.?");
    }
    if (side == Side::below && limit.whole != "0") {
        all.push_back("\\.[0-9]+");
    }
    return any_of(all);
}

std::string quantities_beyond(std::uint64_t limit, Side side, const std::vector<NamedUnit>& units,
                              const char* between = "") {
    Alternatives all;
    for (const auto& unit : units) {
        const auto digits = quotient(limit, static_cast<std::uint64_t>(unit.factor));
        all.push_back(fmt::format("{}{}{}", decimals_beyond(digits, side), between, unit.suffix));
    }
    return whole_text(any_of(all));
}

std::string broken_quantities(const std::vector<NamedUnit>& units, const char* between) {
    Alternatives all;
    for (const auto& unit : units) {
        const auto tens = std::lround(std::log10(unit.factor));
        if (std::pow(10.0, static_cast<double>(tens)) == unit.factor) {
            all.push_back(fmt::format("[0-9]*\\.{}[0-9]*[1-9][0-9]*{}{}", exactly(static_cast<std::size_t>(tens)),
                                      between, unit.suffix));
        }
    }
    return whole_text(any_of(all));
}

constexpr const char* blanks = " *";  // allowed between the number and the unit of a size

std::string numbers_up_to(std::uint64_t limit) {
    const auto below = wholes_beyond(std::to_string(limit), Side::below);
    return below.empty() ? "0+" : fmt::format("(?:{}|0*{})", below, limit);
}

}  // namespace

std::string duration_form() {
    const auto units = units_of_durations();
    std::string form;
    for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
        form += fmt::format("(?:{}{})?", decimal, unit->suffix);
    }
    return whole_text("(?=.)(?:0|" + form + ")");
}

std::string bytes_form() {
    Alternatives suffixes;
    for (const auto& unit : units_of_bytes()) {
        if (!unit.suffix.empty()) {
            suffixes.emplace_back(unit.suffix);
        }
    }
    return whole_text(fmt::format("{}{}{}?", decimal, blanks, any_of(suffixes)));
}

std::string rate_form() {
    return whole_text(fmt::format("{}(?:/s|/m|/min|/h)?", decimal));
}

std::string longer_than(Nanos limit) {
    return quantities_beyond(static_cast<std::uint64_t>(limit.count()), Side::above, units_of_durations());
}

std::string shorter_than(Nanos limit) {
    return quantities_beyond(static_cast<std::uint64_t>(limit.count()), Side::below, units_of_durations());
}

std::string larger_than(Bytes limit) {
    return quantities_beyond(limit.count, Side::above, units_of_bytes(), blanks);
}

std::string smaller_than(Bytes limit) {
    return quantities_beyond(limit.count, Side::below, units_of_bytes(), blanks);
}

std::string faster_than(double per_second) {
    const auto limit = [per_second](double seconds) {
        return decimals_beyond({fmt::format("{:.0f}", per_second * seconds), {}}, Side::above);
    };
    return whole_text(fmt::format("(?:{}(?:/s)?|{}(?:/m|/min)|{}/h)", limit(1), limit(60), limit(3600)));
}

std::string nothing_at_all() {
    return "^[^1-9]*$";
}

std::string broken_durations() {
    return broken_quantities(units_of_durations(), "");
}

std::string broken_bytes() {
    return broken_quantities(units_of_bytes(), blanks);
}

std::string decimals_up_to(unsigned limit) {
    return fmt::format("(?:0*{}(?:\\.0*)?|{})", limit, decimals_beyond({std::to_string(limit), {}}, Side::below));
}

std::string whole_seconds_up_to(std::uint64_t limit) {
    const auto below_60 = [](std::uint64_t most) {
        return most < 60 ? numbers_up_to(most) : std::string("0*[1-5]?[0-9]");
    };
    const auto hours = limit / 3600, minutes = limit / 60;
    const std::string no_hours = hours > 0 ? "" : "(?:0+h)?", no_minutes = minutes > 0 ? "" : "(?:0+m)?";
    Alternatives all{no_hours + no_minutes + numbers_up_to(limit) + "s"};
    const auto seconds_behind = fmt::format("(?:{}s)?", below_60(60));
    const auto last_seconds = fmt::format("(?:{}s)?", below_60(limit % 60));
    all.emplace_back("0");
    if (hours == 0) {
        all.emplace_back("0+h");
    }
    if (minutes > 0) {
        all.push_back(fmt::format("{}{}m{}", no_hours, numbers_up_to(minutes - 1), seconds_behind));
        all.push_back(fmt::format("{}0*{}m{}", no_hours, minutes, last_seconds));
    } else {
        all.push_back(no_hours + "0+m");
    }
    if (hours > 0) {
        all.push_back(fmt::format("{}h(?:{}m)?{}", numbers_up_to(hours - 1), below_60(60), seconds_behind));
        const auto last_minutes = minutes % 60;
        all.push_back(fmt::format("0*{}h{}", hours, last_minutes > 0 ? seconds_behind : last_seconds));
        if (last_minutes > 0) {
            all.push_back(fmt::format("0*{}h{}m{}", hours, numbers_up_to(last_minutes - 1), seconds_behind));
        }
        all.push_back(fmt::format("0*{}h0*{}m{}", hours, last_minutes, last_seconds));
    }
    return whole_text(any_of(all));
}

nlohmann::ordered_json none_of(const std::vector<std::string>& patterns,
                               const std::vector<nlohmann::ordered_json>& and_numbers) {
    auto refused = nlohmann::ordered_json::array();
    for (const auto& number : and_numbers) {
        refused.push_back({{"const", number}});
    }
    for (const auto& pattern : patterns) {
        refused.push_back({{"type", "string"}, {"pattern", pattern}});
    }
    return {{"anyOf", std::move(refused)}};
}

}  // namespace portillon::scenario
