#include "report/comparison_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/units.h"
#include "report/account.h"
#include "report/derived.h"
#include "report/entrants.h"
#include "report/findings.h"
#include "report/grouped.h"
#include "report/headline.h"
#include "report/latency_choice.h"
#include "report/markdown_table.h"
#include "report/markdown_text.h"
#include "report/side_by_side.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

using Notes = std::vector<std::string>;

// Says of the repeat in which the largest share did not get through what that was; of the repeats that count, as the
// sentences on the account do.
std::string worst_of(const Entrant& entrant) {
    const RunReport* worst = nullptr;
    const auto share = [](const RunReport& run) {
        const auto missing = *run.counts.generated - std::min(*run.counts.generated, *run.counts.acknowledged);
        return static_cast<double>(missing) / static_cast<double>(std::max<Count>(1, *run.counts.generated));
    };
    for (const auto* run : entrant.counting()) {
        if (!what_did_not_get_through(*run).empty() && (worst == nullptr || share(*run) > share(*worst))) {
            worst = run;
        }
    }
    if (worst == nullptr) {
        return {};
    }
    const auto place = std::find(entrant.runs.begin(), entrant.runs.end(), worst) - entrant.runs.begin();
    return (entrant.runs.size() > 1 ? fmt::format("in repeat {}, ", entrant.repeats[static_cast<std::size_t>(place)])
                                    : "") +
           what_did_not_get_through(*worst);
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

// ------------------------------------------------------------------------------------------------ about the tables

void add_note_on_repeats(Notes& notes, const std::vector<Row>& rows) {
    const auto most = std::max_element(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.entrant.runs.size() < b.entrant.runs.size();
    });
    if (most != rows.end() && most->entrant.runs.size() > 1) {
        notes.push_back(fmt::format(
            "{} repeats: times and costs are the medians of those that count, below them the least and the greatest; "
            "errors, lost and undelivered are of all of these together.",
            most->entrant.asked));
    }
}

void add_note_on_end_to_end(Notes& notes, const std::vector<Row>& rows) {
    const bool any = std::any_of(rows.begin(), rows.end(),
                                 [](const Row& row) { return headline_of(row.entrant).name == "end_to_end"; });
    if (any) {
        notes.emplace_back(
            "* end to end (due to delivered), because nothing is acknowledged: the time of an answer is not in it.");
    }
}

void add_note_on_promise(Notes& notes, const std::vector<Row>& rows) {
    const bool any = std::any_of(rows.begin(), rows.end(), [](const Row& row) {
        const auto own = own_thresholds(row.entrant);
        return std::any_of(own.begin(), own.end(), [&row](const gate::Threshold& threshold) {
            return threshold.metric.name == headline_of(row.entrant).name;
        });
    });
    if (any) {
        notes.emplace_back("Promise: the response time in percent of what the scenario's threshold allows.");
    }
}

void add_notes_on_needs(Notes& notes, const std::vector<Row>& rows) {
    std::set<std::string> equipments, rates;  // rows of a comparison may differ in both
    for (const auto& row : rows) {
        if (const auto rate = rate_of_each(row.whole)) {
            equipments.insert(counted(row.whole.counts.equipments.value_or(0)));
            rates.insert(humanize_count(*rate));
        }
    }
    if (rates.empty()) {
        return;
    }
    const bool alike = equipments.size() == 1 && rates.size() == 1;
    notes.push_back(fmt::format(
        "{} such equipments: each cost in proportion to {}; a month of 30 days, with TCP/IP; without any "
        "reserve.",
        counted(equipments_of_needs),
        alike ? fmt::format("{} equipments of this comparison, each with {} {} a second all the time",
                            *equipments.begin(), *rates.begin(), *rates.begin() == "1" ? "validation" : "validations")
              : "the equipments of its row, each with its row's rate all the time"));
}

void add_notes_on_costs(Notes& notes, const std::vector<Row>& rows) {
    std::set<std::string> said;
    for (const auto& row : rows) {
        const auto& note = row.whole.resources.note;
        if (!note.empty() && said.insert(note).second) {
            notes.push_back(note + (note.ends_with('.') ? "" : "."));
        }
    }
}

// ----------------------------------------------------------------------------------------------- about an entrant

