#include "http2/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace portillon::http2 {

namespace {

constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365};

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<unsigned> month(std::string_view name) {
    constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<unsigned>(found - names.begin()) + 1;
}

// Reads "08:49:37".
std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
    if (text.size() != 8 || text[2] != ':' || text[5] != ':') {
        return std::nullopt;
    }
    const auto hour = number(text.substr(0, 2));
    const auto minute = number(text.substr(3, 2));
    const auto second = number(text.substr(6, 2));
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
}

std::optional<Date> date_of(std::optional<unsigned> year, std::string_view month_name, std::string_view day,
                            std::string_view time) {
    const auto in_year = month(month_name);
    const auto in_month = number(day);
    const auto in_day = time_of_day(time);
    if (!year || !in_year || !in_month || !in_day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*in_year},
                                           std::chrono::day{*in_month}};
    return date.ok() ? std::optional<Date>(std::chrono::sys_days{date} + *in_day) : std::nullopt;
}

std::optional<unsigned> year_of_two_digits(std::string_view text, Date now) {
    const auto in_century = number(text);
    if (!in_century) {
        return std::nullopt;
    }
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const auto this_year = static_cast<unsigned>(static_cast<int>(today.year()));
    const unsigned year = this_year / 100 * 100 + *in_century;
    return year > this_year + 50 ? year - 100 : year;
}

}  // namespace

// Day names are not checked: they say nothing that the date does not.
std::optional<Date> parse_date(std::string_view text, Date now) {
    if (text.size() == std::string_view("Www Mmm DD hh:mm:ss YYYY").size() && text[3] == ' ' && text[7] == ' ' &&
        text[10] == ' ' && text[19] == ' ') {
        const auto day = text.substr(text[8] == ' ' ? 9 : 8, text[8] == ' ' ? 1 : 2);
        return date_of(number(text.substr(20)), text.substr(4, 3), day, text.substr(11, 8));
    }
    const auto comma = text.find(", ");
    const auto rest = comma == text.npos ? std::string_view{} : text.substr(comma + 2);
    if (comma == 3 && rest.size() == std::string_view("DD Mmm YYYY hh:mm:ss GMT").size() && rest[2] == ' ' &&
        rest[6] == ' ' && rest[11] == ' ' && rest.ends_with(" GMT")) {
        return date_of(number(rest.substr(7, 4)), rest.substr(3, 3), rest.substr(0, 2), rest.substr(12, 8));
    }
    if (rest.size() == std::string_view("DD-Mmm-YY hh:mm:ss GMT").size() && rest[2] == '-' && rest[6] == '-' &&
        rest[9] == ' ' && rest.ends_with(" GMT")) {
        const auto year = year_of_two_digits(rest.substr(7, 2), now);
        return date_of(year, rest.substr(3, 3), rest.substr(0, 2), rest.substr(10, 8));
    }
    return std::nullopt;
}

Nanos time_between(Date from, Date to) {
    return std::clamp<std::chrono::seconds>(to - from, std::chrono::seconds{0}, longest);
}

std::optional<Nanos> parse_retry_after(std::string_view text, Date now) {
    if (const auto at = parse_date(text, now)) {
        return time_between(now, *at);
    }
    if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    const auto value = number(text);
    return value ? std::min<std::chrono::seconds>(std::chrono::seconds{*value}, longest) : longest;
}

}  // namespace portillon::http2
