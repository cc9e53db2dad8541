#include "report/comparison_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "base/units.h"
#include "gate/metric.h"
#include "report/account.h"
#include "report/entrants.h"
#include "report/headline.h"
#include "report/markdown_table.h"
#include "report/markdown_text.h"
#include "report/prose.h"
#include "report/tables.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

// Formats a number whose unit is in the heading.
using Brief = std::string (*)(double);

std::string brief_us(double us) {
    return us == 0 || us >= 0.1 ? fmt::format("{:.2f}", us) : humanize_count(us);
}

std::string brief_size(double bytes) {
    return gate::humanize_figure(gate::Kind::bytes, std::round(bytes));
}

std::string brief_bytes(double bytes) {
    return bytes == 0 || bytes >= 1 ? fmt::format("{:.0f}", bytes) : humanize_count(bytes);
}

Cell brief_cell(const Cell& cell, Brief brief) {
    const auto& spread = cell.spread;
    Cell short_one{.text = spread.value ? brief(*spread.value) : "-"};
    if (spread.repeats > 1) {
        short_one.range = spread.least ? range_text(brief(*spread.least), brief(*spread.most)) : "-";
    }
    return short_one;
}

// One cell with the figures of generator and server.
Cell brief_pair(const Cell& generator, const Cell& server, Brief brief) {
    if (generator.is_absent() && server.is_absent()) {
        return {.text = "-"};
    }
    const auto one = brief_cell(generator, brief);
    const auto other = brief_cell(server, brief);
    const auto either = [](const std::string& range) { return range.empty() ? "-" : range; };
    return {.text = one.text + " / " + other.text,
            .range = one.range.empty() && other.range.empty() ? "" : either(one.range) + " / " + either(other.range)};
}

// Makes the table narrow enough for text: both sides share a column, and units are in the headings.
Table in_brief(const Table& comparison) {
    enum Place : std::size_t { generator_cpu = 8, server_cpu, generator_memory, server_memory, bytes };
    auto table = without(comparison, {"generator", "server"});
    const auto place = static_cast<std::ptrdiff_t>(generator_cpu);
    table.columns[generator_cpu].name = "bytes/val.";
    table.columns.insert(table.columns.begin() + place,
                         {{"CPU us/val.", Align::right}, {"memory/equip.", Align::right}});
    for (std::size_t i = 0; i < comparison.groups.front().lines.size(); ++i) {
        const auto& from = comparison.groups.front().lines[i].cells;
        auto& cells = table.groups.front().lines[i].cells;
        cells.front().remarks.clear();
        cells[generator_cpu] = brief_cell(from[bytes], brief_bytes);
        cells.insert(cells.begin() + place, {brief_pair(from[generator_cpu], from[server_cpu], brief_us),
                                             brief_pair(from[generator_memory], from[server_memory], brief_size)});
    }
    return table;
}

// Moves the range of the repeats into a line of its own below theirs.
Table with_ranges_below(Table table) {
    for (auto& group : table.groups) {
        std::vector<Line> lines;
        for (auto& line : group.lines) {
            Line ranges{.cells = {{.text = "  min-max"}}};
            for (std::size_t i = 1; i < line.cells.size(); ++i) {
                ranges.cells.push_back({.text = std::exchange(line.cells[i].range, {})});
            }
            const bool any = std::any_of(ranges.cells.begin() + 1, ranges.cells.end(),
                                         [](const Cell& cell) { return !cell.text.empty(); });
            lines.push_back(std::move(line));
            if (any) {
                lines.push_back(std::move(ranges));
            }
        }
        group.lines = std::move(lines);
    }
    return table;
}

// The headline of the repeat in which the largest share did not get through.
std::string worst_headline(const Entrant& entrant) {
    const RunReport* worst = nullptr;
    const auto share = [](const RunReport& run) {
        const auto missing = *run.counts.generated - std::min(*run.counts.generated, *run.counts.acknowledged);
        return static_cast<double>(missing) / static_cast<double>(std::max<Count>(1, *run.counts.generated));
    };
    for (const auto* run : entrant.runs) {
        if (!headline(*run).empty() && (worst == nullptr || share(*run) > share(*worst))) {
            worst = run;
        }
    }
    return worst == nullptr ? "" : headline(*worst);
}

// The sentence about skipped thresholds, once for the whole comparison.
std::string skipped_note(const Comparison& comparison) {
    for (const auto& turn : comparison.runs) {
        if (const auto said = about_skipped(turn.run); !said.empty()) {
            return said;
        }
    }
    return {};
}

using Notes = std::vector<std::string>;

