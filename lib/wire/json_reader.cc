#include "wire/json_reader.h"

#include <algorithm>
#include <cstring>

#include "wire/utf8.h"

namespace portillon::wire {

namespace {

constexpr int most_levels = 64;

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

// Sets the high bit of each of the 8 bytes that is '"', '\\' or below 0x20, so that text is scanned 8 bytes at a time.
// The lowest set bit is always right; above it one may be set too many (borrows travel upwards).
std::uint64_t special_bytes(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t highs = 0x8080808080808080ULL;
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t backslash = word ^ (ones * '\\');
    return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word)) & highs;
}

}  // namespace

void JsonReader::fail(DecodeError error) {
    if (!error_) {
        error_ = error;
    }
    at_ = end_;
}

void JsonReader::begin_object() {
    if (take('{')) {
        first_ = true;
        ++depth_;
    }
}

bool JsonReader::next_member(std::span<const std::string_view> keys, std::size_t& place) {
    const std::size_t guess = first_ ? 0 : place + 1;
    if (peek() == '}') {
        ++at_;
        first_ = false;
        --depth_;
        return false;
    }
    if (!first_ && !take(',')) {
        return false;
    }
    first_ = false;
    if (guess < keys.size() && is_next_key(keys[guess])) {
        place = guess;
        at_ += keys[guess].size() + 3;
        return true;
    }
    const std::string_view key = text();
    place = static_cast<std::size_t>(std::find(keys.begin(), keys.end(), key) - keys.begin());
    return take(':');
}

void JsonReader::begin_array() {
    if (take('[')) {
        first_ = true;
        ++depth_;
    }
}

bool JsonReader::next_element() {
    const char next = peek();
    if (next == ']') {
        ++at_;
        first_ = false;
        --depth_;
        return false;
    }
    if (!first_ && !take(',')) {
        return false;
    }
    first_ = false;
    return !error_;
}

std::uint64_t JsonReader::unsigned_integer(std::uint64_t most) {
    const char next = peek();
    if (next == '-') {
        skip_number();
        fail(DecodeError::out_of_range);
        return 0;
    }
    if (!is_digit(next)) {
        fail(DecodeError::wrong_type);
        return 0;
    }
    const char* const begin = at_;
    std::uint64_t value = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_) {
        const auto digit = static_cast<std::uint64_t>(*at_ - '0');
        if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) || __builtin_add_overflow(value, digit, &value)) {
            fail(DecodeError::out_of_range);
            return 0;
        }
    }
    if (value > most) {
        fail(DecodeError::out_of_range);
        return 0;
    }
    if (*begin == '0' && at_ - begin > 1) {
        fail(DecodeError::syntax);
        return 0;
    }
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) {
        fail(DecodeError::wrong_type);
        return 0;
    }
    return value;
}

std::int32_t JsonReader::integer_32() {
    if (peek() != '-') {
        return static_cast<std::int32_t>(unsigned_integer(INT32_MAX));
    }
    ++at_;
    if (at_ == end_ || !is_digit(*at_)) {
        fail(at_ == end_ ? DecodeError::truncated : DecodeError::syntax);
        return 0;
    }
    return static_cast<std::int32_t>(-static_cast<std::int64_t>(unsigned_integer(std::uint64_t{INT32_MAX} + 1)));
}

std::uint64_t JsonReader::hex_text() {
    const std::string_view digits = text();
    if (digits.size() != 16) {
        fail(DecodeError::wrong_type);
        return 0;
    }
    std::uint64_t value = 0;
    for (const char digit : digits) {
        const int letter = (digit | 0x20) - 'a';
        if (!is_digit(digit) && (letter < 0 || letter > 5)) {
            fail(DecodeError::wrong_type);
            return 0;
        }
        value = value << 4 | static_cast<std::uint64_t>(is_digit(digit) ? digit - '0' : letter + 10);
    }
    return value;
}

std::string_view JsonReader::text() {
    if (peek() != '"') {
        fail(DecodeError::wrong_type);
        return {};
    }
    const char* const begin = ++at_;
    std::uint64_t beyond_ascii = 0;
    std::uint64_t word;
    while (end_ - at_ >= 8 && (std::memcpy(&word, at_, 8), special_bytes(word) == 0)) {
        beyond_ascii |= word & 0x8080808080808080ULL;
        at_ += 8;
    }
    for (; at_ != end_; ++at_) {
        const auto byte = static_cast<std::uint8_t>(*at_);
        beyond_ascii |= byte & 0x80;
        if (byte == '"') {
            const std::string_view value(begin, static_cast<std::size_t>(at_ - begin));
            ++at_;
            if (beyond_ascii != 0 && !is_utf8(value)) {
                fail(DecodeError::not_utf8);
                return {};
            }
            return value;
        }
        if (byte == '\\') {
            return finish_escaped(begin);
        }
        if (byte < 0x20) {
            fail(DecodeError::syntax);
            return {};
        }
    }
    fail(DecodeError::truncated);
    return {};
}

