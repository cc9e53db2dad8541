#include "report/page/changes.h"

#include <fmt/format.h>

#include "report/change_table.h"
#include "report/diff.h"
#include "report/entrants.h"
#include "report/page/html_table.h"
#include "report/page/paragraphs.h"

namespace portillon::report::page {

namespace {

Html change_mark(Change change) {
    const char* sign = change == Change::better ? "\xe2\x96\xb2 " : change == Change::worse ? "\xe2\x96\xbc " : "";
    return marked(std::string(sign) + name_of(change), mood_of(change));
}

Html content_of(const GroupDiff& group) {
    auto html = element("h3", Html(group_name(group) + ": ") + change_mark(group.change)) + how(group.why);
    for (const auto& warning : group.warnings) {
        html += how(warning);
    }
    auto table = change_table(worth_a_line(group));
    table.title += ", " + group_name(group);
    html += html_table(table, "changes");
    const auto rest = none_on_either_side(group);
    return rest.empty() ? html : html + how("None on either side: " + rest + ".");
}

Html change_between(const Report& report, const std::string& base, const std::string& candidate,
                    const DiffOptions& options) {
    if (const auto nobody = unreachable_in(std::get<Comparison>(report), {base, candidate}); !nobody.empty()) {
        return none(
            fmt::format("{} is not compared with {}: no equipment could connect to {}", candidate, base, nobody));
    }
    const auto compared = diff(report, base, candidate, options);
    if (!compared) {
        Html html;
        for (const auto& problem : compared.problems()) {
            html += none(problem.message);
        }
        return html;
    }
    auto html = element("p", {{"class", "headline"}},
                        Html(fmt::format("{} against {}: ", candidate, base)) + change_mark(compared->change));
    html += how(compared->why);
    html +=
        how("A run is one observation. Intervals are those of the ratio candidate / base. " + how_decided(*compared));
    for (const auto& warning : compared->warnings) {
        html += how(warning);
    }
    for (const auto& group : compared->groups) {
        html += content_of(group);
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

}  // namespace portillon::report::page
