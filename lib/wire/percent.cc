#include "wire/percent.h"

namespace portillon::wire {

namespace {

int value_of_hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const int letter = (digit | 0x20) - 'a';
    return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}

}  // namespace

std::string percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? value_of_hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? value_of_hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            decoded.push_back(static_cast<char>(high << 4 | low));
            i += 2;
        } else {
            decoded.push_back(text[i]);
        }
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char letter : text) {
        if (letter >= 0x20 && letter <= 0x7E && letter != '%') {
            encoded.push_back(letter);
        } else {
            const auto byte = static_cast<unsigned char>(letter);
            encoded.append({'%', digits[byte >> 4], digits[byte & 15]});
        }
    }
    return encoded;
}

}  // namespace portillon::wire
