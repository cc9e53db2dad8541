#include "report/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace portillon::report {

namespace {

// The run with its place in the comparison, by which figures of the page refer to it.
RowRun placed(const Comparison& comparison, const RunReport* run) {
    const auto& turns = comparison.runs;
    const auto turn = std::find_if(turns.begin(), turns.end(), [run](const Turn& each) { return &each.run == run; });
    return {.index = static_cast<std::size_t>(turn - turns.begin()),
            .repeat = turn->repeat,
            .run = run,
            .superseded = turn->superseded};
}

Row row_of_entrant(const Entrant& entrant) {
    return {.label = entrant.name, .runs = {}, .counting = {}, .entrant = entrant, .whole = entrant.whole()};
}

}  // namespace

std::vector<Row> rows_of(const Comparison& comparison) {
    std::vector<Row> rows;
    for (const auto& entrant : entrants_of(comparison)) {
        auto row = row_of_entrant(entrant);
        for (const auto* run : entrant.runs) {
            row.runs.push_back(placed(comparison, run));
        }
        for (const auto* turn : entrant.again) {
            row.runs.push_back(placed(comparison, &turn->run));
        }
        for (const auto* run : entrant.counting()) {
            row.counting.push_back(placed(comparison, run));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<Row> rows_of(const Report& report) {
    if (const auto* comparison = std::get_if<Comparison>(&report)) {
        return rows_of(*comparison);
    }
    auto row = row_of_entrant(entrants_of(report).front());
    row.runs = row.counting = {{.index = 0, .repeat = 1, .run = &std::get<RunReport>(report)}};
    return {row};
}

std::string name_of(const Row& row, const RowRun& run) {
    return row.runs.size() == 1 && run.repeat == 1
               ? row.label
               : fmt::format("{}, repeat {}{}", row.label, run.repeat, run.superseded ? ", run again" : "");
}

Row row_of(const Row& row, const RowRun& run) {
    const Entrant alone{.name = name_of(row, run), .runs = {run.run}, .repeats = {run.repeat}};
    return {.label = alone.name, .runs = {run}, .counting = {run}, .entrant = alone, .whole = alone.whole()};
}

std::vector<Row> each_run_of(const std::vector<Row>& rows) {
    std::vector<Row> each;
    for (const auto& row : rows) {
        for (const auto& run : row.runs) {
            each.push_back(row_of(row, run));
        }
    }
    return each;
}

std::vector<std::size_t> places_of(const Row& row) {
    std::vector<std::size_t> places;
    for (const auto& entry : row.counting) {
        places.push_back(entry.index);
    }
    return places;
}

}  // namespace portillon::report
