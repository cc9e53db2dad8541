#include "report/markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "gate/metric.h"
#include "report/fault_text.h"
#include "report/figures.h"
#include "report/headline.h"
#include "report/judged.h"
#include "report/latency_choice.h"
#include "report/league.h"
#include "report/markdown_text.h"
#include "report/prose.h"
#include "report/reach.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_rows = 60;  // of one table; the rest is counted
constexpr std::size_t most_cell = 160;
constexpr std::size_t reserve = 1'000;  // for the sentence about what was left out

std::string cell(std::string_view text) {
    return escaped_markdown(text, most_cell);
}

// A table that counts what it has no room for.
class Rows {
public:
    Rows(std::vector<std::string> headings, const std::string& alignment, std::size_t most = most_rows)
        : table_(std::move(headings), columns_of(alignment)), most_(most) {}

    // Cells are Markdown already.
    void add(const std::vector<std::string>& cells) {
        if (shown_ < most_) {
            table_.add_row(cells);
            ++shown_;
        } else {
            ++unseen_;
        }
    }

    // Counted without being shown.
    void add_unseen(Count rows) { unseen_ += rows; }

    bool empty() const { return shown_ == 0; }

    std::string text() const {
        return shown_ == 0    ? std::string{}
               : unseen_ == 0 ? table_.text()
                              : table_.text() + fmt::format("\n…and {} more.\n", counted(unseen_));
    }

private:
    static std::vector<Align> columns_of(const std::string& alignment) {
        std::vector<Align> columns;
        for (const char letter : alignment) {
            columns.push_back(letter == 'r' ? Align::right : Align::left);
        }
        return columns;
    }

    MarkdownTable table_;
    std::size_t most_;
    std::size_t shown_ = 0;
    std::uint64_t unseen_ = 0;
};

// The visible part first, then what is folded, as far as there is room.
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

std::string observed_text(const JudgedThreshold& threshold, double value) {
    const auto metric = gate::find_metric(threshold.metric.substr(0, threshold.metric.find('{')));
    const bool rate =
        metric && metric->kind == gate::Kind::counter && threshold.expression.find("rate") != std::string::npos;
    return rate || !metric ? fmt::format("{:.3g}", value) : gate::humanize_figure(metric->kind, value);
}

// One threshold of one entrant, over its repeats.
struct GateRow {
    std::string name;  // the entrant's
    JudgedRepeats judged;
};

std::string outcome_cell(const JudgedRepeats& row) {
    const auto& judged = row.judged;
    if (judged.skipped) {
        return "skipped: " + cell(judged.reason);
    }
    auto text = judged.passed ? std::string("pass") : std::string("**FAIL**");
    if (row.repeats > 1 && row.held < row.repeats) {
        text += fmt::format(", holds in {} of {}", row.held, row.repeats);
    }
    if (!judged.passed && !judged.observed) {
        text += ": no data, " + cell(judged.reason);
    }
    return text;
}

std::string gates_of(const std::vector<Entrant>& entrants) {
    // Failures first: they are what is looked for, and what must not be cut.
    std::vector<GateRow> rows;
    for (const auto& entrant : entrants) {
        for (const auto& threshold : own_thresholds(entrant)) {
            rows.push_back({entrant.name, judge(entrant, threshold)});
        }
    }
    std::stable_partition(rows.begin(), rows.end(), [](const GateRow& row) { return !row.judged.judged.passed; });
    Rows table({"gate", "of", "observed", "outcome"}, "llrl");
    for (const auto& row : rows) {
        const auto& judged = row.judged.judged;
        auto observed = judged.observed ? observed_text(judged, *judged.observed) : std::string("-");
        observed += row.judged.how.empty() ? "" : ", " + row.judged.how;
        table.add(
            {cell(judged.metric + ": " + judged.expression), cell(row.name), cell(observed), outcome_cell(row.judged)});
    }
    return table.text();
}

struct Verdicts {
    std::size_t rows = 0, untrusted = 0, unconnected = 0, failed = 0, ended_early = 0, thresholds = 0;
};

// The first line: the word, and what it speaks of.
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