void add_note_on_runs_made_again(Notes& notes, const Entrant& entrant) {
    if (entrant.again.empty()) {
        return;
    }
    std::vector<std::string> reasons;
    for (const auto* turn : entrant.again) {
        const auto& its = turn->run.verdict.reasons;
        reasons.insert(reasons.end(), its.begin(), its.end());
    }
    std::vector<std::string> texts;
    for (const auto& reason : grouped(reasons)) {
        texts.push_back(reason.text);
    }
    notes.push_back(fmt::format("{}: {} measured badly and run again: {}.", entrant.name,
                                counted(entrant.again.size(), "run"), fmt::join(texts, "; ")));
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

void add_reasons(Notes& notes, const Entrant& entrant) {
    add_note_on_runs_made_again(notes, entrant);
    for (const auto& reason : grouped_reasons(entrant)) {
        notes.push_back(fmt::format("{}: {}.", entrant.name, reason));
    }
    for (const auto& loss : losses_beside(entrant)) {
        notes.push_back(fmt::format("{}: {}.", entrant.name, loss));
    }
}

// Adds the sentences on what became of the validations; rows with the same sentence are named together.
void add_accounts(Notes& notes, const std::vector<Entrant>& entrants) {
    std::vector<std::pair<std::string, std::vector<std::string>>> said;  // sentence, entrants
    for (const auto& entrant : entrants) {
        for (const auto& sentence : account_of(known_of(entrant.counting()))) {
            const auto known =
                std::find_if(said.begin(), said.end(), [&](const auto& each) { return each.first == sentence; });
            (known == said.end() ? said.emplace_back(sentence, std::vector<std::string>{}) : *known)
                .second.push_back(entrant.name);
        }
    }
    for (const auto& [sentence, names] : said) {
        const bool all = names.size() == entrants.size() && names.size() > 1;
        notes.push_back(fmt::format("{}: {}", all ? "all" : fmt::format("{}", fmt::join(names, ", ")), sentence));
    }
}

void add_notes_on(Notes& notes, const Entrant& entrant) {
    if (const auto worst = worst_of(entrant); !worst.empty()) {
        notes.push_back(fmt::format("{}: {}.", entrant.name, worst));
    }
    add_note_on_breaches(notes, entrant);
}

// The sentences below the tables: what they show, how to read them, and what is wrong with the measurements.
Notes notes_of(const Comparison& comparison, const std::vector<Row>& rows) {
    const auto entrants = entrants_of(comparison);
    Notes notes;
    add_accounts(notes, entrants);
    for (const auto& entrant : entrants) {
        add_notes_on(notes, entrant);
    }
    if (auto skipped = skipped_note(comparison); !skipped.empty()) {
        notes.push_back(std::move(skipped));
    }
    for (auto& note : notes_on_tables(rows)) {
        notes.push_back(std::move(note));
    }
    for (const auto& entrant : entrants) {
        add_reasons(notes, entrant);
    }
    return notes;
}

// "Mqtt answers fastest; nobody lost anything." as one sentence; a name keeps its letters.
std::string sentence_of(const std::vector<std::string>& findings) {
    return findings.empty() ? std::string{} : fmt::format("{}.", fmt::join(findings, "; "));
}

std::vector<Table> tables_for_text(const Comparison& comparison, const std::vector<Row>& rows) {
    auto tables = comparison_tables(rows);
    const bool targets_have_names = std::any_of(comparison.runs.begin(), comparison.runs.end(),
                                                [](const Turn& turn) { return !turn.name.empty(); });
    for (auto& table : tables) {
        table.columns.front().name = targets_have_names ? "target" : table.columns.front().name;
        for (auto& line : table.groups.front().lines) {
            line.cells.front().remarks.clear();
        }
    }
    return tables;
}

}  // namespace

std::vector<std::string> notes_on_tables(const std::vector<Row>& rows) {
    Notes notes;
    add_note_on_repeats(notes, rows);
    add_note_on_end_to_end(notes, rows);
    add_note_on_promise(notes, rows);
    notes.emplace_back(
        "Errors: attempts that ended otherwise than acknowledged, in percent of the validations generated; most are "
        "tried again.");
    notes.emplace_back(
        "CPU per acknowledged validation (or sent one, where nothing is); memory per connection is the growth since "
        "before the fleet was there; TCP/IP is estimated: 52 bytes a packet.");
    add_notes_on_needs(notes, rows);
    add_notes_on_costs(notes, rows);
    return notes;
}

std::string comparison_text(const Comparison& comparison, const DiffOptions& options, std::size_t columns,
                            Style style) {
    const auto rows = rows_of(comparison);
    if (rows.empty()) {
        return {};
    }
    auto text = side_by_side(tables_for_text(comparison, rows), columns, style);
    columns = std::min(columns, terminal_columns);  // longer lines of words are hard to read
    text += '\n' + labelled("", 0, sentence_of(findings_of(comparison, options)), columns) + '\n';
    for (const auto& note : notes_of(comparison, rows)) {
        text += labelled("", 2, note, columns);
    }
    return text;
}

std::string comparison_tables_markdown(const Comparison& comparison, const DiffOptions& options) {
    const auto rows = rows_of(comparison);
    if (rows.empty()) {
        return {};
    }
    std::string text;
    auto tables = tables_for_text(comparison, rows);
    tables[1] = joined(tables[0].title, {tables[0], tables[1]});  // no width is too great here
    tables.erase(tables.begin());
    for (const auto& table : tables) {
        text += fmt::format("**{}**\n\n{}\n", escaped_markdown(table.title),
                            markdown_table(table, std::numeric_limits<std::size_t>::max()));
    }
    text += escaped_markdown(sentence_of(findings_of(comparison, options))) + "\n\n";
    for (const auto& note : notes_of(comparison, rows)) {
        text += fmt::format("- {}\n", escaped_markdown(note));
    }
    return text;
}

}  // namespace portillon::report
