#include "report/page/changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/diff.h"
#include "report/entrants.h"
#include "report/page/shown.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

Html mark(Change change) {
    const char* css = change == Change::better         ? "mark valid"
                      : change == Change::worse        ? "mark invalid"
                      : change == Change::inconclusive ? "mark suspect"
                                                       : "mark quiet";
    const char* sign = change == Change::better ? "\xe2\x96\xb2 " : change == Change::worse ? "\xe2\x96\xbc " : "";
    return element("span", {{"class", css}}, std::string(sign) + name_of(change));
}

std::string percent(double ratio) {
    constexpr double as_factor = 10;
    return ratio >= as_factor || ratio <= 1 / as_factor ? fmt::format("\xc3\x97{:.3g}", ratio)
                                                        : fmt::format("{:+.1f} %", (ratio - 1) * 100);
}

Html number(const Html& content) {
    return element("td", {{"class", "n"}}, content);
}

// Counts that neither side has any of: one line for all of them says enough.
bool nothing_to_see(const MetricDiff& metric) {
    return metric.change == Change::same && metric.kind == gate::Kind::counter && metric.base == 0.0 &&
           metric.candidate == 0.0;
}

Html line_of(const MetricDiff& metric) {
    const auto ratio = [&](std::optional<double> value) {
        return value ? Html(percent(*value)) : absent("no ratio: one side is absent or zero");
    };
    const auto& interval = metric.interval;
    auto tr = element("th", {{"scope", "row"}}, metric.name) + element("td", mark(metric.change));
    tr += number(metric.base_text) + number(metric.candidate_text) + number(ratio(metric.ratio));
    tr += number(interval ? Html(percent(interval->low) + " to " + percent(interval->high))
                          : absent("no interval: too few runs, or a side is absent"));
    const bool unsettled = metric.change == Change::inconclusive;
    auto why = interval && !unsettled ? std::string{} : metric.why;  // the interval says it all
    if (!interval && metric.repeats_needed) {
        why += fmt::format("; about {} a side would settle it", counted(*metric.repeats_needed, "repeat"));
    }
    return element("tr", {{"data-metric", metric.key}, {"data-change", name_of(metric.change)}},
                   tr + element("td", {{"class", "quiet"}}, why));
}

Html table_of(const GroupDiff& group) {
    Html head;
    for (const char* name : {"metric", "verdict"}) {
        head += element("th", {{"scope", "col"}}, name);
    }
    for (const char* name : {"base", "candidate", "change", "interval"}) {
        head += element("th", {{"scope", "col"}, {"class", "n"}}, name);
    }
    head += element("th", {{"scope", "col"}}, "why");
    Html body;
    std::vector<std::string> none;
    for (const auto& metric : group.metrics) {
        if (nothing_to_see(metric)) {
            none.push_back(metric.name);
        } else {
            body += line_of(metric);
        }
    }
    if (!none.empty()) {
        body += element("tr", element("td", {{"colspan", "7"}, {"class", "quiet"}},
                                      fmt::format("None on either side: {}", fmt::join(none, ", "))));
    }
    const auto name = group.base_name == group.candidate_name ? group.base_name
                                                              : group.base_name + " against " + group.candidate_name;
    auto html = element("h3", Html(name + ": ") + mark(group.change)) + element("p", {{"class", "how"}}, group.why);
    for (const auto& warning : group.warnings) {
        html += element("p", {{"class", "how"}}, warning);
    }
    const auto caption = "What changed, " + name;
    return html + element("div", {{"class", "box"}, {"role", "region"}, {"aria-label", caption}, {"tabindex", "0"}},
                          element("table", {{"class", "changes"}},
                                  element("caption", caption) + element("thead", element("tr", head)) +
                                      element("tbody", body)));
}

}  // namespace

namespace {

Html change_between(const Report& report, const std::string& base, const std::string& candidate,
                    const DiffOptions& options) {
    if (const auto nobody = unreachable_in(std::get<Comparison>(report), {base, candidate}); !nobody.empty()) {
        return element(
            "p", {{"class", "none"}},
            fmt::format("{} is not compared with {}: no equipment could connect to {}", candidate, base, nobody));
    }
    const auto compared = diff(report, base, candidate, options);
    if (!compared) {
        Html html;
        for (const auto& problem : compared.problems()) {
            html += element("p", {{"class", "none"}}, problem.message);
        }
        return html;
    }
    auto html = element("p", {{"class", "headline"}},
                        Html(fmt::format("{} against {}: ", candidate, base)) + mark(compared->change));
    html += element("p", {{"class", "how"}}, compared->why);
    html += element(
        "p", {{"class", "how"}},
        "A run is one observation. Intervals are those of the ratio candidate / base. " + how_decided(*compared));
    for (const auto& warning : compared->warnings) {
        html += element("p", {{"class", "how"}}, warning);
    }
    for (const auto& group : compared->groups) {
        html += table_of(group);
    }
    return html;
}

}  // namespace

Html changes_content(const Report& report, const DiffOptions& options) {
    Html html;
    const auto names = target_names(report);
    for (std::size_t i = 1; i < names.size(); ++i) {
        html += change_between(report, names.front(), names[i], options);
    }
    return html;
}

}  // namespace portillon::report
