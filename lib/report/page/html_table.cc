#include "report/page/html_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/prose.h"

namespace portillon::report::page {

namespace {

constexpr const char* dash = "\xe2\x80\x94";

Html element_of_class(std::string_view tag, const char* css, const Html& content) {
    return element(tag, {{*css == '\0' ? "" : "class", css}}, content);
}

void add_runs(Attributes& attributes, const std::vector<std::size_t>& runs) {
    if (!runs.empty()) {
        attributes.emplace_back("data-runs", fmt::format("{}", fmt::join(runs, ",")));
    }
}

// `names` owns the attributes' names, to which the attributes refer.
void add_facts(Attributes& attributes, const std::vector<Fact>& facts, std::vector<std::string>& names) {
    names.reserve(facts.size());
    for (const auto& fact : facts) {
        names.push_back("data-" + fact.name);
        attributes.emplace_back(names.back(), fact.value);
    }
}

Html element_of_figure(std::string_view tag, const char* css, const Cell& cell, const Html& content) {
    Attributes attributes{{*css == '\0' ? "" : "class", css}};
    std::vector<std::string> names;
    add_runs(attributes, cell.runs);
    if (!cell.figure.empty()) {
        attributes.emplace_back("data-figure", cell.figure);
        attributes.emplace_back("data-value", cell.value);
    }
    add_facts(attributes, cell.facts, names);
    if (!cell.why.empty()) {
        attributes.emplace_back("title", cell.why);
    }
    return element(tag, attributes, content);
}

Html text_of(const Cell& cell) {
    return cell.is_absent() ? Html(dash) : cell.form == Form::code ? element("code", cell.text) : Html(cell.text);
}

// The small print below the text: explanation and range.
Html small_print_of(const Cell& cell) {
    Html html = cell.explanation.empty() ? Html{} : element("small", cell.explanation);
    const auto range = telling_range(cell);
    html += range.empty() ? Html{} : element("small", range);
    for (const auto& remark : cell.remarks) {
        html += element("small", marked(remark.text, remark.mood));
    }
    return html;
}

// One repeat within the cell of several.
Html repeat_of(const Cell& cell) {
    auto html = marked(cell.mood == Mood::bad ? "\xe2\x9c\x97" : "\xe2\x9c\x93", cell.mood) + Html(" ") +
                element_of_figure("span", "", cell, text_of(cell));
    for (const auto& remark : cell.remarks) {
        html += Html(" ") + element_of_class("span", "quiet", remark.text);
    }
    return element_of_class("span", "repeat", html);
}

Html cell_of(const Cell& cell, const Column& column) {
    const bool right = column.align == Align::right;
    const bool absent = cell.is_absent();
    const char* css = right && absent            ? "n absent"
                      : right                    ? "n"
                      : absent                   ? "absent"
                      : cell.mood == Mood::quiet ? "quiet"
                                                 : "";
    auto content =
        cell.mood == Mood::plain || cell.mood == Mood::quiet || absent ? text_of(cell) : marked(cell.text, cell.mood);
    content += small_print_of(cell);
    for (const auto& repeat : cell.each) {
        content += repeat_of(repeat);
    }
    return element_of_figure("td", css, cell, content);
}

Html head_of(const Cell& cell, const Column& column) {
    const auto small_print = small_print_of(cell);
    return element("th",
                   {{"scope", "row"},
                    {column.align == Align::right ? "class" : "", "n"},
                    {cell.why.empty() ? "" : "title", cell.why}},
                   small_print.empty() ? text_of(cell) : element("span", text_of(cell)) + small_print);
}

Html line_of(const Line& line, const std::vector<Column>& columns) {
    Attributes attributes;
    std::vector<std::string> names;
    add_runs(attributes, line.runs);
    add_facts(attributes, line.facts, names);
    auto html = head_of(line.cells.front(), columns.front());
    for (std::size_t i = 1; i < line.cells.size(); ++i) {
        html += cell_of(line.cells[i], columns[i]);
    }
    return element("tr", attributes, html);
}

Html across(const char* cell, const Attributes& attributes, std::size_t columns, const Html& content) {
    auto all = attributes;
    all.emplace_back("colspan", std::to_string(columns));
    return element(cell, all, content);
}

Html body_of(const LineGroup& group, const std::vector<Column>& columns) {
    Html html;
    if (!group.heading.empty()) {
        html += element_of_class("tr", "span", across("th", {{"scope", "rowgroup"}}, columns.size(), group.heading));
    }
    for (const auto& line : group.lines) {
        html += line_of(line, columns);
    }
    if (group.unseen > 0) {
        html += element("tr", across("td", {{"class", "quiet"}}, columns.size(),
                                     fmt::format("and {} more", counted(group.unseen))));
    }
    Attributes attributes;
    add_runs(attributes, group.runs);
    return element("tbody", attributes, html);
}

Html column_head(const Column& column, const char* rows) {
    const bool right = column.align == Align::right;
    return element("th",
                   {{"scope", "col"},
                    {*rows == '1' ? "" : "rowspan", rows},
                    {right ? "class" : "", *rows == '1' ? "n" : "n tight"}},
                   column.name);
}

// Two lines of headings: those of the groups of columns above those of the columns.
Html heads_in_two_lines(const std::vector<Column>& columns) {
    Html first, second;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].group.empty()) {
            first += column_head(columns[i], "2");
            continue;
        }
        second += column_head(columns[i], "1");
        if (i == 0 || columns[i - 1].group != columns[i].group) {
            const auto together = std::count_if(columns.begin(), columns.end(),
                                                [&](const Column& each) { return each.group == columns[i].group; });
            first += across("th", {{"scope", "colgroup"}, {"class", "group"}}, static_cast<std::size_t>(together),
                            columns[i].group);
        }
    }
    return element("tr", first) + element("tr", second);
}

Html heads_of(const std::vector<Column>& columns) {
    if (std::all_of(columns.begin(), columns.end(), [](const Column& column) { return column.name.empty(); })) {
        return {};
    }
    if (std::any_of(columns.begin(), columns.end(), [](const Column& column) { return !column.group.empty(); })) {
        return heads_in_two_lines(columns);
    }
    Html heads;
    for (const auto& column : columns) {
        heads += column_head(column, "1");
    }
    return element("tr", heads);
}

}  // namespace

Html marked(const std::string& text, Mood mood) {
    switch (mood) {
        case Mood::good:
            return element_of_class("span", "mark valid", text);
        case Mood::fair:
            return element_of_class("span", "mark suspect", text);
        case Mood::bad:
            return element_of_class("span", "mark invalid", text);
        case Mood::quiet:
            return element_of_class("span", "quiet", text);
        case Mood::plain:
            break;
    }
    return text;
}

Html html_table(const Table& table, const char* css) {
    Html bodies;
    for (const auto& group : table.groups) {
        bodies += body_of(group, table.columns);
    }
    const auto content = element("caption", table.title) + element("thead", heads_of(table.columns)) + bodies;
    return table.is_empty()
               ? Html{}
               : element("div", {{"class", "box"}, {"role", "region"}, {"aria-label", table.title}, {"tabindex", "0"}},
                         element_of_class("table", css, content));
}

}  // namespace portillon::report::page
