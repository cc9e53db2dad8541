// Tables of what went wrong: errors by their cause, and the validations that were not simply delivered.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "report/cells.h"
#include "report/prose.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

// The word for the thing that failed, by the kind of the error.
const char* failed_of(const std::string& cause) {
    return cause.starts_with("connect.") ? "dial" : cause.starts_with("connection.") ? "connection" : "attempt";
}

// The key of a failure in the JSON report.
std::string path_of_failure(const RunReport& run, const std::string& cause) {
    return run.errors.contains(cause) ? "errors." + cause
                                      : "fleet.connect_failures." + cause.substr(cause.find('.') + 1);
}

Cell failure_cell(const Row& row, const std::string& cause) {
    const auto all = failures_of(row.whole);
    const auto found = all.find(cause);
    if (found == all.end()) {
        return text_cell("0");
    }
    auto cell = count_cell(path_of_failure(row.whole, cause), found->second);
    cell.runs = places_of(row);
    return cell;
}

// The line of all errors together, and their share of what was generated.
Line line_of_all_errors(const std::vector<Row>& rows) {
    Line line{.cells = {text_cell("all"), text_cell("attempts, by validations generated")}};
    for (const auto& row : rows) {
        const auto errors = errors_of(row.whole);
        const auto generated = row.whole.counts.generated.value_or(0);
        line.cells.push_back(
            text_cell(counted(errors) +
                      (errors > 0 && generated > 0
                           ? " (" + percent_text(static_cast<double>(errors) / static_cast<double>(generated)) + ")"
                           : "")));
    }
    return line;
}

// A server's words about the error's cause: those of the first row that has any.
std::string words_about(const std::vector<Row>& rows, const std::string& error) {
    for (const auto& row : rows) {
        const auto said = row.whole.server_said.find(cause_of(error));
        if (said != row.whole.server_said.end()) {
            return said->second;
        }
    }
    return {};
}

const char* meaning_of(State state) {
    switch (state) {
        case State::lost:
            return "acknowledged, then not delivered: a broken promise";
        case State::undelivered:
            return "generated, never arrived";
        case State::unconfirmed:
            return "arrived, but its equipment was never told";
        case State::duplicated:
            return "arrived more than once";
        case State::reordered:
            return "arrived after a later one";
        case State::unexpected:
            break;
    }
    return "nobody sent it like this";
}

Line line_of_exception(const Exceptional& each, std::size_t place) {
    const bool altered = each.last < each.first;
    return {.cells = {text_cell(name_of(each.state)),
                      text_cell(std::to_string(each.equipment)),
                      text_cell(each.first == each.last ? std::to_string(each.first)
                                                        : fmt::format("{} to {}", each.first, each.last)),
                      text_cell(altered ? "0" : counted(each.last - each.first + 1)),
                      {.text = meaning_of(each.state), .mood = Mood::quiet}},
            .facts = {{"exception", std::to_string(place)}}};
}

}  // namespace

Table error_table(const std::vector<Row>& rows) {
    Table table{.title = "Errors by cause", .columns = {{"cause"}, {"what failed"}}, .groups = {{}}};
    for (const auto& row : rows) {
        table.columns.push_back({row.label, Align::right});
    }
    const bool said =
        std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.whole.server_said.empty(); });
    if (said) {
        table.columns.push_back({"the server's words"});
    }
    std::set<std::string> causes;
    for (const auto& row : rows) {
        for (const auto& [cause, count] : failures_of(row.whole)) {
            causes.insert(cause);
        }
    }
    if (!causes.empty()) {
        table.groups.front().lines.push_back(line_of_all_errors(rows));
        if (said) {
            table.groups.front().lines.back().cells.push_back(text_cell(""));
        }
    }
    for (const auto& cause : causes) {
        Line line{.cells = {text_cell(cause, Form::code), text_cell(failed_of(cause))}};
        for (const auto& row : rows) {
            line.cells.push_back(failure_cell(row, cause));
        }
        if (said) {
            line.cells.push_back(text_cell(words_about(rows, cause)));
        }
        table.groups.front().lines.push_back(std::move(line));
    }
    return table;
}

Table exception_table(const std::vector<Row>& rows) {
    Table table{.title = "Delivery exceptions",
                .columns = {{"state"},
                            {"equipment", Align::right},
                            {"sequences", Align::right},
                            {"validations", Align::right},
                            {"meaning"}},
                .named_groups = true};
    const auto runs = each_run_of(rows);
    for (const auto& row : runs) {
        const auto& delivery = row.runs.front().run->delivery;
        if (delivery.exceptions.empty()) {
            continue;
        }
        LineGroup group{.heading = runs.size() > 1 ? row.label : "",
                        .name = row.label,
                        .runs = places_of(row),
                        .unseen = delivery.exceptions_omitted};
        for (std::size_t i = 0; i < delivery.exceptions.size(); ++i) {
            group.lines.push_back(line_of_exception(delivery.exceptions[i], i));
        }
        table.groups.push_back(std::move(group));
    }
    return table;
}

}  // namespace portillon::report