// Reads on from a text's first backslash. Unescaping never lengthens a text, so one reservation keeps all views valid.
std::string_view JsonReader::finish_escaped(const char* begin) {
    unescaped_.reserve(text_size_);
    const std::size_t start = unescaped_.size();
    unescaped_.append(begin, at_);
    while (at_ != end_) {
        const char letter = *at_++;
        if (letter == '"') {
            const std::string_view value = std::string_view(unescaped_).substr(start);
            if (!is_utf8(value)) {
                fail(DecodeError::not_utf8);
                return {};
            }
            return value;
        }
        if (static_cast<std::uint8_t>(letter) < 0x20) {
            fail(DecodeError::syntax);
            return {};
        }
        if (letter != '\\') {
            unescaped_.push_back(letter);
        } else if (!unescape()) {
            return {};
        }
    }
    fail(DecodeError::truncated);
    return {};
}

// Reads the escape after a backslash.
bool JsonReader::unescape() {
    if (at_ == end_) {
        fail(DecodeError::truncated);
        return false;
    }
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const char letter = *at_++;
    if (const std::size_t place = letters.find(letter); place != std::string_view::npos) {
        unescaped_.push_back(meanings[place]);
        return true;
    }
    if (letter != 'u') {
        fail(DecodeError::syntax);
        return false;
    }
    std::uint32_t point = hex_4();
    if (point >= 0xD800 && point <= 0xDBFF && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u') {
        at_ += 2;
        const std::uint32_t low = hex_4();
        if (!error_ && (low < 0xDC00 || low > 0xDFFF)) {
            fail(DecodeError::not_utf8);
        }
        point = 0x10000 + ((point - 0xD800) << 10) + ((low - 0xDC00) & 0x3FF);
    } else if (point >= 0xD800 && point <= 0xDFFF) {
        fail(DecodeError::not_utf8);
    }
    if (!error_) {
        append_utf8(point);
    }
    return !error_;
}

std::uint32_t JsonReader::hex_4() {
    if (end_ - at_ < 4) {
        fail(DecodeError::truncated);
        return 0;
    }
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const char digit = *at_++;
        const int letter = (digit | 0x20) - 'a';
        if (!is_digit(digit) && (letter < 0 || letter > 5)) {
            fail(DecodeError::syntax);
            return 0;
        }
        value = value << 4 | static_cast<std::uint32_t>(is_digit(digit) ? digit - '0' : letter + 10);
    }
    return value;
}

void JsonReader::append_utf8(std::uint32_t point) {
    const auto follow = [&](unsigned shift) {
        unescaped_.push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3F)));
    };
    if (point < 0x80) {
        unescaped_.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
        unescaped_.push_back(static_cast<char>(0xC0 | point >> 6));
        follow(0);
    } else if (point < 0x10000) {
        unescaped_.push_back(static_cast<char>(0xE0 | point >> 12));
        follow(6);
        follow(0);
    } else {
        unescaped_.push_back(static_cast<char>(0xF0 | point >> 18));
        follow(12);
        follow(6);
        follow(0);
    }
}

void JsonReader::skip() {
    if (depth_ > most_levels) {
        fail(DecodeError::too_deep);
        return;
    }
    switch (peek()) {
        case '{': {
            begin_object();
            std::size_t place = 0;
            while (next_member({}, place)) {
                skip();
            }
            return;
        }
        case '[':
            begin_array();
            while (next_element()) {
                skip();
            }
            return;
        case '"':
            text();
            return;
        case 't':
            skip_word("true");
            return;
        case 'f':
            skip_word("false");
            return;
        case 'n':
            skip_word("null");
            return;
        default:
            skip_number();
    }
}

void JsonReader::end() {
    skip_space();
    if (!error_ && at_ != end_) {
        fail(DecodeError::syntax);
    }
}

void JsonReader::skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) {
        ++at_;
    }
}

char JsonReader::peek_beyond_space() {
    skip_space();
    if (at_ == end_) {
        fail(DecodeError::truncated);
        return '\0';
    }
    return *at_;
}

bool JsonReader::take(char wanted) {
    const char next = peek();
    if (error_) {
        return false;
    }
    if (next != wanted) {
        // A value of another type where an object or array was wanted; elsewhere, a missing comma or colon.
        fail(wanted == '{' || wanted == '[' ? DecodeError::wrong_type : DecodeError::syntax);
        return false;
    }
    ++at_;
    return true;
}

// Grammar: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
void JsonReader::skip_number() {
    const auto digits = [&] {
        if (at_ == end_ || !is_digit(*at_)) {
            fail(at_ == end_ ? DecodeError::truncated : DecodeError::syntax);
        }
        while (at_ != end_ && is_digit(*at_)) {
            ++at_;
        }
    };
    if (peek() == '-') {
        ++at_;
    }
    if (at_ != end_ && *at_ == '0') {
        ++at_;
    } else {
        digits();
    }
    if (at_ != end_ && *at_ == '.') {
        ++at_;
        digits();
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) {
            ++at_;
        }
        digits();
    }
}

void JsonReader::skip_word(std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) {
        fail(DecodeError::syntax);
        return;
    }
    at_ += word.size();
}

}  // namespace portillon::wire
