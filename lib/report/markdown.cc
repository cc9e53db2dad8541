#include "report/markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "report/cells.h"
#include "report/change_table.h"
#include "report/comparison_text.h"
#include "report/fault_text.h"
#include "report/headline.h"
#include "report/judged.h"
#include "report/markdown_table.h"
#include "report/markdown_text.h"
#include "report/prose.h"
#include "report/reach.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_bullets = 60;
constexpr std::size_t reserve = 1'000;  // room for the sentence about parts that were left out

std::string cell(std::string_view text) {
    constexpr std::size_t most_letters = 160;
    return escaped_markdown(text, most_letters);
}

// Builds a comment: the visible part first, then folded parts as long as there is room.
class Document {
public:
    void say(const std::string& paragraph) { text_ += (text_.empty() || paragraph.empty() ? "" : "\n") + paragraph; }

    void fold(const std::string& title, const std::string& content) {
        if (content.empty()) {
            return;
        }
        auto folded = fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", title, content);
        if (text_.size() + folded.size() + reserve > most_markdown_characters) {
            left_out_.push_back(title);
            return;
        }
        text_ += folded;
    }

    std::string text() const {
        auto text = text_;
        if (text.size() + reserve > most_markdown_characters) {
            text.resize(text.rfind('\n', most_markdown_characters - reserve) + 1);
            text += "\n…cut here: the rest is longer than a comment may be.\n";
        }
        return left_out_.empty() ? text
                                 : text + fmt::format("\nLeft out, because a comment has room for {} characters: {}.\n",
                                                      counted(most_markdown_characters), fmt::join(left_out_, ", "));
    }

private:
    std::string text_;
    std::vector<std::string> left_out_;
};

struct Verdicts {
    std::size_t rows = 0, untrusted = 0, unconnected = 0, failed = 0, ended_early = 0, thresholds = 0;
};

// The first line: the word of the verdict, and `what` was judged.
std::string verdict_line(const std::vector<Entrant>& entrants, const std::string& what) {
    Verdicts sums;
    for (const auto& entrant : entrants) {
        const auto verdict = entrant.verdict();
        ++sums.rows;
        sums.untrusted += entrant.valid() == 0 ? 1 : 0;
        sums.ended_early += entrant.valid() > 0 && !verdict.complete ? 1 : 0;
        sums.unconnected +=
            std::any_of(entrant.runs.begin(), entrant.runs.end(), [](const auto* run) { return is_unreached(*run); })
                ? 1
                : 0;
        for (const auto& threshold : own_thresholds(entrant)) {
            const auto judged = judge(entrant, threshold).judged;
            sums.thresholds += judged.skipped ? 0 : 1;
            sums.failed += judged.passed ? 0 : 1;
        }
    }
    const auto of_rows = [&sums](std::size_t count, const std::string& said) {
        return sums.rows == 1 ? said : fmt::format("{} in {} of {} rows", said, count, sums.rows);
    };
    std::vector<std::string> said{what};
    if (sums.rows == 0) {
        return fmt::format("**NO RUN**: {}; not one run came to an end\n", what);
    }
    if (sums.unconnected > 0) {
        said.push_back(of_rows(sums.unconnected, "no equipment could connect"));
    }
    if (sums.untrusted > 0) {
        said.push_back(of_rows(sums.untrusted, "the measurement is invalid or incomplete"));
    }
    if (sums.ended_early > 0) {
        said.push_back(of_rows(sums.ended_early, "a threshold ended a run early"));
    }
    said.push_back(sums.thresholds == 0 ? "no threshold was asked for"
                   : sums.failed > 0
                       ? fmt::format("{} of {} failed", sums.failed, counted(sums.thresholds, "threshold"))
                   : sums.thresholds == 1 ? "the threshold holds"
                                          : fmt::format("all {} thresholds hold", sums.thresholds));
    if (sums.rows == 1 && entrants.front().runs.size() == 1) {
        if (const auto worst = headline(*entrants.front().runs.front()); !worst.empty()) {
            said.push_back(cell(worst));
        }
    }
    const char* word = sums.unconnected > 0                      ? "FAILED"
                       : sums.untrusted > 0                      ? "NOT TO BE TRUSTED"
                       : sums.failed > 0 || sums.ended_early > 0 ? "FAILED"
                       : sums.thresholds == 0                    ? "measured"
                                                                 : "passed";
    return fmt::format("**{}**: {}\n", word, fmt::join(said, "; "));
}

