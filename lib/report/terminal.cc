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
                                counted(*run.counts.equipments, "equipment"), run.target, run.seed));
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
    std::vector<Align> columns(8, Align::right);
    columns[0] = Align::left;
    TextTable table(columns);
    table.add_row({"latency", "P50", "P90", "P95", "P99", "P99.9", "max", "values"});
    std::string notes;
    for (const auto& figure : account::latency_figures) {
        const auto& one = latency.*figure.member;
        std::vector<std::string> cells{fmt::format("  {}", figure.name)};
        if (!one) {
            cells.resize(columns.size(), "-");
            table.add_row(std::move(cells));
            continue;
        }
        const auto& histogram = one->histogram;
        const auto unanswered = one->unanswered;
        const auto shown = [&one](std::optional<Nanos> value) {
            return value ? humanize(*value) : one->word_for_absent();
        };
        for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9}) {
            cells.push_back(shown(one->percentile(percent)));
        }
        cells.push_back(shown(one->max()));
        cells.push_back(counted(histogram.count()));
        table.add_row(std::move(cells));
        if (unanswered > 0) {
            notes += labelled(
                "", 2,
                fmt::format("{}: {} never came; they rank above all others, and \"never\" stands where a figure "
                            "falls among them.",
                            figure.name, counted(unanswered)));
        }
        if (histogram.overflow() > 0) {
            notes += labelled("", 2, fmt::format("{}: {} above 24 h.", figure.name, counted(histogram.overflow())));
        }
    }
    return table.text("") + notes;
}

std::string book_lines(const RunReport& run) {
    using Cells = std::array<std::string, 2>;
    std::vector<Cells> left, right;  // what the generator knows; what the ledger knows
    for (const auto& figure : account::count_figures) {
        if (figure.unit == account::Unit::validations) {
            auto& side = figure.section == account::Section::tally ? left : right;
            side.push_back({std::string(figure.name), counted(run.counts.*figure.known_count)});
        }
    }
    TextTable table({Align::left, Align::right, Align::left, Align::right});
    const auto length = std::max(left.size(), right.size());
    left.resize(length);
    right.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        table.add_row({"  " + left[i][0], left[i][1], "    " + right[i][0], right[i][1]});
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

std::string of_bytes(std::optional<double> bytes) {
    return bytes ? gate::humanize_figure(gate::Kind::bytes, *bytes) : "-";
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
                       of_bytes(side->rss_bytes_per_equipment), side->shards ? humanize_count(*side->shards) : "-"});
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
                       of_bytes(wire.bytes_received), wire.encoding, of_bytes(wire.payload_bytes));
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
                           "{} sent, {} retried{}{}", counted(*run.counts.sent_batches), counted(*run.counts.retries),
                           run.counts.retries_put_off
                               ? fmt::format(", {} retries put off", counted(*run.counts.retries_put_off))
                               : "",
                           run.counts.breaker_openings
                               ? fmt::format("; {} openings of circuit breakers", counted(*run.counts.breaker_openings))
                               : "")) +
              labelled("fleet", indent, fleet_text(run)) + labelled("wire", indent, wire_text(run.wire)) +
              labelled("errors", indent, failures.empty() ? no_failures : listed(failures)) + words_of(run));
    return text;
}

}  // namespace portillon::report
