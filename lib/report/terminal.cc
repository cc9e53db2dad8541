#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/units.h"
#include "escape/formats.h"
#include "gate/metric.h"
#include "report/account.h"
#include "report/fault_text.h"
#include "report/headline.h"
#include "report/prose.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

constexpr std::size_t indent = 13;
constexpr std::size_t most_shown = 10;  // exceptions, of the up to 1,000 in the report

enum class Colour : std::uint8_t { red, green, yellow };

std::string painted(const std::string& text, Colour colour, Style style) {
    if (style == Style::plain) {
        return text;
    }
    const char* code = colour == Colour::red ? "31" : colour == Colour::green ? "32" : "33";
    return fmt::format("\033[1;{}m{}\033[0m", code, text);
}

std::string heading(const RunReport& run) {
    const auto variant = run.variant.empty() ? "" : fmt::format(" ({})", run.variant);
    return labelled("", 0,
                    fmt::format("{} over {}{}, {}, target {}, seed {}", run.scenario.name, run.protocol, variant,
                                counted(run.fleet.equipments, "equipment"), run.target, run.seed));
}

std::string verdict_lines(const Verdict& verdict, Style style) {
    const auto colour = verdict.measurement == Measurement::valid     ? Colour::green
                        : verdict.measurement == Measurement::suspect ? Colour::yellow
                                                                      : Colour::red;
    std::string label = "measurement";
    label.resize(indent, ' ');
    std::string text = label + painted(name_of(verdict.measurement), colour, style);
    text += verdict.complete ? "\n"
                             : ", " + painted("incomplete", Colour::red, style) + ": " +
                                   escape::terminal(why_incomplete(verdict)) + "\n";
    for (const auto& reason : verdict.reasons) {
        text += labelled("", indent, reason);
    }
    return text;
}

// The first line, when something did not get through or a threshold failed.
std::string headline_of(const RunReport& run, Style style) {
    const auto sentence = headline(run);
    if (sentence.empty()) {
        return {};
    }
    const bool failed = any_failed(run);
    return painted(failed ? "FAILED" : "NOTE", failed ? Colour::red : Colour::yellow, style) + ": " +
           escape::terminal(sentence) + "\n";
}

std::string threshold_lines(const std::vector<JudgedThreshold>& thresholds, Style style) {
    if (thresholds.empty()) {
        return {};
    }
    const auto count_of = [&thresholds](auto what) {
        return static_cast<std::size_t>(std::count_if(thresholds.begin(), thresholds.end(), what));
    };
    const auto failed = count_of([](const auto& t) { return !t.passed; });
    const auto skipped = count_of([](const auto& t) { return t.skipped; });
    const bool by_default = thresholds.front().origin == gate::Origin::by_default;
    TextTable table({Align::left, Align::left, Align::left});
    for (const auto& threshold : thresholds) {
        const auto metric = gate::find_metric(threshold.metric);
        const bool observed = threshold.observed && metric;
        const auto outcome = threshold.skipped   ? "no data"
                             : !threshold.passed ? (observed ? threshold.reason : "no data: " + threshold.reason)
                             : observed ? "observed " + gate::humanize_figure(metric->kind, *threshold.observed)
                                        : "";
        table.add_row({word_of(threshold), threshold.metric + ": " + threshold.expression, outcome});
    }
    auto rows = table.text();
    for (std::size_t at = 0; at < rows.size(); at = rows.find('\n', at) + 1) {
        const auto word = rows.substr(at + 2, 4);
        const auto colour = word == "FAIL" ? Colour::red : word == "skip" ? Colour::yellow : Colour::green;
        rows.replace(at + 2, 4, painted(word, colour, style));
    }
    const auto total = thresholds.size() - skipped;
    auto notes = std::string(by_default ? ", by default: the scenario states none" : "");
    notes += skipped > 0 ? fmt::format("; {} skipped", skipped) : "";
    std::string label = "thresholds";
    label.resize(indent, ' ');
    return label +
           (failed > 0 ? painted(fmt::format("{} of {} failed", failed, total), Colour::red, style)
                       : painted(total == 1 ? "passed" : fmt::format("all {} passed", total), Colour::green, style)) +
           notes + '\n' + rows;
}