// Each figure's median over `repeats`, and its range; values and those that never came are added up.
std::vector<std::string> latency_cells(const std::vector<const std::optional<Latency>*>& repeats) {
    const bool measured =
        std::all_of(repeats.begin(), repeats.end(), [](const auto* latency) { return latency->has_value(); });
    if (!measured || repeats.empty()) {
        return {"-", "-", "-", "-", "-", "-", "-", "-"};
    }
    std::vector<std::string> cells;
    const auto add = [&](gate::Aggregate aggregate, double percent) {
        gate::Threshold question;
        question.aggregate = aggregate;
        question.percent = percent;
        std::vector<gate::Figure> figures;
        for (const auto* latency : repeats) {
            figures.push_back(figure_of(*latency, question, "not measured"));
        }
        const auto spread = spread_of(figures);
        const auto range = range_text(spread, gate::Kind::latency);
        cells.push_back(cell(median_text(spread, gate::Kind::latency) +
                             (range.empty() || spread.least == spread.most ? "" : " (" + range + ")")));
    };
    for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9}) {
        add(gate::Aggregate::percentile, percent);
    }
    add(gate::Aggregate::max, 0);
    Count values = 0;
    Count unanswered = 0;
    for (const auto* latency : repeats) {
        values += (*latency)->histogram.count();
        unanswered += (*latency)->unanswered;
    }
    cells.push_back(counted(values));
    cells.push_back(counted(unanswered));
    return cells;
}

const std::vector<std::string> latency_headings{"P50", "P90", "P95", "P99", "P99.9", "max", "values", "never came"};

std::vector<std::string> joined(std::vector<std::string> first, const std::vector<std::string>& rest) {
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
}

std::string latencies_of(const std::vector<Entrant>& entrants) {
    Rows table(joined({"of", "latency"}, latency_headings), "llrrrrrrrr");
    for (const auto& entrant : entrants) {
        for (const auto& figure : account::latency_figures) {
            std::vector<const std::optional<Latency>*> repeats;
            for (const auto* run : entrant.counting()) {
                repeats.push_back(&(run->latency.*figure.member));
            }
            table.add(joined({cell(entrant.name), cell(std::string(figure.name))}, latency_cells(repeats)));
        }
    }
    return table.text() +
           (table.empty()
                ? ""
                : "\n\"never\": the figure falls among those that never came. \"-\": not measured. Of several "
                  "repeats the median, and in brackets the least and the greatest.\n");
}

// A stage over all repeats of an entrant.
struct Stage {
    const Phase* first = nullptr;
    account::KnownCounts counts;
    std::vector<const std::optional<Latency>*> response, end_to_end;  // of each repeat
};

std::vector<Stage> stages_of(const Entrant& entrant) {
    std::vector<Stage> stages;
    for (const auto* run : entrant.counting()) {
        for (const auto& phase : run->phases) {
            if (phase.kind != "stage") {
                continue;
            }
            auto stage = std::find_if(stages.begin(), stages.end(),
                                      [&phase](const Stage& each) { return each.first->name == phase.name; });
            if (stage == stages.end()) {
                stages.push_back({});
                stage = stages.end() - 1;
                stage->first = &phase;
                stage->counts = phase.counts;
            } else {
                account::add_repeat(stage->counts, phase.counts);
            }
            stage->response.push_back(&phase.latency.response);
            stage->end_to_end.push_back(&phase.latency.end_to_end);
        }
    }
    return stages;
}

std::string stages_text(const std::vector<Entrant>& entrants) {
    Rows table(
        joined({"of", "stage", "from", "to", "generated", "acknowledged", "delivered", "lost"}, latency_headings),
        "llrrrrrrrrrrrrrr");
    for (const auto& entrant : entrants) {
        for (const auto& stage : stages_of(entrant)) {
            const auto& phase = *stage.first;
            table.add(joined(
                {cell(entrant.name), cell(phase.name) + (phase.measured ? "" : " (not measured)"),
                 in_seconds(phase.from_s), in_seconds(phase.to_s), counted(stage.counts.generated),
                 counted(stage.counts.acknowledged), counted(stage.counts.delivered), counted(stage.counts.lost)},
                latency_cells(stage.response.front()->has_value() ? stage.response : stage.end_to_end)));
        }
    }
    return table.empty() ? std::string{}
                         : table.text() +
                               "\nBy the time at which validations were due. Latencies are those of response, or "
                               "of end\\_to\\_end where nothing is acknowledged.\n";
}

