#pragma once

// Numbers as people type them, exactly: "2.01" times 1,000 is 2,010, which binary fractions do not give.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portillon {

// The number digits / 10^scale.
struct Decimal {
    __extension__ using Digits = unsigned __int128;
    Digits digits = 0;
    unsigned scale = 0;
};

// Reads an unsigned decimal number without exponent from the front of `text` and removes it: "12", "0.5", ".5", "2.".
// At most 24 significant digits; nothing if there is no number, or a longer one.
std::optional<Decimal> take_decimal(std::string_view& text);

// The decimal times `factor`, if that is a whole number below 2^63.
std::optional<std::uint64_t> whole_times(const Decimal& decimal, std::uint64_t factor);

// The double nearest to decimal / 10^shift / divisor. `divisor` is a small whole number such as 60.
double nearest(const Decimal& decimal, unsigned shift = 0, unsigned divisor = 1);

// The shortest decimal text that reads back as `value` x 10^shift, never with an exponent: 0.07 shifted by 2 is "7".
// `value` is finite and not negative.
std::string plain_decimal(double value, unsigned shift = 0);

}  // namespace portillon