std::string latency_lines(const Latencies& latency) {
    struct Row {
        const char* name;
        const std::optional<Latency>& latency;
    };
    const Row rows[] = {{"response", latency.response}, {"service", latency.service},
                        {"lateness", latency.lateness}, {"end_to_end", latency.end_to_end},
                        {"connect", latency.connect},   {"generator_lag", latency.generator_lag}};
    std::vector<Align> columns(8, Align::right);
    columns[0] = Align::left;
    TextTable table(columns);
    table.add_row({"latency", "P50", "P90", "P95", "P99", "P99.9", "max", "values"});
    std::string notes;
    for (const auto& row : rows) {
        std::vector<std::string> cells{fmt::format("  {}", row.name)};
        if (!row.latency) {
            cells.resize(columns.size(), "-");
            table.add_row(std::move(cells));
            continue;
        }
        const auto& histogram = row.latency->histogram;
        const auto unanswered = row.latency->unanswered;
        const auto shown = [&row](std::optional<Nanos> value) {
            return value ? humanize(*value) : row.latency->word_for_absent();
        };
        for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9}) {
            cells.push_back(shown(row.latency->percentile(percent)));
        }
        cells.push_back(shown(row.latency->max()));
        cells.push_back(counted(histogram.count()));
        table.add_row(std::move(cells));
        if (unanswered > 0) {
            notes += labelled(
                "", 2,
                fmt::format("{}: {} never came; they rank above all others, and \"never\" stands where a figure "
                            "falls among them.",
                            row.name, counted(unanswered)));
        }
        if (histogram.overflow() > 0) {
            notes += labelled("", 2, fmt::format("{}: {} above 24 h.", row.name, counted(histogram.overflow())));
        }
    }
    return table.text("") + notes;
}

std::string book_lines(const RunReport& run) {
    struct Entry {
        const char* name;
        std::optional<Count> count;
    };
    const auto& ledger = run.ledger;
    const auto of_ledger = [&ledger](Count Ledger::*count) {
        return ledger ? std::optional((*ledger).*count) : std::nullopt;
    };
    const std::array<Entry, 7> left{{{"generated", run.tally.generated},
                                     {"acknowledged", run.tally.acknowledged},
                                     {"rejected", run.tally.rejected},
                                     {"discarded", run.tally.discarded},
                                     {"unacknowledged", run.tally.unacknowledged},
                                     {"cached", run.tally.cached},
                                     {"", std::nullopt}}};
    const std::array<Entry, 7> right{{{"delivered", of_ledger(&Ledger::delivered)},
                                      {"undelivered", run.delivery.undelivered},
                                      {"lost", run.delivery.lost},
                                      {"unconfirmed", run.delivery.unconfirmed},
                                      {"duplicated", of_ledger(&Ledger::duplicated)},
                                      {"reordered", of_ledger(&Ledger::reordered)},
                                      {"unexpected", of_ledger(&Ledger::unexpected)}}};
    TextTable table({Align::left, Align::right, Align::left, Align::right});
    for (std::size_t i = 0; i < left.size(); ++i) {
        const bool blank = left[i].name[0] == '\0';
        table.add_row({fmt::format("  {}", left[i].name), blank ? "" : counted(left[i].count),
                       fmt::format("    {}", right[i].name), counted(right[i].count)});
    }
    std::string text = "books, in validations\n" + table.text("");
    for (const auto& sentence : account_of(run)) {
        text += labelled("", 2, sentence);
    }
    return text;
}

std::string exception_lines(const Delivery& delivery) {
    if (delivery.exceptions.empty()) {
        return {};
    }
    TextTable table({Align::left, Align::left, Align::left, Align::right});
    const auto shown = std::min(most_shown, delivery.exceptions.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& entry = delivery.exceptions[i];
        const bool single = entry.first == entry.last;
        table.add_row(
            {name_of(entry.state), fmt::format("equipment {}", entry.equipment),
             single ? fmt::format("sequence {}", entry.first)
                    : fmt::format("sequences {} to {}", entry.first, entry.last),
             single || entry.last < entry.first ? "" : fmt::format("({})", counted(entry.last - entry.first + 1))});
    }
    const auto more = delivery.exceptions.size() - shown + delivery.exceptions_omitted;
    return "exceptions\n" + table.text() + (more > 0 ? fmt::format("  and {} more\n", counted(more)) : "");
}