std::string books_of(const std::vector<Entrant>& entrants) {
    std::vector<const account::CountFigure*> figures;
    for (const auto& figure : account::count_figures) {
        const bool any = std::any_of(entrants.begin(), entrants.end(), [&figure](const Entrant& entrant) {
            return entrant.counting().front()->counts.*figure.known_count;
        });
        if (figure.section != account::Section::fleet && (!figure.conditional || any)) {
            figures.push_back(&figure);
        }
    }
    std::vector<std::string> heads{"of"};
    for (const auto* figure : figures) {
        const bool of_validations = figure->unit == account::Unit::validations;
        heads.push_back(std::string(figure->name) +
                        (of_validations ? "" : fmt::format(" ({})", account::name_of(figure->unit))));
    }
    Rows table(heads, "l" + std::string(figures.size(), 'r'));
    bool unknown = false;
    for (const auto& entrant : entrants) {
        unknown = unknown || std::any_of(entrant.runs.begin(), entrant.runs.end(),
                                         [](const auto* run) { return !run->has_ledger(); });
        auto sum = entrant.counting().front()->counts;
        for (const auto* run : entrant.counting()) {
            if (run != entrant.counting().front()) {
                account::add_repeat(sum, run->counts);
            }
        }
        std::vector<std::string> cells{cell(entrant.name)};
        for (const auto* figure : figures) {
            cells.push_back(counted(sum.*figure->known_count));
        }
        table.add(cells);
    }
    return table.text() + (unknown ? "\n\"-\" where there is no ledger: what arrived is not known.\n" : "");
}

std::string errors_of(const std::vector<Entrant>& entrants) {
    Rows table({"of", "what failed", "how often", "the server's words"}, "llrl");
    for (const auto& entrant : entrants) {
        std::map<std::string, Count> sums;
        std::map<std::string, std::string> said;
        for (const auto* run : entrant.counting()) {
            said.insert(run->server_said.begin(), run->server_said.end());
            for (const auto& [cause, attempts] : failures_of(*run)) {
                sums[cause] += attempts;
            }
        }
        for (const auto& [cause, attempts] : sums) {
            const auto words = said.find(cause_of(cause));
            table.add(
                {cell(entrant.name), cell(cause), counted(attempts), words == said.end() ? "" : cell(words->second)});
        }
    }
    return table.text();
}

std::string exceptions_of(const std::vector<Entrant>& entrants) {
    Rows table({"of", "state", "equipment", "sequences", "validations"}, "llrrr");
    Count omitted = 0;
    for (const auto& entrant : entrants) {
        for (const auto* run : entrant.runs) {
            omitted += run->delivery.exceptions_omitted;
            for (const auto& each : run->delivery.exceptions) {
                table.add({cell(entrant.name), name_of(each.state), fmt::format("{}", each.equipment),
                           each.first == each.last ? fmt::format("{}", each.first)
                                                   : fmt::format("{} to {}", each.first, each.last),
                           each.last < each.first ? "-" : counted(each.last - each.first + 1)});
            }
        }
    }
    table.add_unseen(omitted);
    return table.text();
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
            if (++lines <= most_rows) {
                text += fmt::format(
                    "- {}{}: {}{}{}{}\n", cell(entrant.name), which, name_of(verdict.measurement),
                    verdict.complete ? "" : ", incomplete (" + escaped_markdown(why_incomplete(verdict)) + ")",
                    verdict.reasons.empty() ? "" : ": ",
                    escaped_markdown(fmt::format("{}", fmt::join(verdict.reasons, "; "))));
            }
        }
        for (const auto* turn : entrant.again) {
            if (++lines <= most_rows) {
                text += fmt::format("- {}, repeat {}: run again, for it was {}: {}\n", cell(entrant.name), turn->repeat,
                                    name_of(turn->run.verdict.measurement),
                                    escaped_markdown(fmt::format("{}", fmt::join(turn->run.verdict.reasons, "; "))));
            }
        }
    }
    return lines > most_rows ? text + fmt::format("- …and {} more\n", lines - most_rows) : text;
}