void add_note_on_repeats(Notes& notes, const std::vector<Entrant>& entrants) {
    const auto most = std::max_element(entrants.begin(), entrants.end(), [](const Entrant& a, const Entrant& b) {
        return a.runs.size() < b.runs.size();
    });
    if (most != entrants.end() && most->runs.size() > 1) {
        notes.push_back(fmt::format(
            "{} repeats: times and costs are the medians of the valid ones, below them the least and the greatest; "
            "delivered, lost and undelivered are their totals.",
            most->asked));
    }
}

void add_notes_on_costs(Notes& notes, const Comparison& comparison) {
    std::set<std::string> said;
    for (const auto& turn : comparison.runs) {
        if (!turn.run.resources.note.empty() && said.insert(turn.run.resources.note).second) {
            notes.push_back(turn.run.resources.note);
        }
    }
}

void add_note_on_runs_made_again(Notes& notes, const Entrant& entrant) {
    if (entrant.again.empty()) {
        return;
    }
    std::set<std::string> reasons;
    for (const auto* turn : entrant.again) {
        reasons.insert(turn->run.verdict.reasons.begin(), turn->run.verdict.reasons.end());
    }
    notes.push_back(fmt::format("{}: {} measured badly and run again: {}.", entrant.name,
                                counted(entrant.again.size(), "run"), fmt::join(reasons, "; ")));
}

void add_note_on_breaches(Notes& notes, const Entrant& entrant) {
    Notes breached;
    for (const auto& threshold : own_thresholds(entrant)) {
        const auto judged = judge(entrant, threshold).judged;
        if (!judged.passed) {
            breached.push_back(fmt::format("{}: {} ({}{})", judged.metric, judged.expression,
                                           judged.observed ? "" : "no data: ", judged.reason));
        }
    }
    if (!breached.empty()) {
        notes.push_back(fmt::format("{} fails {}.", entrant.name, fmt::join(breached, "; ")));
    }
}

void add_notes_on(Notes& notes, const Entrant& entrant) {
    const auto& name = entrant.name;
    add_note_on_runs_made_again(notes, entrant);
    for (const auto& sentence : account_of(known_of(entrant.counting()))) {
        notes.push_back(fmt::format("{}: {}", name, sentence));
    }
    if (const auto verdict = entrant.verdict(); !verdict.reasons.empty()) {
        notes.push_back(fmt::format("{}{} {}: {}.", name, entrant.asked > 1 ? ":" : " is", entrant.verdict_text(),
                                    fmt::join(verdict.reasons, "; ")));
    }
    for (const auto& loss : losses_beside(entrant)) {
        notes.push_back(fmt::format("{}: {}.", name, loss));
    }
    if (const auto worst = worst_headline(entrant); !worst.empty()) {
        notes.push_back(fmt::format("{}: {}.", name, worst));
    }
    add_note_on_breaches(notes, entrant);
}

bool has_footnote(const Table& table) {
    const auto& lines = table.groups.front().lines;
    return std::any_of(lines.begin(), lines.end(), [](const Line& line) {
        return !line.cells[1].mark.empty() && plain_text(line.cells[1]).ends_with(line.cells[1].mark);
    });
}

Notes notes_of(const Comparison& comparison, const Table& table) {
    const auto entrants = entrants_of(comparison);
    Notes notes{
        "CPU per acknowledged validation (or sent one, where nothing is) and memory per equipment (growth since "
        "before the fleet was there): generator / server."};
    add_note_on_repeats(notes, entrants);
    if (has_footnote(table)) {
        notes.emplace_back(
            "* end to end (due to delivered), because nothing is acknowledged: the time of an answer is not in it.");
    }
    add_notes_on_costs(notes, comparison);
    if (auto skipped = skipped_note(comparison); !skipped.empty()) {
        notes.push_back(std::move(skipped));
    }
    for (const auto& entrant : entrants) {
        add_notes_on(notes, entrant);
    }
    return notes;
}

// The comparison in the form for text and Markdown.
Table table_for_text(const Comparison& comparison) {
    auto table = with_ranges_below(in_brief(comparison_of(rows_of(comparison))));
    const bool named = std::any_of(comparison.runs.begin(), comparison.runs.end(),
                                   [](const Turn& turn) { return !turn.name.empty(); });
    if (named) {
        table.columns.front().name = "target";
    }
    return table;
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
    const auto table = table_for_text(comparison);
    auto text = text_table(table, Heading::shown);
    for (const auto& note : notes_of(comparison, table)) {
        text += labelled("", 2, note);
    }
    return text;
}

std::string comparison_tables_markdown(const Comparison& comparison) {
    const auto table = table_for_text(comparison);
    auto text = markdown_table(table, std::numeric_limits<std::size_t>::max()) + '\n';
    for (const auto& note : notes_of(comparison, table)) {
        text += fmt::format("- {}\n", escaped_markdown(note));
    }
    return text;
}

}  // namespace portillon::report
