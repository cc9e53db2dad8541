#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "escape/formats.h"
#include "gate/metric.h"
#include "report/account.h"
#include "report/cells.h"
#include "report/fault_text.h"
#include "report/headline.h"
#include "report/prose.h"
#include "report/reach.h"
#include "report/tables.h"

namespace portillon::report {

namespace {

constexpr std::size_t indent = 13;
constexpr std::size_t most_shown = 10;  // exceptions; the report lists up to 1,000

std::string heading(const RunReport& run) {
    const auto variant = run.variant.empty() ? "" : fmt::format(" ({})", run.variant);
    return labelled("", 0,
                    fmt::format("{} over {}{}, {}, target {}, seed {}", run.scenario.name, run.protocol, variant,
                                counted(*run.counts.equipments, "equipment"), run.target, run.seed));
}

std::string verdict_lines(const Verdict& verdict, Style style) {
    const auto mood = verdict_cell(verdict).mood;
    std::string label = "measurement";
    label.resize(indent, ' ');
    std::string text = label + painted(name_of(verdict.measurement), mood, style);
    text += verdict.complete ? "\n"
                             : ", " + painted("incomplete", Mood::bad, style) + ": " +
                                   escape::terminal(why_incomplete(verdict)) + "\n";
    for (const auto& reason : verdict.reasons) {
        text += labelled("", indent, reason);
    }
    return text;
}

// The first line, if something did not get through or a threshold failed; otherwise empty.
std::string headline_of(const RunReport& run, Style style) {
    const auto sentence = headline(run);
    if (sentence.empty()) {
        return {};
    }
    const bool failed = any_failed(run) || is_unreached(run);
    return painted(failed ? "FAILED" : "NOTE", failed ? Mood::bad : Mood::fair, style) + ": " +
           escape::terminal(sentence) + "\n";
}

// Puts what was observed, or why nothing was, into one column.
Table with_findings(const Table& thresholds) {
    auto table = selected(thresholds, {"outcome", "threshold", "remark"});
    const auto observations = selected(thresholds, {"observed"});
    for (std::size_t i = 0; i < table.groups.front().lines.size(); ++i) {
        const auto& observed = observations.groups.front().lines[i].cells[0];
        auto& cells = table.groups.front().lines[i].cells;
        const bool skipped = cells[0].mood == Mood::fair;  // a sentence below the table says why
        cells[2].text = skipped ? "no data" : observed.is_absent() ? cells[2].text : "observed " + observed.text;
    }
    return table;
}

std::string threshold_lines(const std::vector<Row>& rows, Style style) {
    const auto& thresholds = rows.front().runs.front().run->thresholds;
    if (thresholds.empty()) {
        return {};
    }
    const auto count_of = [&thresholds](auto what) {
        return static_cast<std::size_t>(std::count_if(thresholds.begin(), thresholds.end(), what));
    };
    const auto failed = count_of([](const auto& t) { return !t.passed; });
    const auto skipped = count_of([](const auto& t) { return t.skipped; });
    const bool by_default = thresholds.front().origin == gate::Origin::by_default;
    const auto total = thresholds.size() - skipped;
    auto notes = std::string(by_default ? ", by default: the scenario states none" : "");
    notes += skipped > 0 ? fmt::format("; {} skipped", skipped) : "";
    std::string label = "thresholds";
    label.resize(indent, ' ');
    return label +
           (failed > 0 ? painted(fmt::format("{} of {} failed", failed, total), Mood::bad, style)
                       : painted(total == 1 ? "passed" : fmt::format("all {} passed", total), Mood::good, style)) +
           notes + '\n' + text_table(with_findings(threshold_table(rows)), Heading::indented, style);
}

// Notes on what the table of latencies cannot show: how many values are above every other, and why.
std::string notes_on(const Latencies& latency) {
    std::string notes;
    for (const auto& figure : account::latency_figures) {
        const auto& one = latency.*figure.member;
        if (one && one->unanswered > 0) {
            notes += labelled(
                "", 2,
                fmt::format("{}: {} never came; they rank above all others, and \"never\" stands where a figure "
                            "falls among them.",
                            figure.label, counted(one->unanswered)));
        }
        if (one && one->histogram.overflow() > 0) {
            notes +=
                labelled("", 2, fmt::format("{}: {} above 24 h.", figure.label, counted(one->histogram.overflow())));
        }
    }
    return notes;
}

std::string latency_lines(const std::vector<Row>& rows) {
    return text_table(selected(latency_table(rows), {"latency", "P50", "P90", "P95", "P99", "P99.9", "max", "values"}),
                      Heading::outdented) +
           notes_on(rows.front().whole.latency);
}

// Two columns of counts: those of the equipments, and beside them those of the server.
std::string book_lines(const std::vector<Row>& rows) {
    const auto books = book_table(rows);
    const auto& left = books.groups[0].lines;
    const auto& right = books.groups[1].lines;
    TextTable table({Align::left, Align::right, Align::left, Align::right});
    const auto text = [](const std::vector<Line>& lines, std::size_t line, std::size_t cell) {
        return line < lines.size() ? plain_text(lines[line].cells[cell]) : std::string{};
    };
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        table.add_row({"  " + text(left, i, 0), text(left, i, 1), "    " + text(right, i, 0), text(right, i, 1)});
    }
    auto lines = "delivery account, in validations\n" + table.text("");
    for (const auto& sentence : account_of(*rows.front().runs.front().run)) {
        lines += labelled("", 2, sentence);
    }
    return lines;
}

std::string exception_lines(const std::vector<Row>& rows) {
    auto table = selected(exception_table(rows), {"state", "equipment", "sequences", "validations"});
    table.columns.front().name = "exceptions";
    return text_table(shortened(table, most_shown), Heading::outdented);
}

std::string fault_lines(const RunReport& run) {
    std::string text;
    for (const auto& fault : run.faults) {
        text += labelled(text.empty() ? "faults" : "", indent, fault_line(run, fault));
    }
    return text;
}

std::string of_bytes(std::optional<double> bytes) {
    return bytes ? gate::humanize_figure(gate::Kind::bytes, *bytes) : "-";
}

std::string cost_lines(const Row& row) {
    const auto table = text_table(without(side_table(row), {"memory growth"}), Heading::outdented);
    const auto& note = row.whole.resources.note;
    return table.empty() || note.empty() ? table : table + labelled("", 2, note);
}

std::string throughput_text(const Row& row) {
    std::string text;
    for (const auto& figure : account::throughput_figures) {
        const auto cell = throughput_cell(row, figure);
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", figure.name.substr(0, figure.name.find("_per_s")),
                            cell.is_absent() ? "unknown" : cell.text);
    }
    return text;
}

