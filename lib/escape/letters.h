#pragma once

// Splits text from elsewhere into letters, and says which of them may be shown as they are.

#include <cstddef>
#include <string>
#include <string_view>

namespace portillon::escape {

struct Letter {
    char32_t point = 0;       // the code point; for a byte that is not part of well-formed UTF-8, the byte
    std::size_t size = 1;     // in bytes
    bool well_formed = true;  // UTF-8 by Unicode's table 3-7: no surrogates, no overlong forms
};

// The first letter of `text`, which must not be empty.
Letter first_letter(std::string_view text);

// Whether a letter controls the display instead of showing anything, or may stand in no document: control characters
// (C0, DEL, C1), line separators (U+2028, U+2029), marks and overrides of writing direction, invisible formats, tags,
// noncharacters.
bool is_hidden(char32_t point);

// A letter that must not be shown, in visible letters: \n \r \t, \x1b, \u009b, \U000e0001; a byte of broken UTF-8 is
// \xff.
std::string visible(const Letter& letter);

}  // namespace portillon::escape
