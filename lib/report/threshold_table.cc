#include <fmt/format.h>

#include <algorithm>

#include "gate/metric.h"
#include "report/cells.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_repeats_told = 8;  // for one threshold

// The places of the columns.
enum Place : std::size_t { threshold_place, of_place, outcome_place, observed_place, remark_place };

struct ThresholdName {
    std::string metric, expression;
    bool operator==(const ThresholdName&) const = default;
};

ThresholdName name_of_threshold(const JudgedThreshold& threshold) {
    return {threshold.metric, threshold.expression};
}

std::vector<ThresholdName> thresholds_of(const Row& row) {
    std::vector<ThresholdName> names;
    for (const auto& entry : row.runs) {
        for (const auto& threshold : entry.run->thresholds) {
            auto name = name_of_threshold(threshold);
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(std::move(name));
            }
        }
    }
    return names;
}

Cell observed_cell(const JudgedThreshold& threshold) {
    return {.text = threshold.observed ? observed_text(threshold) : "",
            .why = threshold.observed ? "" : "no data: " + threshold.reason};
}

Mood mood_of(const JudgedThreshold& threshold) {
    return threshold.skipped ? Mood::fair : threshold.passed ? Mood::good : Mood::bad;
}

// The cell of what one run observed, as its own report has it.
Cell own_cell(const JudgedThreshold& threshold, const RowRun& entry, std::size_t place) {
    auto cell = observed_cell(threshold);
    cell.figure = fmt::format("thresholds.{}.observed", place);
    cell.value = threshold.observed ? fmt::format("{}", *threshold.observed) : "null";
    cell.facts = {{"passed", threshold.passed ? "true" : "false"}};
    cell.runs = {entry.index};
    return cell;
}

// The judgement of one run by a threshold, as its own report has it.
struct OwnJudgement {
    const JudgedThreshold* threshold = nullptr;
    Cell cell;
};
std::vector<OwnJudgement> own_judgements(const Row& row, const ThresholdName& name) {
    std::vector<OwnJudgement> all;
    for (const auto& entry : row.runs) {
        const auto& thresholds = entry.run->thresholds;
        const auto found = std::find_if(thresholds.begin(), thresholds.end(), [&name](const auto& threshold) {
            return name_of_threshold(threshold) == name;
        });
        if (found != thresholds.end()) {
            auto cell = own_cell(*found, entry, static_cast<std::size_t>(found - thresholds.begin()));
            cell.mood = mood_of(*found);
            const auto why = found->observed || found->reason.empty() ? "" : ": " + found->reason;
            cell.remarks = {{fmt::format("repeat {}{}", entry.repeat, why), Mood::quiet}};
            all.push_back({&*found, std::move(cell)});
        }
    }
    return all;
}

Line line_of_row(const Row& row, const ThresholdName& name) {
    auto own = own_judgements(row, name);
    if (row.runs.size() == 1) {
        auto line = threshold_line(row.label, *own.front().threshold, "");
        auto& observed = line.cells[observed_place];
        observed = std::move(own.front().cell);
        observed.mood = Mood::plain;
        observed.remarks.clear();
        return line;
    }
    const auto all = own_thresholds(row.entrant);
    const auto threshold = std::find_if(all.begin(), all.end(), [&name](const auto& each) {
        return each.metric_text() == name.metric && each.expression == name.expression;
    });
    const auto over_repeats =
        threshold == all.end() ? JudgedRepeats{*own.front().threshold, 0, 0, {}} : judge(row.entrant, *threshold);
    auto line = threshold_line(row.label, over_repeats.judged, over_repeats.how);
    auto& observed = line.cells[observed_place];
    if (over_repeats.held < over_repeats.repeats) {
        line.cells[remark_place].text += fmt::format(", holds in {} of {}", over_repeats.held, over_repeats.repeats);
    }
    for (std::size_t i = 0; i < std::min(own.size(), most_repeats_told); ++i) {
        observed.each.push_back(std::move(own[i].cell));
    }
    if (own.size() > most_repeats_told) {
        observed.remarks.push_back({fmt::format("{} more repeats", own.size() - most_repeats_told)});
    }
    return line;
}

bool failed(const Line& line) {
    return line.cells[outcome_place].mood == Mood::bad;
}

}  // namespace

std::string observed_text(const JudgedThreshold& threshold) {
    const auto metric = gate::find_metric(threshold.metric.substr(0, threshold.metric.find('{')));
    const bool share = metric && metric->kind == gate::Kind::counter && threshold.expression.starts_with("rate");
    return gate::humanize_figure(metric && !share ? metric->kind : gate::Kind::number, *threshold.observed);
}

std::vector<Column> threshold_columns() {
    return {{"threshold"}, {"of"}, {"outcome"}, {"observed", Align::right}, {"remark"}};
}

Line threshold_line(const std::string& name, const JudgedThreshold& judged, const std::string& how) {
    // A reason such as "observed 3 in repeat 4" names the repeat, and is shown.
    const bool names_repeat = judged.reason.find(" in repeat ") != std::string::npos;
    const auto remark = !judged.observed && !judged.reason.empty() ? "no data: " + judged.reason
                        : names_repeat                             ? how + ": " + judged.reason
                                                                   : how;
    return {.cells = {text_cell(judged.metric + ": " + judged.expression),
                      text_cell(name),
                      {.text = word_of(judged), .mood = mood_of(judged)},
                      observed_cell(judged),
                      text_cell(remark)}};
}

Table threshold_table(const std::vector<Row>& rows) {
    Table table{.title = "Thresholds", .columns = threshold_columns(), .groups = {{}}};
    auto& lines = table.groups.front().lines;
    for (const auto& row : rows) {
        for (const auto& name : thresholds_of(row)) {
            lines.push_back(line_of_row(row, name));
        }
    }
    std::stable_partition(lines.begin(), lines.end(), failed);
    return table;
}

}  // namespace portillon::report
