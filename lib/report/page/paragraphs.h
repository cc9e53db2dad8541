#pragma once

// Makes paragraphs of the page, one function for each purpose.

#include "report/page/html.h"

namespace portillon::report::page {

inline Html paragraph(const char* css, const Html& content) {
    return element("p", {{"class", css}}, content);
}

// Explains how to read what follows.
inline Html how(const Html& text) {
    return paragraph("how", text);
}

// Says why nothing follows.
inline Html none(const Html& text) {
    return paragraph("none", text);
}

}  // namespace portillon::report::page