std::string fault_lines(const RunReport& run) {
    std::string text;
    for (const auto& fault : run.faults) {
        text += labelled(text.empty() ? "faults" : "", indent, fault_line(run, fault));
    }
    return text;
}

std::string per_second(std::optional<double> rate) {
    return rate ? humanize_count(*rate) + "/s" : "unknown";
}

std::string of_seconds(std::optional<double> value) {
    return value ? humanize(Nanos{static_cast<std::int64_t>(*value * 1e9)}) : "-";
}

std::string of_bytes(std::optional<Count> count) {
    return count ? humanize(Bytes{*count}) : "-";
}

std::string cost_lines(const Costs& costs) {
    if (!costs.generator && !costs.server) {
        return {};
    }
    std::vector<Align> columns(7, Align::right);
    columns[0] = Align::left;
    TextTable table(columns);
    table.add_row({"costs", "CPU/validation", "CPU", "connecting", "memory", "growth/equipment", "shards"});
    const auto add = [&table](const char* name, const std::optional<Resources>& side) {
        if (!side) {
            return;
        }
        const auto cpu = side->cpu_us_per_validation;
        table.add_row({name, cpu ? gate::humanize_figure(gate::Kind::latency, *cpu) : "-", of_seconds(side->cpu_s),
                       of_seconds(side->connect_cpu_s), of_bytes(side->rss_bytes),
                       of_bytes(side->rss_bytes_per_equipment), side->shards ? counted(*side->shards) : "-"});
    };
    add("  generator", costs.generator);
    add("  server", costs.server);
    return table.text("") + (costs.note.empty() ? "" : labelled("", 2, costs.note));
}

std::string listed(const std::map<std::string, Count>& counts) {
    std::string text;
    for (const auto& [name, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, counted(count));
    }
    return text;
}

std::string fleet_text(const Fleet& fleet) {
    const auto connecting =
        fleet.connecting_s ? fmt::format(", all in {}", humanize(Nanos{std::llround(*fleet.connecting_s * 1e9)})) : "";
    const auto never = fleet.never_connected.value_or(0) > 0
                           ? fmt::format(", {} never connected", counted(*fleet.never_connected))
                           : "";
    return fmt::format("{}, at most {} connected{}{}; {}, {}", counted(fleet.equipments, "equipment"),
                       counted(fleet.connected_max), connecting, never, counted(fleet.connects, "connect"),
                       counted(fleet.reconnects, "reconnect"));
}

// What the server said of the errors' causes.
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
                       of_bytes(wire.bytes_received), wire.encoding, humanize(Bytes{wire.payload_bytes}));
}

}  // namespace

std::string summary(const RunReport& run, Style style) {
    const auto& rates = run.throughput;
    const auto failures = failures_of(run);
    const auto* no_failures = unaccounted_of(run) == 0U ? "none" : "none that is known";
    std::string text = headline_of(run, style) + heading(run);
    const auto paragraph = [&text](const std::string& lines) { text += lines.empty() ? "" : '\n' + lines; };
    paragraph(verdict_lines(run.verdict, style) + threshold_lines(run.thresholds, style) +
              (about_skipped(run).empty() ? "" : labelled("", 2, about_skipped(run))));
    paragraph(latency_lines(run.latency));
    paragraph(book_lines(run));
    paragraph(exception_lines(run.delivery));
    paragraph(fault_lines(run));
    paragraph(cost_lines(run.resources));
    paragraph(labelled("throughput", indent,
                       fmt::format("due {}, acknowledged {}, delivered {}", per_second(rates.due_per_s),
                                   per_second(rates.acknowledged_per_s), per_second(rates.delivered_per_s))) +
              labelled("batches", indent,
                       fmt::format(
                           "{} sent, {} retried{}{}", counted(run.tally.sent_batches), counted(run.tally.retries),
                           run.tally.retries_put_off
                               ? fmt::format(", {} retries put off", counted(*run.tally.retries_put_off))
                               : "",
                           run.tally.breaker_openings
                               ? fmt::format("; {} openings of circuit breakers", counted(*run.tally.breaker_openings))
                               : "")) +
              labelled("fleet", indent, fleet_text(run.fleet)) + labelled("wire", indent, wire_text(run.wire)) +
              labelled("errors", indent, failures.empty() ? no_failures : listed(failures)) + words_of(run));
    return text;
}

}  // namespace portillon::report