std::string context_of(const std::vector<Entrant>& entrants, const std::vector<std::string>& command) {
    Rows table({"", ""}, "ll");
    const auto add = [&table](const char* name, const std::string& value) {
        if (!value.empty()) {
            table.add({name, cell(value)});
        }
    };
    if (!command.empty()) {
        table.add({"command", markdown_code(fmt::format("{}", fmt::join(command, " ")))});
    }
    for (const auto& entrant : entrants) {
        add("target", fmt::format("{}: {}", entrant.name, entrant.runs.front()->target));
    }
    if (!entrants.empty()) {
        const auto& run = *entrants.front().runs.front();
        const auto& context = run.context;
        add("started", context.started_at);
        add("seed", fmt::format("{}", run.seed));
        add("workload", run.scenario.workload_digest);
        add("portillon",
            fmt::format("{} {}, {}, {}", context.version, context.commit, context.compiler, context.build_type));
        add("machine", fmt::format("{}, {}, {}", context.cpu_model, counted(context.cores, "core"), context.kernel));
        std::vector<std::string> libraries;
        for (const auto& [name, version] : context.libraries) {
            libraries.push_back(name + " " + version);
        }
        add("libraries", fmt::format("{}", fmt::join(libraries, ", ")));
    }
    return table.text();
}

std::string scenario_of(const Scenario& scenario) {
    const auto json = nlohmann::ordered_json::parse(scenario.resolved, nullptr, false);
    return json.is_object()
               ? markdown_block("json", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace))
               : std::string{};
}

std::string faults_of(const std::vector<Entrant>& entrants) {
    std::string text;
    for (const auto& entrant : entrants) {
        for (const auto* run : entrant.runs) {
            for (const auto& fault : run->faults) {
                text += fmt::format("- {}: {}\n", cell(entrant.name), escaped_markdown(fault_line(*run, fault)));
            }
        }
    }
    return text;
}

void fold_details(Document& document, const std::vector<Entrant>& entrants, const Scenario& scenario,
                  const std::vector<std::string>& command) {
    document.fold("Why measurements are not valid", reasons_of(entrants));
    document.fold("Stages", stages_text(entrants));
    document.fold("Faults", faults_of(entrants));
    document.fold("Latencies", latencies_of(entrants));
    document.fold("Books, in validations", books_of(entrants));
    document.fold("Errors", errors_of(entrants));
    document.fold("Exceptions", exceptions_of(entrants));
    document.fold("Context", context_of(entrants, command));
    document.fold("Scenario", scenario_of(scenario));
}

// The league's rows, and its notes as far as anybody reads them.
std::string league_section(const Comparison& comparison) {
    constexpr std::size_t most = 16'000;
    auto text = league_markdown(comparison);
    if (text.size() > most) {
        text.resize(text.rfind('\n', most) + 1);
        text += "\n…cut here.\n";
    }
    return text;
}

std::string shown_change(Change change) {
    return change == Change::worse ? "WORSE" : name_of(change);
}

std::string diff_line(const Diff& diff) {
    return fmt::format("**{}**: {} against {}: {}\n", shown_change(diff.change), cell(diff.candidate.label),
                       cell(diff.base.label), escaped_markdown(diff.why));
}

std::string group_name(const GroupDiff& group) {
    return group.base_name == group.candidate_name ? group.base_name
                                                   : group.candidate_name + " against " + group.base_name;
}

bool tells_something(const MetricDiff& metric) {
    return metric.change != Change::same;
}

