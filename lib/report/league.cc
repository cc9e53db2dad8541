#include "report/league.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/units.h"
#include "gate/metric.h"
#include "report/entrants.h"
#include "report/markdown_text.h"
#include "report/prose.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

template <class Ask>
auto median(const Entrant& entrant, Ask ask) -> decltype(ask(*entrant.runs.front())) {
    std::vector<typename decltype(ask(*entrant.runs.front()))::value_type> values;
    for (const auto* run : entrant.runs) {
        if (const auto value = ask(*run)) {
            values.push_back(*value);
        }
    }
    if (values.empty()) {
        return std::nullopt;
    }
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Absent if it is so in any run.
template <class Ask>
std::optional<Count> sum(const Entrant& entrant, Ask ask) {
    Count total = 0;
    for (const auto* run : entrant.runs) {
        const std::optional<Count> count = ask(*run);
        if (!count) {
            return std::nullopt;
        }
        total += *count;
    }
    return total;
}

constexpr const char* end_to_end_mark = "*";

// P50, P95, P99 and the maximum.
std::vector<std::string> latency_cells(const Entrant& entrant) {
    const char* mark = "";
    auto latency = merged(entrant, &Latencies::response);
    if (!latency) {
        latency = merged(entrant, &Latencies::end_to_end);
        mark = end_to_end_mark;
    }
    if (!latency) {
        return {"-", "-", "-", "-"};
    }
    std::vector<std::string> cells;
    for (const double percent : {50.0, 95.0, 99.0}) {
        const auto value = latency->histogram.percentile(percent, latency->unanswered);
        const bool any = !latency->histogram.empty() || latency->unanswered > 0;
        cells.push_back((value                     ? humanize(*value)
                         : !any                    ? "-"
                         : latency->unanswered > 0 ? "never"
                                                   : ">24 h") +
                        std::string(mark));
    }
    const auto max = latency->histogram.max();
    cells.push_back(max ? humanize(*max) + mark : "-");
    return cells;
}

std::string both(const std::string& generator, const std::string& server) {
    return generator == "-" && server == "-" ? "-" : generator + " / " + server;
}

template <class Value>
auto cost_of(std::optional<Resources> Costs::*side, std::optional<Value> Resources::*figure) {
    return [side, figure](const RunReport& run) {
        const auto& resources = run.resources.*side;
        return resources ? (*resources).*figure : std::optional<Value>{};
    };
}

std::string cpu_cell(const Entrant& entrant) {
    const auto of_side = [&entrant](std::optional<Resources> Costs::*side) {
        const auto us = median(entrant, cost_of(side, &Resources::cpu_us_per_validation));
        return us ? fmt::format("{:.2f}", *us) : std::string("-");
    };
    return both(of_side(&Costs::generator), of_side(&Costs::server));
}

std::string memory_cell(const Entrant& entrant) {
    const auto of_side = [&entrant](std::optional<Resources> Costs::*side) {
        const auto bytes = median(entrant, cost_of(side, &Resources::rss_bytes_per_equipment));
        return bytes ? humanize(Bytes{*bytes}) : std::string("-");
    };
    return both(of_side(&Costs::generator), of_side(&Costs::server));
}

std::string verdict_cell(const Entrant& entrant) {
    auto worst = Measurement::valid;
    bool complete = true;
    for (const auto* run : entrant.runs) {
        worst = std::max(worst, run->verdict.measurement);
        complete = complete && run->verdict.complete;
    }
    return std::string(name_of(worst)) + (complete ? "" : ", incomplete");
}

std::string maybe_counted(std::optional<Count> count) {
    return count ? counted(*count) : "-";
}

struct League {
    std::vector<std::string> headings;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> notes;
};

const std::vector<std::string> protocol_headings{
    "protocol",    "P50",         "P95",           "P99",        "max",      "delivered", "lost",
    "undelivered", "CPU us/val.", "memory/equip.", "bytes/val.", "encoding", "verdict"};

void add_notes(const Comparison& comparison, const std::vector<Entrant>& entrants, League& league) {
    league.notes.emplace_back("CPU per validation and memory per equipment: generator / server.");
    const auto most = std::max_element(entrants.begin(), entrants.end(), [](const Entrant& a, const Entrant& b) {
        return a.runs.size() < b.runs.size();
    });
    if (most != entrants.end() && most->runs.size() > 1) {
        league.notes.push_back(fmt::format(
            "{} repeats: histograms merged, counts summed, costs are medians, the worst verdict.", most->runs.size()));
    }
    const auto starred = [](const std::vector<std::string>& row) { return row[1].ends_with(end_to_end_mark); };
    if (std::any_of(league.rows.begin(), league.rows.end(), starred)) {
        league.notes.push_back(fmt::format(
            "{} end to end (due to delivered), because nothing is acknowledged: the time of an answer is not in it.",
            end_to_end_mark));
    }
    std::set<std::string> said;
    for (const auto& turn : comparison.runs) {
        if (!turn.run.resources.note.empty() && said.insert(turn.run.resources.note).second) {
            league.notes.push_back(turn.run.resources.note);
        }
    }
    for (const auto& entrant : entrants) {
        const auto& name = entrant.name;
        std::set<std::string> reasons;
        std::set<std::string> breached;
        for (const auto* run : entrant.runs) {
            reasons.insert(run->verdict.reasons.begin(), run->verdict.reasons.end());
            for (const auto& threshold : run->thresholds) {
                if (!threshold.passed) {
                    const auto* no_data = threshold.observed ? "" : "no data: ";
                    breached.insert(fmt::format("{}: {} ({}{})", threshold.metric, threshold.expression, no_data,
                                                threshold.reason));
                }
            }
        }
        if (!reasons.empty()) {
            league.notes.push_back(fmt::format("{} is {}: {}.", name, verdict_cell(entrant), fmt::join(reasons, "; ")));
        }
        if (!breached.empty()) {
            league.notes.push_back(fmt::format("{} fails {}.", name, fmt::join(breached, "; ")));
        }
    }
}

League league_of(const Comparison& comparison) {
    const auto entrants = entrants_of(comparison);
    League league{.headings = protocol_headings, .rows = {}, .notes = {}};
    const bool named = std::any_of(comparison.runs.begin(), comparison.runs.end(),
                                   [](const Turn& turn) { return !turn.name.empty(); });
    if (named) {
        league.headings.front() = "target";
    }
    for (const auto& entrant : entrants) {
        std::vector<std::string> row{entrant.name};
        for (auto& cell : latency_cells(entrant)) {
            row.push_back(std::move(cell));
        }
        const auto delivered = sum(entrant, [](const RunReport& run) {
            return run.ledger ? std::optional(run.ledger->delivered) : std::optional<Count>{};
        });
        const auto bytes = median(entrant, [](const RunReport& run) { return run.wire.bytes_per_validation; });
        row.push_back(maybe_counted(delivered));
        row.push_back(maybe_counted(sum(entrant, [](const RunReport& run) { return run.delivery.lost; })));
        row.push_back(maybe_counted(sum(entrant, [](const RunReport& run) { return run.delivery.undelivered; })));
        row.push_back(cpu_cell(entrant));
        row.push_back(memory_cell(entrant));
        row.push_back(bytes ? fmt::format("{:.0f}", *bytes) : "-");
        row.push_back(entrant.runs.front()->wire.encoding);
        row.push_back(verdict_cell(entrant));
        league.rows.push_back(std::move(row));
    }
    add_notes(comparison, entrants, league);
    return league;
}

std::vector<Align> columns() {
    std::vector<Align> aligned(protocol_headings.size(), Align::right);
    aligned.front() = aligned.back() = aligned[aligned.size() - 2] = Align::left;
    return aligned;
}

}  // namespace

std::string league_table(const Comparison& comparison) {
    const auto league = league_of(comparison);
    TextTable table(columns());
    table.add_row(league.headings);
    for (const auto& row : league.rows) {
        table.add_row(row);
    }
    std::string text = table.text("");
    for (const auto& note : league.notes) {
        text += labelled("", 2, note);
    }
    return text;
}

std::string league_markdown(const Comparison& comparison) {
    const auto league = league_of(comparison);
    MarkdownTable table(league.headings, columns());
    for (const auto& row : league.rows) {
        std::vector<std::string> cells;
        std::transform(row.begin(), row.end(), std::back_inserter(cells),
                       [](const auto& cell) { return escaped_markdown(cell); });
        table.add_row(cells);
    }
    std::string text = table.text() + '\n';
    for (const auto& note : league.notes) {
        text += fmt::format("- {}\n", escaped_markdown(note));
    }
    return text;
}

}  // namespace portillon::report