// A table with a note below it.
std::string with_note(const std::string& table, const std::string& note) {
    return table.empty() ? table : table + '\n' + escaped_markdown(note) + '\n';
}

std::string latencies_text(const std::vector<Row>& rows) {
    return with_note(
        markdown_table(selected(latency_table(rows),
                                {"latency", "P50", "P90", "P95", "P99", "P99.9", "max", "values", "never came"})),
        "\"never\": the figure falls among those that never came. \"-\": not measured. Of several repeats the median, "
        "and in brackets the least and the greatest.");
}

std::string stages_text(const std::vector<Row>& rows) {
    return with_note(
        markdown_table(stage_table(rows)),
        "By the time at which validations were due. Latencies are those of response, or of end_to_end where "
        "nothing is acknowledged.");
}

std::string books_text(const std::vector<Row>& rows) {
    const bool unknown = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.whole.has_ledger(); });
    const auto table = markdown_table(book_table(rows));
    return unknown ? with_note(table, "\"-\" where there is no record of what arrived.") : table;
}

std::string faults_text(const std::vector<Row>& rows) {
    std::string text;
    for (const auto& row : rows) {
        for (const auto* run : row.entrant.runs) {
            for (const auto& fault : run->faults) {
                text += fmt::format("- {}: {}\n", cell(row.label), escaped_markdown(fault_line(*run, fault)));
            }
        }
    }
    const auto table = markdown_table(fault_table(rows));
    return table.empty() ? text : text + '\n' + table;
}

std::string reasons_of(const std::vector<Entrant>& entrants) {
    std::string text;
    std::size_t lines = 0;
    for (const auto& entrant : entrants) {
        for (std::size_t i = 0; i < entrant.runs.size(); ++i) {
            const auto& verdict = entrant.runs[i]->verdict;
            if (verdict.complete && verdict.measurement == Measurement::valid) {
                continue;
            }
            const auto which =
                entrant.runs.size() == 1 ? std::string{} : fmt::format(", repeat {}", entrant.repeats[i]);
            if (++lines <= most_bullets) {
                text += fmt::format(
                    "- {}{}: {}{}{}{}\n", cell(entrant.name), which, name_of(verdict.measurement),
                    verdict.complete ? "" : ", incomplete (" + escaped_markdown(why_incomplete(verdict)) + ")",
                    verdict.reasons.empty() ? "" : ": ",
                    escaped_markdown(fmt::format("{}", fmt::join(verdict.reasons, "; "))));
            }
        }
        for (const auto* turn : entrant.again) {
            if (++lines <= most_bullets) {
                text += fmt::format("- {}, repeat {}: run again, for it was {}: {}\n", cell(entrant.name), turn->repeat,
                                    name_of(turn->run.verdict.measurement),
                                    escaped_markdown(fmt::format("{}", fmt::join(turn->run.verdict.reasons, "; "))));
            }
        }
    }
    return lines > most_bullets ? text + fmt::format("- …and {} more\n", lines - most_bullets) : text;
}

std::string scenario_of(const Scenario& scenario) {
    const auto json = nlohmann::ordered_json::parse(scenario.resolved, nullptr, false);
    return json.is_object()
               ? markdown_block("json", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace))
               : std::string{};
}

