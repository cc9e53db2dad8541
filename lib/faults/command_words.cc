#include "faults/command_words.h"

#include <algorithm>
#include <utility>

namespace portillon::faults {

namespace {

Problems problem(std::string message) {
    return {{.source = {}, .key = {}, .message = std::move(message)}};
}

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view ends_of_plain_text = " \t\r\n'\"";

}  // namespace

Checked<std::vector<std::string>> split_words(std::string_view command) {
    if (command.find('\0') != std::string_view::npos) {
        return problem("holds a byte 0, with which a word would end");
    }
    std::vector<std::string> words;
    for (auto at = command.find_first_not_of(blanks); at < command.size(); at = command.find_first_not_of(blanks, at)) {
        auto& word = words.emplace_back();
        while (at < command.size() && blanks.find(command[at]) == std::string_view::npos) {
            const char quote = command[at];
            if (quote == '\'' || quote == '"') {
                const auto end = command.find(quote, at + 1);
                if (end == std::string_view::npos) {
                    return problem(std::string("a ") + quote + " is not closed");
                }
                word += command.substr(at + 1, end - at - 1);
                at = end + 1;
            } else {
                const auto end = std::min(command.find_first_of(ends_of_plain_text, at), command.size());
                word += command.substr(at, end - at);
                at = end;
            }
        }
    }
    if (words.empty() || words.front().empty()) {
        return problem("names no program");
    }
    return words;
}

std::string_view command_pattern() {
    return R"(^[ \t\r\n]*(?:''|"")*(?:[^'" \t\r\n]|'[^']+'|"[^"]+")(?:[^'"]|'[^']*'|"[^"]*")*$)";
}

}  // namespace portillon::faults
