#include "escape/formats.h"

#include <algorithm>
#include <cstdio>

#include "escape/letters.h"

namespace portillon::escape {

namespace {

constexpr std::string_view ellipsis = "\xe2\x80\xa6";
constexpr std::string_view zero_width_space = "&#8203;";

bool must_hide(const Letter& letter) {
    return !letter.well_formed || is_hidden(letter.point);
}

// Calls `each(letter, its bytes)` for the letters of `text`.
template <class Each>
void for_letters(std::string_view text, Each each) {
    while (!text.empty()) {
        const auto letter = first_letter(text);
        each(letter, text.substr(0, letter.size));
        text.remove_prefix(letter.size);
    }
}

// `text` with letters that must not be shown made visible, except those in `kept`.
std::string shown(std::string_view text, std::string_view kept) {
    std::string out;
    out.reserve(text.size());
    for_letters(text, [&](const Letter& letter, std::string_view bytes) {
        const bool keep = bytes.size() == 1 && kept.find(bytes.front()) != std::string_view::npos;
        out += keep || !must_hide(letter) ? std::string(bytes) : visible(letter);
    });
    return out;
}

// JSON's own escape, a surrogate pair beyond U+FFFF.
std::string unicode_escape(char32_t point) {
    char text[16];
    if (point <= 0xFFFF) {
        std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(point));
    } else {
        const auto beyond = static_cast<unsigned>(point) - 0x10000U;
        std::snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xD800U + (beyond >> 10U), 0xDC00U + (beyond & 0x3FFU));
    }
    return text;
}

// Control characters below U+0020 stand only between JSON's tokens, and stay.
std::string shown_in_json(std::string_view json, std::string_view more) {
    std::string out;
    out.reserve(json.size());
    for_letters(json, [&](const Letter& letter, std::string_view bytes) {
        if (!letter.well_formed) {
            out += "\xef\xbf\xbd";
        } else if ((letter.point >= 0x20 && is_hidden(letter.point)) ||
                   (letter.point < 0x80 && more.find(bytes.front()) != std::string_view::npos)) {
            out += unicode_escape(letter.point);
        } else {
            out += bytes;
        }
    });
    return out;
}

// The five special characters of markup as character references.
std::string referenced(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char letter : text) {
        switch (letter) {
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
                out += letter;
        }
    }
    return out;
}

// The length of the colour sequence of ours with which `text` begins; 0 if there is none.
std::size_t colour_length(std::string_view text) {
    for (const std::string_view ours : {plain, red, green, yellow}) {
        if (text.starts_with(ours)) {
            return ours.size();
        }
    }
    return 0;
}

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

bool is_word(char letter) {
    return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool begins_formula(std::string_view text) {
    if (!text.empty() && std::string_view("\t\r\n").find(text.front()) != std::string_view::npos) {
        return true;
    }
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(first);
    const auto full_width = [&text](const char* sign) { return text.starts_with(sign); };
    return std::string_view("=+-@").find(text.front()) != std::string_view::npos || full_width("\xef\xbc\x9d") ||
           full_width("\xef\xbc\x8b") || full_width("\xef\xbc\x8d") || full_width("\xef\xbc\xa0");
}

// Escapes one line for Markdown, depending on the letters around each letter.
class MarkdownLine {
public:
    explicit MarkdownLine(std::string_view text) : text_(text) {}

    std::string escaped() {
        for (; at_ < text_.size(); ++at_) {
            add(text_[at_]);
        }
        return std::move(out_);
    }

private:
    char before() const { return at_ > 0 ? text_[at_ - 1] : ' '; }
    char after() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : ' '; }

    void add(char letter) {
        if (letter == '&' || letter == '<' || letter == '>') {
            out_ += letter == '&' ? "&amp;" : letter == '<' ? "&lt;" : "&gt;";
        } else if (std::string_view("\\`*[]|~#$").find(letter) != std::string_view::npos) {
            out_ += '\\';
            out_ += letter;
            if (letter == '#' && is_digit(after())) {  // GitHub's issue reference, which ignores backslashes
                out_ += zero_width_space;
            }
        } else if (letter == '_') {
            // Within a word it is an ordinary letter: generator_lag.
            out_ += is_word(before()) && is_word(after()) ? "_" : "\\_";
        } else if (begins_block(letter)) {
            out_ += '\\';
            out_ += letter;
        } else {
            out_ += letter;
            if (begins_link(letter)) {
                out_ += zero_width_space;
            }
        }
    }

    // Automatic links ignore backslashes: http://, www., name@host; so do mentions: @name.
    bool begins_link(char letter) const {
        const auto is_www = [this] {
            const auto word = text_.substr(at_ < 2 ? 0 : at_ - 2, 3);
            return word.size() == 3 && std::all_of(word.begin(), word.end(), [](char w) { return (w | 0x20) == 'w'; });
        };
        return letter == '@' || (letter == ':' && text_.substr(at_ + 1).starts_with("//")) ||
               ((letter | 0x20) == 'w' && after() == '.' && is_www());
    }

    // A list item, a rule or the underline of a heading, where the line may be the first of a block.
    bool begins_block(char letter) const {
        const auto first = text_.find_first_not_of(' ');
        if (letter == '-' || letter == '+' || letter == '=') {
            return at_ == first && text_.size() > at_ + 1 && (after() == ' ' || after() == letter);
        }
        if (letter == '.' || letter == ')') {
            const auto digits = text_.substr(first, at_ - first);
            return after() == ' ' && !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit);
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
};

// At most `most` bytes of the text, not cut within a letter; the caller shows that something was left out.
std::string_view cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    auto end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

}  // namespace

