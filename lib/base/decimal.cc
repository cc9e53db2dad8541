#include "base/decimal.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace portillon {

namespace {

// Keeps digits times the largest factor, a day in nanoseconds, below 2^128.
constexpr unsigned most_digits = 24;

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

Decimal::Digits power_of_ten(unsigned exponent) {
    Decimal::Digits power = 1;
    for (unsigned i = 0; i < exponent; ++i) {
        power *= 10;
    }
    return power;
}

// The digits without a point, and how many of them are behind it.
std::string digits_of(Decimal::Digits digits) {
    std::string text;
    do {
        text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(digits % 10)));
        digits /= 10;
    } while (digits > 0);
    return text;
}

}  // namespace

std::optional<Decimal> take_decimal(std::string_view& text) {
    Decimal decimal;
    std::size_t at = 0;
    bool any = false;
    bool fraction = false;
    unsigned zeros = 0;  // trailing zeros of the fraction, which count only when a digit follows
    for (; at < text.size(); ++at) {
        if (text[at] == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (!is_digit(text[at])) {
            break;
        }
        any = true;
        if (fraction && text[at] == '0') {
            ++zeros;
            continue;
        }
        if (decimal.scale + zeros + 1 > most_digits && fraction) {
            return std::nullopt;
        }
        for (; fraction && zeros > 0; --zeros) {
            decimal.digits *= 10;
            ++decimal.scale;
        }
        decimal.digits = decimal.digits * 10 + static_cast<unsigned>(text[at] - '0');
        decimal.scale += fraction ? 1 : 0;
        if (decimal.digits >= power_of_ten(most_digits)) {
            return std::nullopt;
        }
    }
    if (!any) {
        return std::nullopt;
    }
    text.remove_prefix(at);
    return decimal;
}

std::optional<std::uint64_t> whole_times(const Decimal& decimal, std::uint64_t factor) {
    check(factor <= 100'000'000'000'000, "a factor that fits beside the digits");
    const auto product = decimal.digits * factor;
    const auto divisor = power_of_ten(decimal.scale);
    const auto whole = product / divisor;
    if (whole * divisor != product || whole >= (std::uint64_t{1} << 63)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(whole);
}

double nearest(const Decimal& decimal, unsigned shift, unsigned divisor) {
    const auto text = fmt::format("{}e-{}", digits_of(decimal.digits), decimal.scale + shift);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    check(error == std::errc{} && end == text.data() + text.size(), "at most 24 digits");
    if (divisor == 1) {
        return value;
    }
    // A long double has 64 bits of mantissa, so for any number that people write only this quotient is rounded.
    const auto tens = static_cast<long double>(power_of_ten(decimal.scale)) * std::pow(10.0L, shift) * divisor;
    return static_cast<double>(static_cast<long double>(decimal.digits) / tens);
}

std::string plain_decimal(double value, unsigned shift) {
    check(std::isfinite(value) && value >= 0, "a finite number, not below 0");
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    const auto e = text.find('e');
    std::string digits(text.substr(0, e));
    const auto point = digits.find('.');
    if (point != std::string::npos) {
        digits.erase(point, 1);
    }
    int exponent = 0;  // of the first digit
    const auto sign = text[e + 1] == '-' ? -1 : 1;
    std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
    exponent = exponent * sign + static_cast<int>(shift);
    if (value == 0) {
        return "0";
    }
    if (exponent < 0) {
        return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) {
        return digits + std::string(whole - digits.size(), '0');
    }
    return digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace portillon