// Of every group those metrics for which `wanted` holds; worst first.
template <class Wanted>
std::string metrics_of(const Diff& diff, Wanted wanted) {
    struct Line {
        const GroupDiff* group;
        const MetricDiff* metric;
    };
    std::vector<Line> lines;
    for (const auto& group : diff.groups) {
        for (const auto& metric : group.metrics) {
            if (wanted(metric)) {
                lines.push_back({&group, &metric});
            }
        }
    }
    const auto rank = [](const Line& line) {
        const Change order[] = {Change::worse, Change::incomparable, Change::inconclusive, Change::better,
                                Change::same};
        return std::find(std::begin(order), std::end(order), line.metric->change) - std::begin(order);
    };
    std::stable_sort(lines.begin(), lines.end(), [&rank](const Line& a, const Line& b) { return rank(a) < rank(b); });
    Rows table({"", "of", "figure", "base", "candidate", "change", "at least", "at most", "remark"}, "lllrrrrrl");
    for (const auto& [group, metric] : lines) {
        const auto change = shown_change(metric->change);
        auto remark = metric->interval ? std::string{} : metric->why;
        if (metric->repeats_needed) {
            remark += fmt::format("{}{} would settle it", remark.empty() ? "" : "; ",
                                  counted(*metric->repeats_needed, "repeat"));
        }
        table.add({metric->change == Change::worse ? "**" + change + "**" : change, cell(group_name(*group)),
                   cell(metric->name), cell(metric->base_text), cell(metric->candidate_text),
                   metric->ratio ? change_text(*metric->ratio) : "-",
                   metric->interval ? change_text(metric->interval->low) : "-",
                   metric->interval ? change_text(metric->interval->high) : "-", cell(remark)});
    }
    return table.text();
}

std::string bullets(const std::string& label, const std::vector<std::string>& sentences) {
    std::string text;
    for (std::size_t i = 0; i < std::min(sentences.size(), most_rows); ++i) {
        text += fmt::format("- {}{}\n", label, escaped_markdown(sentences[i]));
    }
    return sentences.size() > most_rows ? text + fmt::format("- …and {} more\n", sentences.size() - most_rows) : text;
}

// What changed, and what it rests on.
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

// Each target against the first one; those that cannot be compared at all are sentences.
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

}  // namespace

std::string run_markdown(const RunReport& run) {
    const Report report = run;
    const auto entrants = entrants_of(report);
    Document document;
    document.say(verdict_line(
        entrants, fmt::format("{} over {}, {}, target {}", cell(run.scenario.name), cell(entrants.front().name),
                              counted(*run.counts.equipments, "equipment"), cell(run.target))));
    document.say(gates_of(entrants));
    Comparison alone{.scenario = run.scenario, .command = {}, .runs = {}};
    alone.runs.push_back({1, 1, run});
    document.say(league_section(alone));
    fold_details(document, entrants, run.scenario, run.command);
    return document.text();
}

std::string comparison_markdown(const Comparison& comparison, const DiffOptions& options) {
    const auto entrants = entrants_of(comparison);
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
    document.say(gates_of(entrants));
    document.say(entrants.empty() ? std::string{} : league_section(comparison));
    for (const auto& changed : diffs) {
        fold_diff(document, changed);
    }
    fold_details(document, entrants, comparison.scenario, comparison.command);
    return document.text();
}

std::string diff_markdown(const Diff& diff) {
    Document document;
    document.say(diff_line(diff));
    document.say(changes_of(diff));
    document.say(escaped_markdown(how_decided(diff)) + "\n");
    fold_diff(document, diff);
    Rows sides({"", "target", "scenario", "workload", "runs", "portillon", "started"}, "llllrll");
    for (const auto* side : {&diff.base, &diff.candidate}) {
        sides.add({cell(side->label), cell(side->target), cell(side->scenario.name),
                   cell(side->scenario.workload_digest),
                   side->left_out > 0 ? fmt::format("{} ({} left out)", side->runs, side->left_out)
                                      : fmt::format("{}", side->runs),
                   cell(side->context.version + " " + side->context.commit), cell(side->context.started_at)});
    }
    document.fold("Who was compared", sides.text());
    return document.text();
}

std::string markdown(const Report& report) {
    const auto* run = std::get_if<RunReport>(&report);
    return run != nullptr ? run_markdown(*run) : comparison_markdown(std::get<Comparison>(report));
}

}  // namespace portillon::report
