#include "report/league.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/units.h"
#include "gate/metric.h"
#include "report/prose.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

// All runs of one protocol, variant and target.
struct Entrant {
    std::vector<const RunReport*> runs;
};

std::vector<Entrant> entrants_of(const Comparison& comparison) {
    std::vector<const Turn*> turns;
    for (const auto& turn : comparison.runs) {
        turns.push_back(&turn);
    }
    // As they first ran, whatever their order in the file.
    std::stable_sort(turns.begin(), turns.end(), [](const Turn* a, const Turn* b) {
        return a->repeat != b->repeat ? a->repeat < b->repeat : a->order < b->order;
    });
    std::vector<Entrant> entrants;
    for (const auto* turn : turns) {
        const auto& run = turn->run;
        const auto same = std::find_if(entrants.begin(), entrants.end(), [&run](const Entrant& entrant) {
            const auto& first = *entrant.runs.front();
            return first.protocol == run.protocol && first.variant == run.variant && first.target == run.target;
        });
        if (same == entrants.end()) {
            entrants.push_back({{&run}});
        } else {
            same->runs.push_back(&run);
        }
    }
    return entrants;
}

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

std::optional<Latency> merged(const Entrant& entrant, std::optional<Latency> Latencies::*which) {
    std::optional<Latency> whole;
    for (const auto* run : entrant.runs) {
        const auto& latency = run->latency.*which;
        if (!latency) {
            return std::nullopt;
        }
        if (!whole) {
            whole.emplace();
        }
        whole->histogram.merge(latency->histogram);
        whole->unanswered += latency->unanswered;
    }
    return whole;
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

std::string label_of(const Entrant& entrant, bool with_target) {
    const auto& run = *entrant.runs.front();
    return run.protocol + (run.variant.empty() ? "" : " " + run.variant) + (with_target ? " at " + run.target : "");
}

std::string maybe_counted(std::optional<Count> count) {
    return count ? counted(*count) : "-";
}

struct League {
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> notes;
};

const std::vector<std::string> headings{"protocol",   "P50",      "P95",         "P99",         "max",
                                        "delivered",  "lost",     "undelivered", "CPU us/val.", "memory/equip.",
                                        "bytes/val.", "encoding", "verdict"};

void add_notes(const Comparison& comparison, const std::vector<Entrant>& entrants, bool with_target, League& league) {
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
        const auto name = label_of(entrant, with_target);
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
    std::set<std::string> targets;
    for (const auto& turn : comparison.runs) {
        targets.insert(turn.run.target);
    }
    const bool several_of_a_kind = std::any_of(entrants.begin(), entrants.end(), [&entrants](const Entrant& entrant) {
        return std::count_if(entrants.begin(), entrants.end(), [&entrant](const Entrant& other) {
                   return label_of(other, false) == label_of(entrant, false);
               }) > 1;
    });
    League league;
    for (const auto& entrant : entrants) {
        std::vector<std::string> row{label_of(entrant, several_of_a_kind)};
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
    add_notes(comparison, entrants, several_of_a_kind, league);
    return league;
}

bool left_aligned(std::size_t column) {
    return column == 0 || column + 2 >= headings.size();
}

std::string escaped_markdown(std::string cell) {
    for (std::size_t at = 0; (at = cell.find_first_of("|*", at)) != std::string::npos; at += 2) {
        cell.insert(at, 1, '\\');
    }
    return cell;
}

}  // namespace

std::string league_table(const Comparison& comparison) {
    const auto league = league_of(comparison);
    std::vector<Align> columns;
    for (std::size_t i = 0; i < headings.size(); ++i) {
        columns.push_back(left_aligned(i) ? Align::left : Align::right);
    }
    TextTable table(columns);
    table.add_row(headings);
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
    std::string rule = "|";
    for (std::size_t i = 0; i < headings.size(); ++i) {
        rule += left_aligned(i) ? " --- |" : " ---: |";
    }
    std::string text = fmt::format("| {} |\n{}\n", fmt::join(headings, " | "), rule);
    for (const auto& row : league.rows) {
        std::vector<std::string> cells;
        std::transform(row.begin(), row.end(), std::back_inserter(cells), escaped_markdown);
        text += fmt::format("| {} |\n", fmt::join(cells, " | "));
    }
    text += '\n';
    for (const auto& note : league.notes) {
        text += fmt::format("- {}\n", escaped_markdown(note));
    }
    return text;
}

}  // namespace portillon::report