std::string terminal(std::string_view text, std::size_t most) {
    std::string out;
    std::size_t letters = 0;
    while (!text.empty() && letters < most) {
        const auto letter = first_letter(text);
        out += must_hide(letter) ? visible(letter) : std::string(text.substr(0, letter.size));
        text.remove_prefix(letter.size);
        ++letters;
    }
    return text.empty() ? out : out.append(ellipsis);
}

std::string terminal_output(std::string_view output) {
    std::string out;
    out.reserve(output.size());
    while (!output.empty()) {
        if (const auto length = colour_length(output); length > 0) {
            out += output.substr(0, length);
            output.remove_prefix(length);
            continue;
        }
        const auto letter = first_letter(output);
        const bool layout = output.front() == '\n' || output.front() == '\t';
        out += layout || !must_hide(letter) ? std::string(output.substr(0, letter.size)) : visible(letter);
        output.remove_prefix(letter.size);
    }
    return out;
}

std::string xml(std::string_view text) {
    return referenced(shown(text, {}));
}

std::string html(std::string_view text) {
    return referenced(shown(text, "\n\t"));
}

std::string json(std::string_view json) {
    return shown_in_json(json, {});
}

std::string json_in_script(std::string_view json) {
    return shown_in_json(json, "<>&");
}

std::string csv(std::string_view text) {
    const bool formula = begins_formula(text);
    const auto field = (formula ? "'" : "") + shown(text, "\r\n\t");
    if (!formula && field.find_first_of(",;\"\r\n\t") == std::string::npos) {
        return field;
    }
    std::string quoted = "\"";
    for (const char letter : field) {
        quoted += letter == '"' ? "\"\"" : std::string(1, letter);
    }
    return quoted + '"';
}

std::string markdown(std::string_view text, std::size_t most) {
    const auto kept = cut(text, most);
    auto line = shown(kept, "\r\n\t");
    std::replace_if(
        line.begin(), line.end(), [](char letter) { return letter == '\r' || letter == '\n' || letter == '\t'; }, ' ');
    auto out = MarkdownLine(line).escaped();
    return kept.size() < text.size() ? out.append(ellipsis) : out;
}

std::string one_line(std::string_view text) {
    auto line = shown(text, "\r\n\t");
    std::replace_if(
        line.begin(), line.end(), [](char letter) { return letter == '\r' || letter == '\n' || letter == '\t'; }, ' ');
    return line;
}

std::string lines(std::string_view text) {
    return shown(text, "\n\t");
}

std::string log_comment(std::string_view text) {
    return "#[" + shown(text, {}) + "]\n";
}

}  // namespace portillon::escape
