#include "report/page/bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "report/cells.h"
#include "report/latency_choice.h"
#include "report/prose.h"

namespace portillon::report::page {

namespace {

struct Bar {
    std::string label;
    Cell cell;
    std::optional<double> value;
    std::string apart = {};  // why it is compared with nothing; empty: it is compared
};

struct BarChart {
    const char* title;
    Cell (*cell_of)(const Row& row);
};

template <class Figures>
const auto& figure_named(const Figures& figures, std::string_view name) {
    return *account::find_value(figures, name);
}

const BarChart charts[] = {
    {"P95, until it was answered",
     [](const Row& row) { return latency_cell(latencies_of(row), headline_of(row.entrant), "p95_us"); }},
    {"CPU of the server, a validation",
     [](const Row& row) {
         return resource_cell(row, account::sides[1], figure_named(account::resource_figures, "cpu_us_per_validation"));
     }},
    {"Memory of the server, a connection",
     [](const Row& row) {
         return resource_cell(row, account::sides[1],
                              figure_named(account::resource_figures, "rss_bytes_per_equipment"));
     }},
    {"Bytes on the wire, a validation",
     [](const Row& row) { return wire_cell(row, figure_named(account::wire_figures, "bytes_per_validation")); }},
};

// Returns the reason for which the row is not compared with the others in this figure. Where some rows have answers,
// the times of a row without them are shorter for want of the answer.
std::string why_apart(const Row& row, const Cell& cell, const std::vector<Row>& rows) {
    const bool some_answer = std::any_of(rows.begin(), rows.end(),
                                         [](const Row& each) { return headline_of(each.entrant).name == "response"; });
    const bool unanswered = cell.figure.starts_with("latency.end_to_end");
    return row.entrant.valid() == 0 ? "not valid" : some_answer && unanswered ? "no answer" : "";
}

std::vector<Bar> bars_in(const BarChart& chart, const std::vector<Row>& rows) {
    std::vector<Bar> bars;
    for (const auto& row : rows) {
        auto cell = chart.cell_of(row);
        const auto value = cell.spread.value;
        auto apart = why_apart(row, cell, rows);
        bars.push_back({row.label, std::move(cell), value, std::move(apart)});
    }
    return bars;
}

// The least value among valid measurements, if there are at least two to compare.
std::optional<double> least_in(const std::vector<Bar>& bars) {
    std::optional<double> least;
    std::size_t count = 0;
    for (const auto& bar : bars) {
        if (bar.apart.empty() && bar.value && *bar.value > 0) {
            least = std::min(least.value_or(*bar.value), *bar.value);
            ++count;
        }
    }
    return count > 1 ? least : std::nullopt;
}

double most_in(const std::vector<Bar>& bars) {
    double most = 0;
    for (const auto& bar : bars) {
        most = std::max(most, bar.value.value_or(0));
    }
    return most;
}

// "least", "2.1 times"; empty if there is nothing to compare.
std::string compared(const Bar& bar, std::optional<double> least) {
    if (!bar.apart.empty()) {
        return bar.apart;
    }
    if (!least || !bar.value) {
        return {};
    }
    const auto times = three_digits(*bar.value / *least);
    return *bar.value <= *least ? "least" : times + " times";
}

// A rectangle of an SVG, since the page's policy forbids styles of single elements.
Html drawn(const Bar& bar, double most) {
    const double share = most <= 0 ? 0 : 100 * bar.value.value_or(bar.cell.beyond.empty() ? 0 : most) / most;
    return element("svg",
                   {{"class", bar.apart.empty() ? "bar" : "bar pale"},
                    {"viewBox", "0 0 100 10"},
                    {"preserveAspectRatio", "none"},
                    {"aria-hidden", "true"}},
                   element("rect", {{"width", fmt::format("{:.2f}", share)}, {"height", "10"}}, {}));
}

Html line_of_bar(const Bar& bar, double most, std::optional<double> least) {
    const auto text = plain_text(bar.cell);
    return element("li", element("span", {{"class", "who"}}, bar.label) + drawn(bar, most) +
                             element("span", {{"class", "value"}}, text.empty() ? "\xe2\x80\x94" : text) +
                             element("span", {{"class", "quiet"}}, compared(bar, least)));
}

Html drawn_chart(const BarChart& chart, const std::vector<Bar>& bars) {
    Html lines;
    const double most = most_in(bars);
    const auto least = least_in(bars);
    for (const auto& bar : bars) {
        lines += line_of_bar(bar, most, least);
    }
    return element("div", {{"class", "bars"}}, element("h3", chart.title) + element("ul", lines));
}

}  // namespace

Html bars_of(const std::vector<Row>& rows) {
    Html html;
    for (const auto& chart : charts) {
        const auto bars = bars_in(chart, rows);
        if (std::any_of(bars.begin(), bars.end(), [](const Bar& bar) { return bar.value.has_value(); })) {
            html += drawn_chart(chart, bars);
        }
    }
    return html.empty() ? html : element("div", {{"class", "pair"}}, html);
}

}  // namespace portillon::report::page
