#include "report/page/html.h"

#include "escape/formats.h"

namespace portillon::report::page {

Html::Html(std::string_view text) : markup_(escape::html(text)) {}

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
        out += escape::html(value);
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

}  // namespace portillon::report::page