// The known counts of batches, and the other counts of the tally that do not count validations.
std::string batch_text(const account::KnownCounts& counts) {
    auto text = fmt::format("{} sent, {} retried", counted(*counts.sent_batches), counted(*counts.retries));
    for (const auto& figure : account::count_figures) {
        const bool is_said = figure.name == "sent_batches" || figure.name == "retries";
        const auto& count = counts.*figure.known_count;
        if (figure.section == account::Section::tally && figure.unit != account::Unit::validations && !is_said &&
            count) {
            text += fmt::format(", {} {}", counted(*count), figure.explanation);
        }
    }
    return text;
}

std::string listed(const std::map<std::string, Count>& counts) {
    std::string text;
    for (const auto& [name, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, counted(count));
    }
    return text;
}

std::string fleet_text(const RunReport& run) {
    const auto& counts = run.counts;
    const auto& all_in = run.fleet.connecting_s;
    const auto connecting = all_in ? fmt::format(", all in {}", humanize(Nanos{std::llround(*all_in * 1e9)})) : "";
    const auto never = counts.never_connected.value_or(0) > 0
                           ? fmt::format(", {} never connected", counted(*counts.never_connected))
                           : "";
    return fmt::format("{}, at most {} connected{}{}; {}, {}", counted(*counts.equipments, "equipment"),
                       counted(*counts.connected_max), connecting, never, counted(*counts.connects, "connect"),
                       counted(*counts.reconnects, "reconnect"));
}

// The server's own words about the causes of errors.
std::string words_of(const RunReport& run) {
    std::string text;
    std::size_t shown = 0;
    for (const auto& [cause, words] : run.server_said) {
        if (shown++ == most_shown) {
            return text +
                   labelled("", indent, fmt::format("and of {} more causes", run.server_said.size() - shown + 1));
        }
        text += labelled(text.empty() ? "server said" : "", indent, fmt::format("{}: \"{}\"", cause, words));
    }
    return text;
}

std::string wire_text(const Wire& wire) {
    const auto each =
        wire.bytes_per_validation ? gate::humanize_figure(gate::Kind::bytes, *wire.bytes_per_validation) : "-";
    return fmt::format("{} per validation ({} sent, {} received); {}, payload of {}", each, of_bytes(wire.bytes_sent),
                       of_bytes(wire.bytes_received), wire.encoding, of_bytes(wire.payload_bytes));
}

}  // namespace

std::string summary(const RunReport& run, Style style) {
    const Report report = run;
    const auto rows = rows_of(report);
    const auto& row = rows.front();
    const auto failures = failures_of(run);
    const auto* no_failures = unaccounted_of(run) == 0U ? "none" : "none that is known";
    std::string text = headline_of(run, style) + heading(run);
    const auto paragraph = [&text](const std::string& lines) { text += lines.empty() ? "" : '\n' + lines; };
    paragraph(verdict_lines(run.verdict, style) + threshold_lines(rows, style) +
              (about_skipped(run).empty() ? "" : labelled("", 2, about_skipped(run))));
    paragraph(latency_lines(rows));
    paragraph(book_lines(rows));
    paragraph(exception_lines(rows));
    paragraph(fault_lines(run));
    paragraph(cost_lines(row));
    paragraph(labelled("throughput", indent, throughput_text(row)) +
              labelled("batches", indent, batch_text(run.counts)) + labelled("fleet", indent, fleet_text(run)) +
              labelled("wire", indent, wire_text(run.wire)) +
              labelled("errors", indent, failures.empty() ? no_failures : listed(failures)) + words_of(run));
    return text;
}

}  // namespace portillon::report
