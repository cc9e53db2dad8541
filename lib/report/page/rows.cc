#include "report/page/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace portillon::report {

namespace {

// The place of a run in the report, by which the page's figures name it.
RowRun placed(const Report& report, const RunReport* run) {
    if (const auto* comparison = std::get_if<Comparison>(&report)) {
        const auto& turns = comparison->runs;
        const auto turn =
            std::find_if(turns.begin(), turns.end(), [run](const Turn& each) { return &each.run == run; });
        return {.index = static_cast<std::size_t>(turn - turns.begin()),
                .repeat = turn->repeat,
                .run = run,
                .superseded = turn->superseded};
    }
    return {.index = 0, .repeat = 1, .run = run};
}

}  // namespace

std::vector<Row> rows_of(const Report& report) {
    std::vector<Row> rows;
    for (const auto& entrant : entrants_of(report)) {
        Row row{.label = entrant.name, .runs = {}, .counting = {}, .entrant = entrant, .whole = entrant.whole()};
        for (const auto* run : entrant.runs) {
            row.runs.push_back(placed(report, run));
        }
        for (const auto* turn : entrant.again) {
            row.runs.push_back(placed(report, &turn->run));
        }
        for (const auto* run : entrant.counting()) {
            row.counting.push_back(placed(report, run));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string name_of(const Row& row, const RowRun& run) {
    return row.runs.size() == 1 && run.repeat == 1
               ? row.label
               : fmt::format("{}, repeat {}{}", row.label, run.repeat, run.superseded ? ", run again" : "");
}

const char* headline_of(const RunReport& run) {
    return run.latency.response || !run.latency.end_to_end ? "response" : "end_to_end";
}

}  // namespace portillon::report
