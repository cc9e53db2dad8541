#pragma once

// A pull parser for JSON of one known shape: value by value, from untrusted bytes, keeping nothing. Source: RFC 8259;
// stricter in one point: text must be well-formed, without lone surrogates.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wire/decode_error.h"

namespace portillon::wire {

// After a failure every read returns nothing and error() says why; loops over members and elements end.
class JsonReader {
public:
    // Texts that hold escapes are unescaped into `unescaped`, which never grows beyond text.size().
    JsonReader(std::string_view text, std::string& unescaped)
        : at_(text.data()), end_(at_ + text.size()), text_size_(text.size()), unescaped_(unescaped) {}

    const error_code& error() const { return error_; }
    void fail(DecodeError error);

    // An object:  begin_object();  std::size_t place = 0;
    //             while (next_member(keys, place)) { switch (place) { ... read, or by default skip, its value ... } }
    // `place` becomes the index of the key in `keys`, keys.size() for any other key. A key that follows the previous
    // one in `keys` is found without a search.
    void begin_object();
    bool next_member(std::span<const std::string_view> keys, std::size_t& place);

    // An array:   begin_array();   while (next_element()) { ... read or skip it ... }
    void begin_array();
    bool next_element();

    std::uint64_t unsigned_integer(std::uint64_t most = UINT64_MAX);
    std::uint32_t unsigned_integer_32() { return static_cast<std::uint32_t>(unsigned_integer(UINT32_MAX)); }
    std::int32_t integer_32();
    std::uint64_t hex_text();  // 16 hexadecimal digits in quotes
    std::string_view text();
    void skip();

    // Fails if anything but white space follows the document.
    void end();

private:
    void skip_space();
    // The next byte after white space; '\0' and a failure at the end.
    char peek() {
        if (at_ != end_ && *at_ > ' ') [[likely]] {
            return *at_;
        }
        return peek_beyond_space();
    }
    char peek_beyond_space();
    bool take(char wanted);
    // Whether this key and its colon follow, with nothing between.
    bool is_next_key(std::string_view key) const {
        const std::size_t size = key.size();
        return static_cast<std::size_t>(end_ - at_) >= size + 3 && at_[0] == '"' && at_[size + 1] == '"' &&
               at_[size + 2] == ':' && std::string_view(at_ + 1, size) == key;
    }
    std::string_view finish_escaped(const char* begin);
    bool unescape();
    std::uint32_t hex_4();
    void append_utf8(std::uint32_t point);
    void skip_number();
    void skip_word(std::string_view word);

    const char* at_;
    const char* end_;
    std::size_t text_size_;
    std::string& unescaped_;
    bool first_ = false;  // no member or element of the innermost object or array has been read
    int depth_ = 0;
    error_code error_;
};

}  // namespace portillon::wire
