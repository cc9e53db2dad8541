#pragma once

#include <string_view>

namespace portillon::wire {

// Whether `text` is well-formed UTF-8 (Unicode, table 3-7): no surrogates, no overlong forms, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace portillon::wire
