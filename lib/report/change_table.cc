#include "report/change_table.h"

#include <fmt/format.h>

#include "report/cells.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

bool has_none_on_either_side(const MetricDiff& metric) {
    return metric.change == Change::same && metric.kind == gate::Kind::counter && metric.base == 0.0 &&
           metric.candidate == 0.0;
}

std::string what_would_settle(const MetricDiff& metric) {
    if (metric.change != Change::inconclusive || (!metric.interval && !metric.repeats_needed)) {
        return "";
    }
    return metric.repeats_needed ? counted(*metric.repeats_needed, "repeat")
                                 : fmt::format("> {} repeats", most_repeats);
}

Cell ratio_cell(std::optional<double> ratio, const char* why) {
    return ratio ? text_cell(change_text(*ratio)) : absent_cell(why);
}

Line line_of_metric(const MetricDiff& metric) {
    const char* no_interval = "no interval: too few runs, or a side is absent";
    const auto& interval = metric.interval;
    return {.cells = {text_cell(metric.name),
                      {.text = word_of(metric.change), .mood = mood_of(metric.change)},
                      text_cell(metric.base_text),
                      text_cell(metric.candidate_text),
                      ratio_cell(metric.ratio, "no ratio: one side is absent or zero"),
                      ratio_cell(interval ? std::optional(interval->low) : std::nullopt, no_interval),
                      ratio_cell(interval ? std::optional(interval->high) : std::nullopt, no_interval),
                      text_cell(what_would_settle(metric)),
                      {.text = interval ? "" : metric.why, .mood = Mood::quiet}},
            .facts = {{"metric", metric.key}, {"change", name_of(metric.change)}}};
}

}  // namespace

Table change_table(const std::vector<MetricOfGroup>& metrics) {
    Table table{.title = "What changed",
                .columns = {{"figure"},
                            {"verdict"},
                            {"base", Align::right},
                            {"candidate", Align::right},
                            {"change", Align::right},
                            {"at least", Align::right},
                            {"at most", Align::right},
                            {"to settle it", Align::right},
                            {"remark"}},
                .named_groups = true};
    for (const auto& [group, metric] : metrics) {
        const auto name = group_name(*group);
        if (table.groups.empty() || table.groups.back().name != name) {
            table.groups.push_back({.name = name});
        }
        table.groups.back().lines.push_back(line_of_metric(*metric));
    }
    return table;
}

std::vector<MetricOfGroup> worth_a_line(const GroupDiff& group) {
    std::vector<MetricOfGroup> some;
    for (const auto& metric : group.metrics) {
        if (!has_none_on_either_side(metric)) {
            some.push_back({&group, &metric});
        }
    }
    return some;
}

std::string none_on_either_side(const GroupDiff& group) {
    std::string names;
    for (const auto& metric : group.metrics) {
        if (has_none_on_either_side(metric)) {
            names += (names.empty() ? "" : ", ") + metric.name;
        }
    }
    return names;
}

std::string group_name(const GroupDiff& group) {
    return group.base_name == group.candidate_name ? group.base_name
                                                   : group.candidate_name + " against " + group.base_name;
}

const char* word_of(Change change) {
    return change == Change::worse ? "WORSE" : name_of(change);
}

Mood mood_of(Change change) {
    switch (change) {
        case Change::better:
            return Mood::good;
        case Change::inconclusive:
            return Mood::fair;
        case Change::same:
            return Mood::quiet;
        case Change::worse:
        case Change::incomparable:
            break;
    }
    return Mood::bad;
}

}  // namespace portillon::report