void fold_details(Document& document, const std::vector<Row>& rows, const std::vector<Entrant>& entrants,
                  const Scenario& scenario, const std::vector<std::string>& command) {
    document.fold("Why measurements are not valid", reasons_of(entrants));
    document.fold("Stages", stages_text(rows));
    document.fold("Faults", faults_text(rows));
    document.fold("Latencies", latencies_text(rows));
    document.fold("Delivery account, in validations", books_text(rows));
    document.fold("Costs", markdown_table(cost_table(rows)));
    document.fold("Errors", markdown_table(error_table(rows)));
    document.fold("Exceptions", markdown_table(exception_table(rows)));
    const auto runs = run_table(rows);
    document.fold("Runs", runs.groups.front().lines.size() > 1 ? markdown_table(runs) : "");
    document.fold("Context", markdown_table(context_table(rows, command)));
    document.fold("Scenario", scenario_of(scenario));
}

// The tables of the comparison, and their notes up to a length that is still read.
std::string comparison_section(const Comparison& comparison, const DiffOptions& options) {
    constexpr std::size_t most = 16'000;
    auto text = comparison_tables_markdown(comparison, options);
    if (text.size() > most) {
        text.resize(text.rfind('\n', most) + 1);
        text += "\n…cut here.\n";
    }
    return text;
}

std::string diff_line(const Diff& diff) {
    return fmt::format("**{}**: {} against {}: {}\n", word_of(diff.change), cell(diff.candidate.label),
                       cell(diff.base.label), escaped_markdown(diff.why));
}

bool tells_something(const MetricDiff& metric) {
    return metric.change != Change::same;
}

// A table of the metrics of all groups for which `wanted` holds; the worst first.
template <class Wanted>
std::string metrics_of(const Diff& diff, Wanted wanted) {
    std::vector<MetricOfGroup> metrics;
    for (const auto& group : diff.groups) {
        for (const auto& metric : group.metrics) {
            if (wanted(metric)) {
                metrics.push_back({&group, &metric});
            }
        }
    }
    const auto rank = [](const MetricOfGroup& each) {
        const Change order[] = {Change::worse, Change::incomparable, Change::inconclusive, Change::better,
                                Change::same};
        return std::find(std::begin(order), std::end(order), each.metric->change) - std::begin(order);
    };
    std::stable_sort(metrics.begin(), metrics.end(),
                     [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return markdown_table(change_table(metrics));
}

std::string bullets(const std::string& label, const std::vector<std::string>& sentences) {
    std::string text;
    for (std::size_t i = 0; i < std::min(sentences.size(), most_bullets); ++i) {
        text += fmt::format("- {}{}\n", label, escaped_markdown(sentences[i]));
    }
    return sentences.size() > most_bullets ? text + fmt::format("- …and {} more\n", sentences.size() - most_bullets)
                                           : text;
}

// The table of changes, and the repeats on which it rests.
std::string changes_of(const Diff& diff) {
    std::string text = metrics_of(diff, tells_something);
    text += text.empty() ? "" : "\n";
    for (const auto& group : diff.groups) {
        const auto same = std::count_if(group.metrics.begin(), group.metrics.end(),
                                        [](const auto& metric) { return !tells_something(metric); });
        const auto why = group.why.empty() ? std::string(name_of(group.change)) : escaped_markdown(group.why);
        text += fmt::format("- {}: {}; {} against {} runs{}{}\n", cell(group_name(group)), why, group.candidate_repeats,
                            group.base_repeats, group.paired ? " in the same rounds" : "",
                            same > 0 ? fmt::format("; {} the same", counted(static_cast<Count>(same), "figure")) : "");
    }
    text += bullets("Overlooked as asked: ", diff.forced);
    for (const auto& group : diff.groups) {
        text += bullets("Warning, " + cell(group_name(group)) + ": ", group.warnings);
    }
    text += bullets("Warning: ", diff.warnings);
    text += bullets("Differs: ", diff.notes);
    return text;
}

void fold_diff(Document& document, const Diff& diff) {
    document.fold("What stayed the same",
                  metrics_of(diff, [](const MetricDiff& metric) { return !tells_something(metric); }));
}

// Adds the diff of each target against the first one. If two cannot be compared at all, a sentence says so.
void add_changes(Document& document, const Comparison& comparison, const DiffOptions& options,
                 std::vector<Diff>& diffs) {
    const Report report = comparison;
    const auto names = target_names(report);
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (const auto nobody = unreachable_in(comparison, {names.front(), names[i]}); !nobody.empty()) {
            document.say(fmt::format("**FAILED**: {} is not compared with {}: no equipment could connect to {}\n",
                                     cell(names[i]), cell(names.front()), cell(nobody)));
            continue;
        }
        auto changed = diff(report, names.front(), names[i], options);
        if (changed) {
            diffs.push_back(std::move(*changed));
            document.say(diff_line(diffs.back()));
        } else {
            document.say(fmt::format("**incomparable**: {} against {}: {}\n", cell(names[i]), cell(names.front()),
                                     escaped_markdown(changed.problems().front().message)));
        }
    }
}

Table table_of_sides(const Diff& diff) {
    Table table{
        .title = "Who was compared",
        .columns = {{""}, {"target"}, {"scenario"}, {"workload"}, {"runs", Align::right}, {"portillon"}, {"started"}},
        .groups = {{}}};
    for (const auto* side : {&diff.base, &diff.candidate}) {
        auto runs = text_cell(fmt::format("{}", side->runs));
        if (side->left_out > 0) {
            runs.remarks.push_back({fmt::format("{} left out", side->left_out)});
        }
        table.groups.front().lines.push_back(
            {.cells = {text_cell(side->label), text_cell(side->target), text_cell(side->scenario.name),
                       text_cell(side->scenario.workload_digest), std::move(runs),
                       text_cell(side->context.version + " " + side->context.commit),
                       text_cell(side->context.started_at)}});
    }
    return table;
}

}  // namespace

