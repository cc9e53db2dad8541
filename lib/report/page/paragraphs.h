#pragma once

// Paragraphs of the page, by what they are for.

#include "report/page/html.h"

namespace portillon::report {

inline Html paragraph(const char* css, const Html& content) {
    return element("p", {{"class", css}}, content);
}

// What to make of what follows.
inline Html how(const Html& text) {
    return paragraph("how", text);
}

// Why nothing follows.
inline Html none(const Html& text) {
    return paragraph("none", text);
}

}  // namespace portillon::report
