// Any text in every format: the output has no letter that controls a display, and reads back as the input.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "escape/formats.h"
#include "escape/letters.h"

namespace escape = portillon::escape;

namespace {

using portillon::check;

bool harmless(std::string_view text, std::string_view kept) {
    while (!text.empty()) {
        const auto letter = escape::first_letter(text);
        const bool keep = letter.size == 1 && kept.find(text.front()) != std::string_view::npos;
        if (!keep && (!letter.well_formed || escape::is_hidden(letter.point))) {
            return false;
        }
        text.remove_prefix(letter.size);
    }
    return true;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// The text that a reader of markup sees; nothing if part of it is markup.
std::optional<std::string> without_references(std::string text) {
    if (text.find_first_of("<>\"'") != std::string::npos) {
        return std::nullopt;
    }
    replace_all(text, "&lt;", "<");
    replace_all(text, "&gt;", ">");
    replace_all(text, "&quot;", "\"");
    replace_all(text, "&#39;", "'");
    replace_all(text, "&amp;", "&");
    return text;
}

// The one field of a line of CSV, as RFC 4180 reads it; nothing if it is not one field.
std::optional<std::string> read_csv(std::string_view line) {
    if (!line.starts_with('"')) {
        return line.find_first_of(",\"\r\n") == std::string_view::npos ? std::optional(std::string(line))
                                                                       : std::nullopt;
    }
    std::string field;
    for (std::size_t at = 1; at < line.size(); ++at) {
        if (line[at] != '"') {
            field += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
            field += line[at++];
        } else {
            return at + 1 == line.size() ? std::optional(field) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string all_of_it(std::string_view text, std::string_view kept) {
    std::string out;
    while (!text.empty()) {
        const auto letter = escape::first_letter(text);
        const auto bytes = text.substr(0, letter.size);
        out += harmless(bytes, kept) ? std::string(bytes) : escape::visible(letter);
        text.remove_prefix(letter.size);
    }
    return out;
}

std::string without_colours(std::string text) {
    for (const char* colour : {"\x1b[0m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m"}) {
        replace_all(text, colour, "");
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);

    check(harmless(escape::terminal(text), {}), "a terminal is steered");
    check(escape::terminal(text, size + 1) == all_of_it(text, {}), "a terminal is not shown all of it");
    check(harmless(without_colours(escape::terminal_output(text)), "\n\t"), "a terminal is steered by an output");

    check(without_references(escape::xml(text)) == all_of_it(text, {}), "XML reads back as something else");
    check(without_references(escape::html(text)) == all_of_it(text, "\n\t"), "HTML reads back as something else");

    const auto field = read_csv(escape::csv(text));
    const auto plain = all_of_it(text, "\r\n\t");
    check(field && (*field == plain || *field == "'" + plain), "CSV reads back as something else");
    check(field->find_first_not_of(' ') == std::string::npos ||
              std::string_view("=+-@").find((*field)[field->find_first_not_of(' ')]) == std::string_view::npos,
          "a field is a formula");

    const auto markdown = escape::markdown(text, size);
    check(harmless(markdown, {}), "Markdown holds what is hidden, or a line break");
    check(markdown.find_first_of("<>") == std::string::npos, "Markdown holds HTML");
    check(markdown.find("://") == std::string::npos, "Markdown links by itself");
    for (std::size_t at = 0; at < markdown.size(); ++at) {
        if (markdown[at] == '\\') {
            ++at;
        } else {
            check(std::string_view("`*[]|~$").find(markdown[at]) == std::string_view::npos, "Markdown is not escaped");
        }
    }

    std::string controls;
    for (char control = 0; control < 0x20; ++control) {
        controls += control;
    }
    check(harmless(escape::json(text), controls), "JSON hides a letter");
    const auto json = escape::json_in_script(text);
    check(json.find_first_of("<>&") == std::string::npos, "a script ends early");
    const auto comment = escape::log_comment(text);
    check(comment.starts_with("#[") && comment.ends_with("]\n") && harmless(comment.substr(0, comment.size() - 1), {}),
          "a comment has more than one line");
    return 0;
}
