#include "report/league.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/units.h"
#include "gate/metric.h"
#include "report/account.h"
#include "report/entrants.h"
#include "report/headline.h"
#include "report/latency_choice.h"
#include "report/markdown_text.h"
#include "report/prose.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

constexpr const char* end_to_end_mark = "*";

gate::Threshold asked(const std::string& metric, gate::Aggregate aggregate, double percent = 0) {
    gate::Threshold question;
    question.metric = *gate::find_metric(metric);
    question.aggregate = aggregate;
    question.percent = percent;
    return question;
}

// A figure of a row, and below it the range of the repeats' own; empty where there is one repeat.
struct Cell {
    std::string median, range;
};

Cell cell_of(const Entrant& entrant, const gate::Threshold& question, const std::string& mark = {}) {
    const auto spread = spread_of(entrant, question);
    const auto kind = question.metric.kind;
    return {median_text(spread, kind) + (spread.value || !spread.beyond.empty() ? mark : ""), range_text(spread, kind)};
}

// P50, P95, P99 and the maximum.
std::vector<Cell> latency_cells(const Entrant& entrant) {
    const std::string metric(headline_of(entrant).name);
    const std::string mark = metric == "end_to_end" ? end_to_end_mark : "";
    std::vector<Cell> cells;
    for (const double percent : {50.0, 95.0, 99.0}) {
        cells.push_back(cell_of(entrant, asked(metric, gate::Aggregate::percentile, percent), mark));
    }
    cells.push_back(cell_of(entrant, asked(metric, gate::Aggregate::max), mark));
    return cells;
}

// Of the generator and of the server; `text` makes one from the median and its range.
template <class Text>
Cell both(const Entrant& entrant, const std::string& figure, Text text) {
    const auto of = [&](const char* side) {
        return spread_of(entrant, asked(std::string(side) + "." + figure, gate::Aggregate::value));
    };
    const auto generator = of("generator");
    const auto server = of("server");
    const auto known = [&text](const std::optional<double>& value) { return value ? text(*value) : std::string("-"); };
    const auto range = [&text](const Spread& spread) {
        return spread.repeats > 1 && spread.least ? range_text(text(*spread.least), text(*spread.most))
                                                  : std::string("-");
    };
    if (!generator.value && !server.value) {
        return {"-", ""};
    }
    return {known(generator.value) + " / " + known(server.value),
            generator.repeats > 1 ? range(generator) + " / " + range(server) : ""};
}

// Of the repeat in which most did not get through.
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

// The sentence about skipped thresholds, once.
std::string skipped_note(const Comparison& comparison) {
    for (const auto& turn : comparison.runs) {
        if (const auto said = about_skipped(turn.run); !said.empty()) {
            return said;
        }
    }
    return {};
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
    league.notes.emplace_back(
        "CPU per acknowledged validation (or sent one, where nothing is) and memory per equipment (growth since "
        "before the fleet was there): generator / server.");
    const auto most = std::max_element(entrants.begin(), entrants.end(), [](const Entrant& a, const Entrant& b) {
        return a.runs.size() < b.runs.size();
    });
    if (most != entrants.end() && most->runs.size() > 1) {
        league.notes.push_back(fmt::format(
            "{} repeats: times and costs are the medians of the valid ones, below them the least and the greatest; "
            "delivered, lost and undelivered are their totals.",
            most->asked));
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
    if (const auto skipped = skipped_note(comparison); !skipped.empty()) {
        league.notes.push_back(skipped);
    }
    for (const auto& entrant : entrants) {
        const auto& name = entrant.name;
        const auto row = entrant.verdict();
        if (!entrant.again.empty()) {
            std::set<std::string> reasons;
            for (const auto* turn : entrant.again) {
                reasons.insert(turn->run.verdict.reasons.begin(), turn->run.verdict.reasons.end());
            }
            league.notes.push_back(fmt::format("{}: {} measured badly and run again: {}.", name,
                                               counted(entrant.again.size(), "run"), fmt::join(reasons, "; ")));
        }
        for (const auto& sentence : account_of(known_of(entrant.counting()))) {
            league.notes.push_back(fmt::format("{}: {}", name, sentence));
        }
        if (!row.reasons.empty()) {
            league.notes.push_back(fmt::format("{}{} {}: {}.", name, entrant.asked > 1 ? ":" : " is",
                                               entrant.verdict_text(), fmt::join(row.reasons, "; ")));
        }
        for (const auto& loss : losses_beside(entrant)) {
            league.notes.push_back(fmt::format("{}: {}.", name, loss));
        }
        std::vector<std::string> breached;
        for (const auto& threshold : own_thresholds(entrant)) {
            const auto judged = judge(entrant, threshold).judged;
            if (!judged.passed) {
                breached.push_back(fmt::format("{}: {} ({}{})", judged.metric, judged.expression,
                                               judged.observed ? "" : "no data: ", judged.reason));
            }
        }
        if (const auto worst = worst_headline(entrant); !worst.empty()) {
            league.notes.push_back(fmt::format("{}: {}.", name, worst));
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
        std::vector<std::string> range{"  min-max"};
        const auto add = [&](Cell cell) {
            row.push_back(std::move(cell.median));
            range.push_back(std::move(cell.range));
        };
        for (auto& cell : latency_cells(entrant)) {
            add(std::move(cell));
        }
        const auto whole = entrant.whole();
        add({counted(whole.has_ledger() ? std::optional(*whole.counts.delivered) : std::nullopt), ""});
        add({counted(whole.counts.lost), ""});
        add({counted(whole.counts.undelivered), ""});
        add(both(entrant, "cpu_us_per_validation",
                 [](double us) { return us == 0 || us >= 0.1 ? fmt::format("{:.2f}", us) : humanize_count(us); }));
        add(both(entrant, "rss_bytes_per_equipment",
                 [](double bytes) { return gate::humanize_figure(gate::Kind::bytes, std::round(bytes)); }));
        const auto bytes = spread_of(entrant, asked("bytes_per_validation", gate::Aggregate::value));
        const auto rounded = [](double value) {
            return value == 0 || value >= 1 ? fmt::format("{:.0f}", value) : humanize_count(value);
        };
        add({bytes.value ? rounded(*bytes.value) : "-",
             bytes.repeats > 1 && bytes.least ? range_text(rounded(*bytes.least), rounded(*bytes.most)) : ""});
        add({whole.wire.encoding, ""});
        add({entrant.verdict_text(), ""});
        league.rows.push_back(std::move(row));
        if (entrant.counting().size() > 1) {
            league.rows.push_back(std::move(range));
        }
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
