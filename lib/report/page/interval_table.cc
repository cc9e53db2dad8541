#include "report/page/interval_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "gate/metric.h"
#include "report/cells.h"
#include "report/intervals.h"
#include "report/page/series.h"
#include "report/prose.h"

namespace portillon::report::page {

namespace {

constexpr std::size_t most_interval_lines = 60;

Cell number_cell(std::optional<double> value, const char* why) {
    return value ? text_cell(humanize_count(*value)) : absent_cell(why);
}

// A gauge's mean over several seconds, rounded to a whole number; but a mean below 1 is not rounded to 0.
Cell gauge_cell(std::optional<double> value) {
    const auto whole = [](double mean) { return mean < 1 ? mean : std::round(mean); };
    return number_cell(value ? std::optional(whole(*value)) : std::nullopt, "the target has no record of what arrived");
}

Cell us_cell(std::optional<double> us) {
    return us ? text_cell(gate::humanize_figure(gate::Kind::latency, *us)) : absent_cell("nothing was answered in it");
}

enum class Part : std::uint8_t { stages, drain };

Line line_of_moment(const Moment& moment, double width_s, Part part) {
    const char* too_short = "too short for a rate";
    auto from = moment_cell(moment.at_s);
    if (part == Part::drain) {
        from.remarks.push_back({"drain"});
    }
    return {
        .cells = {std::move(from), number_cell(moment.due_per_s, "nothing is due in the drain"),
                  number_cell(moment.acknowledged_per_s, too_short),
                  number_cell(moment.delivered_per_s,
                              moment.pending ? too_short : "the target has no record of what arrived"),
                  gauge_cell(moment.connected), gauge_cell(moment.in_flight), gauge_cell(moment.cached),
                  gauge_cell(moment.pending), us_cell(moment.p50_us), us_cell(moment.p95_us), us_cell(moment.p99_us),
                  us_cell(moment.max_us),
                  number_cell(moment.errors_per_s, "too short for a rate, or made before errors were kept over time")},
        .facts = {{"at", fmt::format("{}", moment.at_s)}, {"width", fmt::format("{}", width_s)}}};
}

// The latest end of the stages over all repeats, in seconds since T0.
std::optional<double> end_of_stages(const Row& row) {
    std::optional<double> end = 0;
    for (const auto& entry : row.runs) {
        const auto its = end_of_stages(*entry.run);
        end = end && its ? std::optional(std::max(*end, *its)) : std::nullopt;
    }
    return end;
}

}  // namespace

Table interval_table(const Row& row) {
    const auto series = series_of(row.counting, most_interval_lines);
    Table table{.title = fmt::format("{} over time, every {}", row.label, in_seconds(series.width_s)),
                .groups = {{.runs = places_of(row)}}};
    for (const char* name : {"from", "due/s", "acknowledged/s", "delivered/s", "connected", "in flight", "cached",
                             "on the way", "P50", "P95", "P99", "max", "errors/s"}) {
        table.columns.push_back({name, Align::right});
    }
    const auto end = end_of_stages(row);
    for (const auto& moment : series.moments) {
        table.groups.front().lines.push_back(
            line_of_moment(moment, series.width_s, end && moment.at_s >= *end ? Part::drain : Part::stages));
    }
    return table;
}

}  // namespace portillon::report::page
