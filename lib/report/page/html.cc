#include "report/page/html.h"

#include <cstdint>

namespace portillon::report {

namespace {

// The length of the well-formed character that `text` begins with (Unicode 15, table 3-7), 0 if there is none.
std::size_t character_length(std::string_view text) {
    const auto byte = [&text](std::size_t at) { return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0U; };
    const auto between = [&byte](std::size_t at, unsigned from, unsigned to) {
        return byte(at) >= from && byte(at) <= to;
    };
    const auto follows = [&between](std::size_t at) { return between(at, 0x80, 0xbf); };
    const auto first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const bool second = between(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
        return second && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool second = between(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
        return second && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

constexpr std::string_view replacement = "\xef\xbf\xbd";

bool forbidden(char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        const auto length = character_length(text);
        if (length == 0 || forbidden(text.front())) {
            valid += replacement;
        } else {
            valid += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return valid;
}

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string json_for_script(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    for (std::size_t at = 0; at < json.size(); ++at) {
        const auto rest = json.substr(at);
        if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
            out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
            at += 2;
            continue;
        }
        switch (rest.front()) {
            case '<':
                out += "\\u003c";
                break;
            case '>':
                out += "\\u003e";
                break;
            case '&':
                out += "\\u0026";
                break;
            default:
                out += rest.front();
        }
    }
    return out;
}

Html::Html(std::string_view text) : markup_(escaped(valid_utf8(text))) {}

Html Html::raw(std::string_view markup) {
    Html html;
    html.markup_ = markup;
    return html;
}

Html element(std::string_view tag, const Attributes& attributes, const Html& content) {
    std::string out = "<";
    out += tag;
    for (const auto& [name, value] : attributes) {
        if (name.empty()) {
            continue;
        }
        out += ' ';
        out += name;
        out += "=\"";
        out += escaped(valid_utf8(value));
        out += '"';
    }
    out += '>';
    out += content.markup();
    out += "</";
    out += tag;
    out += '>';
    return Html::raw(out);
}

Html element(std::string_view tag, const Html& content) {
    return element(tag, Attributes{}, content);
}

}  // namespace portillon::report
