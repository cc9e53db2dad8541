#include "report/diff_terminal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/prose.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

constexpr std::size_t indent = 12;

std::string painted(const std::string& text, Change change, Style style) {
    if (style == Style::plain || change == Change::same) {
        return text;
    }
    const char* code = change == Change::better ? "32" : change == Change::inconclusive ? "33" : "31";
    return fmt::format("\033[1;{}m{}\033[0m", code, text);
}

std::string side_text(const DiffSide& side) {
    return fmt::format("{}: {}{}, target {}, portillon {} {}", side.label, counted(side.runs, "run"),
                       side.left_out > 0 ? fmt::format(" ({} invalid or incomplete)", side.left_out) : "", side.target,
                       side.context.version, side.context.commit);
}

// Metrics of which neither side has any: one line for all of them says enough.
bool nothing_to_see(const MetricDiff& row) {
    return row.change == Change::same && row.kind == gate::Kind::counter && row.base == 0.0 && row.candidate == 0.0;
}

std::string cost_of_knowing(const MetricDiff& row) {
    if (row.change != Change::inconclusive || (!row.interval && !row.repeats_needed)) {
        return "";
    }
    return row.repeats_needed ? counted(*row.repeats_needed, "repeat") : fmt::format("> {} repeats", most_repeats);
}

std::string shown_name(Change change) {
    return change == Change::worse ? "WORSE" : name_of(change);
}

// Paints the first word of each line but the heading: a table measures what it is given, so it is painted afterwards.
std::string painted_rows(const std::string& lines, const std::vector<const MetricDiff*>& rows, Style style) {
    auto at = lines.find('\n') + 1;
    std::string text = lines.substr(0, at);
    for (const auto* row : rows) {
        const auto end = lines.find('\n', at) + 1;
        const auto word = shown_name(row->change);
        text += lines.substr(at, 2) + painted(word, row->change, style) +
                lines.substr(at + 2 + word.size(), end - at - 2 - word.size());
        at = end;
    }
    return text;
}

// What a row has no room for, once for all metrics that share it.
struct Remark {
    std::string metrics, why;
};

std::string rows_of(const GroupDiff& group, Style style) {
    TextTable table(
        {Align::left, Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::right});
    table.add_row({"", "", "base", "candidate", "change", "at least", "at most", "to settle it"});
    std::vector<const MetricDiff*> shown;
    std::vector<std::string> none;
    std::vector<Remark> remarks;
    for (const auto& row : group.metrics) {
        if (nothing_to_see(row)) {
            none.push_back(row.name);
            continue;
        }
        shown.push_back(&row);
        table.add_row({shown_name(row.change), row.name, row.base_text, row.candidate_text,
                       row.ratio ? change_text(*row.ratio) : "", row.interval ? change_text(row.interval->low) : "",
                       row.interval ? change_text(row.interval->high) : "", cost_of_knowing(row)});
        if (!row.interval) {
            const auto same = std::find_if(remarks.begin(), remarks.end(),
                                           [&row](const Remark& remark) { return remark.why == row.why; });
            if (same == remarks.end()) {
                remarks.push_back({row.name, row.why});
            } else {
                same->metrics += ", " + row.name;
            }
        }
    }
    auto text = shown.empty() ? std::string{} : painted_rows(table.text(), shown, style);
    for (const auto& remark : remarks) {
        text += labelled("", 2, fmt::format("{}: {}.", remark.metrics, remark.why));
    }
    if (!none.empty()) {
        text += labelled("", 2, fmt::format("None on either side: {}.", fmt::join(none, ", ")));
    }
    return text;
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
        text += painted("FORCED", Change::worse, style) + labelled("", indent, overlooked).substr(6);
    }
    std::string label = "verdict";
    label.resize(indent, ' ');
    text += label + painted(shown_name(diff.change), diff.change, style) + '\n';
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
        text += rows_of(group, style);
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