std::string run_markdown(const RunReport& run) {
    const Report report = run;
    const auto entrants = entrants_of(report);
    const auto rows = rows_of(report);
    Document document;
    document.say(verdict_line(
        entrants, fmt::format("{} over {}, {}, target {}", cell(run.scenario.name), cell(entrants.front().name),
                              counted(*run.counts.equipments, "equipment"), cell(run.target))));
    Comparison alone{.scenario = run.scenario, .command = {}, .runs = {}};
    alone.runs.push_back({1, 1, run});
    document.say(comparison_section(alone, {}));
    document.say(markdown_table(threshold_table(rows)));
    fold_details(document, rows, entrants, run.scenario, run.command);
    return document.text();
}

std::string comparison_markdown(const Comparison& comparison, const DiffOptions& options) {
    const auto entrants = entrants_of(comparison);
    const auto rows = rows_of(comparison);
    std::vector<Diff> diffs;
    Document document;
    add_changes(document, comparison, options, diffs);
    std::vector<std::string> names;
    for (const auto& entrant : entrants) {
        names.push_back(cell(entrant.name));
    }
    document.say(
        verdict_line(entrants, fmt::format("{} over {}", cell(comparison.scenario.name),
                                           names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", ")))));
    for (const auto& changed : diffs) {
        document.say(
            fmt::format("{}{}", diffs.size() > 1 ? cell(changed.candidate.label) + ":\n\n" : "", changes_of(changed)));
    }
    document.say(comparison_section(comparison, options));
    document.say(markdown_table(threshold_table(rows)));
    for (const auto& changed : diffs) {
        fold_diff(document, changed);
    }
    fold_details(document, rows, entrants, comparison.scenario, comparison.command);
    return document.text();
}

std::string diff_markdown(const Diff& diff) {
    Document document;
    document.say(diff_line(diff));
    document.say(changes_of(diff));
    document.say(escaped_markdown(how_decided(diff)) + "\n");
    fold_diff(document, diff);
    document.fold("Who was compared", markdown_table(table_of_sides(diff)));
    return document.text();
}

std::string markdown(const Report& report) {
    const auto* run = std::get_if<RunReport>(&report);
    return run != nullptr ? run_markdown(*run) : comparison_markdown(std::get<Comparison>(report));
}

}  // namespace portillon::report
