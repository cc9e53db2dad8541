#include "report/diff_terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/change_table.h"
#include "report/prose.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

constexpr std::size_t indent = 12;

std::string side_text(const DiffSide& side) {
    return fmt::format("{}: {}{}, target {}, portillon {} {}", side.label, counted(side.runs, "run"),
                       side.left_out > 0 ? fmt::format(" ({} invalid or incomplete)", side.left_out) : "", side.target,
                       side.context.version, side.context.commit);
}

// A reason for which a row has no room, written once for all metrics that share it.
struct DiffRemark {
    std::string metrics, why;
};

std::vector<DiffRemark> remarks_on(const std::vector<MetricOfGroup>& metrics) {
    std::vector<DiffRemark> remarks;
    for (const auto& [group, metric] : metrics) {
        if (metric->interval) {
            continue;
        }
        const auto same = std::find_if(remarks.begin(), remarks.end(),
                                       [why = &metric->why](const DiffRemark& remark) { return remark.why == *why; });
        if (same == remarks.end()) {
            remarks.push_back({metric->name, metric->why});
        } else {
            same->metrics += ", " + metric->name;
        }
    }
    return remarks;
}

std::string lines_of(const GroupDiff& group, Style style) {
    const auto metrics = worth_a_line(group);
    auto table = selected(change_table(metrics),
                          {"verdict", "figure", "base", "candidate", "change", "at least", "at most", "to settle it"});
    table.columns[0].name = table.columns[1].name = "";
    auto text = text_table(table, Heading::outdented, style);
    for (const auto& remark : remarks_on(metrics)) {
        text += labelled("", 2, fmt::format("{}: {}.", remark.metrics, remark.why));
    }
    const auto none = none_on_either_side(group);
    return none.empty() ? text : text + labelled("", 2, fmt::format("None on either side: {}.", none));
}

std::string heading_of(const GroupDiff& group) {
    const auto name = group.base_name == group.candidate_name
                          ? group.base_name
                          : fmt::format("{} (candidate) against {} (base)", group.candidate_name, group.base_name);
    if (group.base_repeats == 0 && group.candidate_repeats == 0) {
        return name;
    }
    const auto repeats = group.base_repeats == group.candidate_repeats
                             ? counted(group.base_repeats, "repeat") + " a side"
                             : fmt::format("{} against {} repeats", group.candidate_repeats, group.base_repeats);
    return fmt::format("{}, {}{}", name, repeats, group.paired ? " in the same rounds" : "");
}

}  // namespace

std::string format_diff(const Diff& diff, Style style) {
    std::string text;
    const auto headed = [&text](const std::string& label, const std::string& said) {
        text += labelled(label, indent, said);
    };
    for (const auto& overlooked : diff.forced) {
        text += painted("FORCED", Mood::bad, style) + labelled("", indent, overlooked).substr(6);
    }
    std::string label = "verdict";
    label.resize(indent, ' ');
    text += label + painted(word_of(diff.change), mood_of(diff.change), style) + '\n';
    if (diff.groups.size() < 2) {
        headed("", diff.why);
    }
    for (const auto& group : diff.groups) {
        if (diff.groups.size() > 1) {
            headed("", fmt::format("{}: {}", group.base_name, group.why));
        }
    }
    headed("base", side_text(diff.base));
    headed("candidate", side_text(diff.candidate));
    for (const auto& note : diff.notes) {
        headed("differ in", note);
    }
    for (const auto& warning : diff.warnings) {
        headed("warning", warning);
    }
    bool judged = false;
    for (const auto& group : diff.groups) {
        text += '\n' + labelled("", 0, fmt::format("{}: {}", heading_of(group), name_of(group.change)));
        text += lines_of(group, style);
        if (group.metrics.empty()) {
            text += labelled("", 2, group.why + ".");
        }
        for (const auto& warning : group.warnings) {
            text += labelled("", 2, "Warning: " + warning + ".");
        }
        judged = judged || !group.metrics.empty();
    }
    if (judged) {
        text += '\n' + labelled("", 0, how_decided(diff));
    }
    return text;
}

}  // namespace portillon::report
