#pragma once

// Html is markup into which nothing can be injected: text can become Html only by being escaped.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portillon::report::page {

class Html {
public:
    Html() = default;
    // Makes Html from text, which is escaped by escape::html().
    Html(std::string_view text);                                     // NOLINT(google-explicit-constructor)
    Html(const std::string& text) : Html(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
    Html(const char* text) : Html(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)

    // Takes our own markup unchanged: literals and embedded files, never anything from a report.
    static Html raw(std::string_view markup);

    Html& operator+=(const Html& more) {
        markup_ += more.markup_;
        return *this;
    }
    bool empty() const { return markup_.empty(); }
    const std::string& markup() const { return markup_; }

private:
    std::string markup_;
};

inline Html operator+(Html one, const Html& other) {
    one += other;
    return one;
}

// An attribute's name and value. The value is escaped; an attribute with an empty name is left out.
using Attribute = std::pair<std::string_view, std::string>;
using Attributes = std::vector<Attribute>;

// <tag name="value">content</tag>
Html element(std::string_view tag, const Attributes& attributes, const Html& content);
Html element(std::string_view tag, const Html& content);

}  // namespace portillon::report::page
