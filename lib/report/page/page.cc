#include "report/page/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "escape/formats.h"
#include "report/account.h"
#include "report/comparison_text.h"
#include "report/findings.h"
#include "report/grouped.h"
#include "report/headline.h"
#include "report/page/bars.h"
#include "report/page/changes.h"
#include "report/page/chart_data.h"
#include "report/page/html.h"
#include "report/page/html_table.h"
#include "report/page/interval_table.h"
#include "report/page/paragraphs.h"
#include "report/prose.h"
#include "report/rows.h"
#include "report/tables.h"
#include "stats/base64.h"

namespace portillon::embedded {
extern const std::string_view page_template, page_style, page_script, page_licence, chart_js;
}

namespace portillon::report::page {

namespace {

constexpr std::size_t most_runs_in_full = 24;
constexpr std::size_t most_runs_listed = 200;
constexpr std::size_t most_exceptions_shown = 20;  // for each run

std::vector<const RunReport*> runs_in(const Row& row) {
    std::vector<const RunReport*> runs;
    for (const auto& entry : row.runs) {
        runs.push_back(entry.run);
    }
    return runs;
}

enum class Paper : std::uint8_t { folded, open };  // whether a folded part is open when the page is printed

Html folded(const Html& summary, const Html& content, Paper paper = Paper::folded) {
    return element("details", {{paper == Paper::open ? "data-print" : "", ""}}, element("summary", summary) + content);
}

struct Section {
    const char* id;
    const char* name;
    Html content;
};

// ---------------------------------------------------------------------------------------------------- the top

const Scenario& scenario_of(const Report& report) {
    const auto* run = std::get_if<RunReport>(&report);
    return run != nullptr ? run->scenario : std::get<Comparison>(report).scenario;
}

const std::vector<std::string>& command_of(const Report& report) {
    const auto* run = std::get_if<RunReport>(&report);
    return run != nullptr ? run->command : std::get<Comparison>(report).command;
}

std::string description_of(const Scenario& scenario) {
    const auto resolved = nlohmann::json::parse(scenario.resolved, nullptr, false);
    return resolved.is_object() && resolved.contains("description") && resolved["description"].is_string()
               ? resolved["description"].get<std::string>()
               : "";
}

Html lede_of(const std::vector<Row>& rows) {
    if (rows.empty()) {
        return "no run was completed";
    }
    std::vector<std::string> labels;
    std::set<std::string> targets;
    std::size_t runs = 0;
    for (const auto& row : rows) {
        labels.push_back(row.label);
        targets.insert(row.whole.target);
        runs += row.runs.size();
    }
    const auto& first = *rows.front().runs.front().run;
    return fmt::format("{} over {}; {}; target {}; {}", counted(*first.counts.equipments, "equipment"),
                       fmt::join(labels, ", "), counted(runs, "run"), fmt::join(targets, ", "),
                       first.context.started_at);
}

Html header(const Report& report, const std::vector<Row>& rows, const std::vector<Section>& sections) {
    const bool single = std::holds_alternative<RunReport>(report);
    const auto description = description_of(scenario_of(report));
    Html links;
    for (const auto& section : sections) {
        links += element("li", element("a", {{"href", fmt::format("#{}", section.id)}}, section.name));
    }
    return element("header", paragraph("eyebrow", single ? "portillon \xc2\xb7 run" : "portillon \xc2\xb7 comparison") +
                                 element("h1", scenario_of(report).name) +
                                 (description.empty() ? Html{} : element("p", description)) +
                                 paragraph("lede", lede_of(rows)) +
                                 element("nav", {{"aria-label", "Sections"}}, element("ul", links)));
}

const char* meaning_of(Measurement measurement) {
    switch (measurement) {
        case Measurement::valid:
            return "the figures can be trusted";
        case Measurement::suspect:
            return "read the figures with care";
        case Measurement::invalid:
            break;
    }
    return "the figures cannot be trusted";
}

// The headline of the first repeat that has one.
std::string headline_of(const Row& row) {
    for (const auto& entry : row.runs) {
        if (auto said = headline(*entry.run); !said.empty()) {
            return said;
        }
    }
    return {};
}

// Makes a list with the reasons of each single repeat.
Html reasons_of_repeats(const std::vector<Row>& rows) {
    Html items;
    for (const auto& row : rows) {
        const auto prefix = rows.size() > 1 ? row.label + ": " : std::string{};
        for (const auto& reason : row.whole.verdict.reasons) {
            items += element("li", prefix + reason);
        }
        for (const auto& entry : row.runs) {
            const auto& verdict = entry.run->verdict;
            if (entry.superseded) {
                items += element("li", fmt::format("{}: {}", name_of(row, entry), fmt::join(verdict.reasons, "; ")));
                continue;
            }
            const auto name = rows.size() > 1 || row.runs.size() > 1 ? name_of(row, entry) + ": " : std::string{};
            if (!verdict.aborted_by.empty()) {
                items += element("li", name + "ended early by the threshold " + verdict.aborted_by);
            } else if (!verdict.ended_because.empty()) {
                items += element("li", name + why_incomplete(verdict));
            } else if (!verdict.complete) {
                items += element("li", name + "interrupted: the report covers what was done until then");
            }
        }
    }
    return items.empty() ? Html{} : element("ul", {{"class", "reasons"}}, items);
}

// Makes a list of the reasons for which measurements are not valid, each once for all repeats; then of the losses, and
// of what went wrong most.
Html reasons_of(const std::vector<Row>& rows) {
    Html items;
    for (const auto& row : rows) {
        const auto prefix = rows.size() > 1 ? row.label + ": " : std::string{};
        for (const auto& reason : grouped_reasons(row.entrant)) {
            items += element("li", prefix + reason);
        }
        if (!row.entrant.again.empty()) {
            items += element("li", prefix + fmt::format("{} measured badly and run again",
                                                        counted(row.entrant.again.size(), "run")));
        }
        for (const auto& loss : losses_beside(row.entrant)) {
            items += element("li", prefix + loss);
        }
        if (const auto worst = headline_of(row); !worst.empty()) {
            items += element("li", prefix + worst);
        }
        if (*row.whole.counts.generated == 0) {
            items += element("li", prefix + "nothing was generated, so there is nothing to judge");
        }
    }
    return items.empty() ? Html{} : element("ul", {{"class", "reasons"}}, items);
}

// A line of words on how all runs went.
Html verdict_line(const std::vector<Row>& rows) {
    auto worst = Measurement::valid;
    bool complete = true;
    std::size_t judged = 0;
    std::size_t failed = 0;
    std::size_t skipped = 0;
    for (const auto& row : rows) {
        worst = std::max(worst, row.whole.verdict.measurement);
        complete = complete && row.whole.verdict.complete;
        for (const auto& threshold : own_thresholds(row.entrant)) {
            const auto verdict = judge(row.entrant, threshold).judged;
            judged += verdict.skipped ? 0U : 1U;
            skipped += verdict.skipped ? 1U : 0U;
            failed += verdict.passed ? 0U : 1U;
        }
    }
    const auto mark = [](const char* css, const std::string& text) {
        return element("span", {{"class", fmt::format("mark {}", css)}}, text);
    };
    auto html = mark(name_of(worst), fmt::format("Measurement {}", name_of(worst))) +
                element("span", {{"class", "quiet"}}, meaning_of(worst));
    if (!complete) {
        html += mark("invalid", "Incomplete");
    }
    html += judged == 0 && skipped == 0 ? element("span", {{"class", "quiet"}}, "No thresholds")
            : failed == 0
                ? mark("valid", fmt::format("\xe2\x9c\x93 All {} passed", counted(judged, "threshold")))
                : mark("invalid", fmt::format("\xe2\x9c\x97 {} of {} failed", failed, counted(judged, "threshold")));
    if (skipped > 0) {
        html += element("span", {{"class", "quiet"}}, fmt::format("{} skipped", counted(skipped, "threshold")));
    }
    return paragraph("headline", html);
}

// With a single row, the column that names the row of a threshold is left out.
Html threshold_table_of(const std::vector<Row>& rows) {
    const auto table = threshold_table(rows);
    return html_table(rows.size() == 1 ? without(table, {"of"}) : table);
}

std::size_t count_of_runs(const std::vector<Row>& rows) {
    std::size_t count = 0;
    for (const auto& row : rows) {
        count += row.runs.size();
    }
    return count;
}

Html measurement_content(const std::vector<Row>& rows) {
    if (rows.empty()) {
        return none("No run of this comparison left a report.");
    }
    const auto thresholds = threshold_table_of(rows);
    const auto repeats = reasons_of_repeats(rows);
    const bool several = count_of_runs(rows) > 1;
    return verdict_line(rows) + reasons_of(rows) +
           (several && !repeats.empty() ? folded("Each repeat", repeats, Paper::open) : Html{}) +
           (thresholds.empty() ? none("The scenario names no thresholds: nothing was judged.") : thresholds);
}

// Makes a list of the findings; empty for a single run.
Html findings_content(const Report& report, const DiffOptions& options) {
    const auto* comparison = std::get_if<Comparison>(&report);
    Html items;
    for (const auto& finding : comparison == nullptr ? std::vector<std::string>{} : findings_of(*comparison, options)) {
        items += element("li", finding);
    }
    return items.empty() ? Html{} : element("ul", {{"class", "findings"}}, items);
}

// The table with a label in each cell, for screens so narrow that the cells stand below each other.
Table with_labels(Table table) {
    for (auto& line : table.groups.front().lines) {
        for (std::size_t i = 1; i < line.cells.size(); ++i) {
            line.cells[i].facts.push_back({"label", table.columns[i].group + ": " + table.columns[i].name});
        }
    }
    return table;
}

Html comparison_table(const Table& table) {
    return html_table(with_labels(table), "comparison");
}

Html comparison_content(const Report& report, const std::vector<Row>& rows, const DiffOptions& options) {
    const auto tables = comparison_tables(rows);
    const auto bare = [](Table table) {  // the measurement is told once
        for (auto& line : table.groups.front().lines) {
            line.cells.front().remarks.clear();
        }
        return table;
    };
    auto html = findings_content(report, options);
    html += comparison_table(without(joined("What users get", {tables[0], tables[1]}), {"measurement"}));
    if (rows.size() > 1) {
        html += bars_of(rows);
    }
    html += element("h3", "What it costs");
    html += comparison_table(bare(joined("What it costs", {tables[2], tables[4]})));
    html += comparison_table(bare(without(joined("Network and needs", {tables[3], tables[5]}), {"encoding"})));
    Html notes = element("li",
                         "Response is due to acknowledged: what the equipment's owner waits, free of coordinated "
                         "omission. What was never answered ranks above everything; a percentile that falls among it "
                         "is \"never\".");
    for (const auto& note : notes_on_tables(rows)) {
        notes += element("li", note);
    }
    return html + folded("How to read these tables", element("ul", {{"class", "notes"}}, notes), Paper::open);
}

// --------------------------------------------------------------------------------------------------- the charts

struct Plot {
    const char* id;
    const char* title;
    const char* how_to_read;
    const char* size;   // "", "tall", "low"
    const char* table;  // the table that has its figures, for users who cannot see the chart
};

Html figure(const Plot& plot) {
    const auto described = fmt::format("{}, as a chart; the figures are in the table {}", plot.title, plot.table);
    return element("figure", {{"id", plot.id}, {"class", "script-only"}},
                   element("figcaption", element("h3", plot.title) + how(plot.how_to_read)) +
                       element("div", {{"class", "tools"}}, {}) + element("ul", {{"class", "key"}}, {}) +
                       element("div", {{"class", fmt::format("plot {}", plot.size)}},
                               element("canvas", {{"role", "img"}, {"aria-label", described}}, {})));
}

Html heat_figure(const std::vector<Row>& rows) {
    Html maps;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool any = std::any_of(rows[i].runs.begin(), rows[i].runs.end(), [](const RowRun& entry) {
            return std::any_of(entry.run->intervals.begin(), entry.run->intervals.end(),
                               [](const Interval& interval) { return !interval.response_histogram.empty(); });
        });
        if (!any) {
            maps += element("div", none(rows[i].label + ": no response times over time"));
            continue;
        }
        const auto described = fmt::format(
            "Heat map of the response times of {} over time; percentiles of each "
            "interval are in the table Over time",
            rows[i].label);
        maps += element("div", {{"class", "map"}, {"data-row", std::to_string(i)}},
                        element("p", rows.size() > 1 ? rows[i].label : std::string{}) +
                            element("canvas", {{"role", "img"}, {"aria-label", described}}, {}));
    }
    const auto scale = element("div", {{"class", "scale"}},
                               element("span", "1") + element("canvas", {{"aria-hidden", "true"}}, {}) +
                                   element("span", {{"class", "most"}}, {}) + element("span", "validations a cell") +
                                   element("output", {}));
    return element(
        "figure", {{"id", "heat"}, {"class", "script-only"}},
        element("figcaption",
                element("h3", "Where the response times lay") +
                    how("Each column is an interval, each cell a tenth of a decade of response time; the "
                        "darker (on a dark screen: the brighter), the more validations were answered so. One "
                        "scale for all rows. Two bands are two populations, which no percentile shows.")) +
            scale + element("div", {{"class", "maps"}}, maps));
}

bool any_latency(const std::vector<Row>& rows) {
    return std::any_of(rows.begin(), rows.end(), [](const Row& row) {
        const auto& latency = row.whole.latency;
        return std::any_of(account::latency_figures.begin(), account::latency_figures.end(),
                           [&latency](const account::LatencyFigure& kind) {
                               const auto& each = latency.*kind.member;
                               return each && (!each->histogram.empty() || each->unanswered > 0);
                           });
    });
}

Html latency_content(const std::vector<Row>& rows) {
    Html html;
    if (any_latency(rows)) {
        html += figure({"spectrum", "Percentile spectrum",
                        "To the right the rarer, each decade ten times as rare; up the slower. A flat curve keeps its "
                        "promise to almost everyone. Where validations were never answered the curve ends early, at a "
                        "cross, for no time can be told beyond it. Thin lines are single repeats.",
                        "tall", "Latencies"});
    } else {
        html += none("Nothing was measured: no connection, or nothing was due.");
    }
    html += element("h3", "All latencies");
    html += how("Those that never came are part of every percentile, ranked above all others.");
    return html + html_table(without_ranges(latency_table(rows)));
}

template <class Wanted>
bool any_interval(const std::vector<Row>& rows, Wanted wanted) {
    return std::any_of(rows.begin(), rows.end(), [wanted](const Row& row) {
        return std::any_of(row.runs.begin(), row.runs.end(), [wanted](const RowRun& entry) {
            return std::any_of(entry.run->intervals.begin(), entry.run->intervals.end(), wanted);
        });
    });
}

bool any_response_over_time(const std::vector<Row>& rows) {
    return any_interval(rows, [](const Interval& interval) { return !interval.response_histogram.empty(); });
}

bool any_errors_over_time(const std::vector<Row>& rows) {
    return any_interval(rows, [](const Interval& interval) { return interval.errors.value_or(0) > 0; });
}

Html fault_list(const std::vector<Row>& rows) {
    const auto faults = faults_of(*rows.front().runs.front().run);
    std::vector<std::string> texts;
    for (const auto& fault : faults) {
        texts.push_back(fault.to_s > fault.from_s
                            ? fmt::format("{} from {:g} s to {:g} s", fault.label, fault.from_s, fault.to_s)
                            : fmt::format("{} at {:g} s", fault.label, fault.from_s));
    }
    return texts.empty() ? Html{} : how(fmt::format("Faults, shaded: {}.", fmt::join(texts, "; ")));
}

Html time_content(const std::vector<Row>& rows) {
    const bool any = std::any_of(rows.begin(), rows.end(), [](const Row& row) {
        return std::any_of(row.runs.begin(), row.runs.end(),
                           [](const RowRun& entry) { return !entry.run->intervals.empty(); });
    });
    if (!any) {
        return none("The report holds no intervals: nothing is known of how it went over time.");
    }
    auto html = fault_list(rows);
    if (any_response_over_time(rows)) {
        html += figure({"latency-time", "Response time",
                        "Percentiles of what was answered in each interval. Where nothing was answered the line is "
                        "broken: look there at what was due and not delivered.",
                        "", "Over time"});
        html += heat_figure(rows);
    } else {
        html += none("No response times over time: nothing was acknowledged here.");
    }
    html +=
        figure({"throughput-time", "Throughput",
                "Validations a second by the instant at which they were due, acknowledged and delivered. Where the "
                "lines part, something waits; where acknowledged exceeds due, a cache drains. In the shaded drain at "
                "the end nothing is due any more: what comes then is late.",
                "", "Over time"});
    if (any_errors_over_time(rows)) {
        html += figure({"errors-time", "Errors",
                        "Attempts that failed, a second: dials, connections and batches. Most are tried again.", "low",
                        "Over time"});
    }
    html +=
        element("div", {{"class", "pair"}},
                figure({"connected-time", "Connected equipments", "At the end of each interval.", "low", "Over time"}) +
                    figure({"backlog-time", "Loss and cache",
                            "Due and not delivered so far: what falls back to zero was late, what stays is lost.",
                            "low", "Over time"}));
    Html tables;
    for (const auto& row : rows) {
        const auto table = html_table(interval_table(row), "intervals");
        tables += table.empty() ? Html{} : (rows.size() > 1 ? element("h3", row.label) : Html{}) + table;
    }
    return html + folded("Over time, as a table", tables);
}

Html cost_content(const std::vector<Row>& rows) {
    auto html = how(
        "CPU from the start to the end of the drain, connecting apart; bytes at the socket, both ways. Both by "
        "acknowledged "
        "validation, or by sent one where nothing is acknowledged, so that retries are part of the price. Memory an "
        "equipment "
        "is what the processes have grown by since before the fleet was there, by the equipments connected: their own "
        "size is not in it.");
    if (rows.size() > 1) {
        html +=
            element("div", {{"class", "pair"}},
                    figure({"cpu-bars", "CPU a validation", "User and kernel time of both sides.", "low", "Costs"}) +
                        figure({"memory-bars", "Memory an equipment",
                                "What both sides have grown by, by the equipments connected.", "low", "Costs"}));
    }
    return html + html_table(cost_table(rows), "figures");
}

// ----------------------------------------------------------------------------------------------------- the rest

Html resolved_text(const Scenario& scenario) {
    const auto resolved = nlohmann::ordered_json::parse(scenario.resolved, nullptr, false);
    return resolved.is_object()
               ? element("pre", resolved.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace))
               : none("The report does not hold the scenario.");
}

Html run_in_full(const Row& row, const RowRun& entry) {
    const std::vector<Row> alone{row_of(row, entry)};
    return folded(name_of(row, entry), html_table(latency_table(alone)) + html_table(book_table(alone), "figures") +
                                           html_table(cost_table(alone), "figures") + html_table(error_table(alone)) +
                                           html_table(context_table(alone, entry.run->command), "context") +
                                           folded("Scenario as it was run", resolved_text(entry.run->scenario)));
}

Html runs_content(const std::vector<Row>& rows) {
    auto html = html_table(shortened(run_table(rows), most_runs_listed));
    std::size_t shown = 0;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            if (++shown <= most_runs_in_full) {
                html += run_in_full(row, entry);
            }
        }
    }
    if (shown > most_runs_in_full) {
        html += none(
            fmt::format("The first {} runs stand here in full, all {} in the JSON report.", most_runs_in_full, shown));
    }
    return html;
}

Html origin_content(const Report& report, const std::vector<Row>& rows) {
    const auto& scenario = scenario_of(report);
    auto html = element("p", Html("Workload digest ") + element("code", scenario.workload_digest) +
                                 Html(": reports with the same digest did the same work."));
    html += element("p", Html("Command: ") + element("code", fmt::format("{}", fmt::join(command_of(report), " "))));
    if (!rows.empty()) {
        html += folded("Context", html_table(context_table(rows, rows.front().runs.front().run->command), "context"),
                       Paper::open);
    }
    return html + folded("Scenario as it was run", resolved_text(scenario), Paper::open);
}

Html account_content(const std::vector<Row>& rows) {
    Html items;
    for (const auto& row : rows) {
        for (const auto& sentence : account_of(known_of(runs_in(row)))) {
            items += element("li", (rows.size() > 1 ? row.label + ": " : std::string{}) + sentence);
        }
    }
    return element("ul", {{"class", "account"}}, items);
}

// Whether no generator process was lost in any run, so that every equipment is accounted for.
bool all_accounted(const std::vector<Row>& rows) {
    return std::all_of(rows.begin(), rows.end(),
                       [](const Row& row) { return known_of(runs_in(row)).unaccounted == 0U; });
}

// The table without the columns for which the page is too narrow.
Html phase_table_of(const Table& table) {
    return html_table(without(table, {"P90", "P99.9", "values", "never came"}));
}

std::vector<Section> sections_of(const Report& report, const std::vector<Row>& rows, const DiffOptions& options) {
    std::vector<Section> sections;
    if (!rows.empty()) {
        sections.push_back(
            {"figures", rows.size() > 1 ? "Comparison" : "Figures", comparison_content(report, rows, options)});
    }
    sections.push_back({"measurement", "Measurement and thresholds", measurement_content(rows)});
    if (!rows.empty()) {
        if (auto changes = changes_content(report, options); !changes.empty()) {
            sections.push_back({"changes", "What changed", std::move(changes)});
        }
        sections.push_back({"latency", "Latency", latency_content(rows)});
        sections.push_back({"time", "Over time", time_content(rows)});
        if (auto stages = phase_table_of(stage_table(each_run_of(rows))); !stages.empty()) {
            sections.push_back({"stages", "Stages",
                                how("By due time: what became of the validations that were due in each stage, whenever "
                                    "they were sent and answered.") +
                                    stages});
        }
        if (auto faults = phase_table_of(fault_table(rows)); !faults.empty()) {
            sections.push_back({"faults", "Faults",
                                how("What each fault did, and what became of the validations that were due before, "
                                    "during and after it.") +
                                    faults});
        }
        sections.push_back({"books", "Delivery account",
                            how("Every generated validation is in exactly one state at the equipment, and the server's "
                                "record is compared with it.") +
                                account_content(rows) + html_table(book_table(rows), "figures")});
        const auto exceptions = html_table(shortened(exception_table(rows), most_exceptions_shown));
        sections.push_back({"exceptions", "Delivery exceptions",
                            exceptions.empty()
                                ? none("None that is known.")
                                : how(fmt::format("The first {} of each run; the JSON report names up to {}.",
                                                  most_exceptions_shown, counted(most_exceptions))) +
                                      exceptions});
        sections.push_back({"costs", "Costs", cost_content(rows)});
        const auto causes = html_table(error_table(rows));
        sections.push_back({"errors", "Errors",
                            causes.empty() ? none(all_accounted(rows) ? "No attempt failed." : "None that is known.")
                                           : how("Attempts, not validations: most are tried again.") + causes});
        if (count_of_runs(rows) > 1) {
            sections.push_back({"runs", "Runs", runs_content(rows)});
        }
    }
    sections.push_back({"origin", "Scenario and context", origin_content(report, rows)});
    return sections;
}

// The hash of a script or style for the Content-Security-Policy, which allows only those that we have put into the
// page.
std::string hash_of(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return "'sha256-" + stats::encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "'";
}

std::string policy() {
    return fmt::format(
        "default-src 'none'; script-src {} {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash_of(embedded::chart_js), hash_of(embedded::page_script), hash_of(embedded::page_style));
}

// Replaces each {{name}} in `text`. Values are not searched again, so text in a value is never taken for a placeholder.
std::string filled(std::string_view text, const std::vector<std::pair<std::string_view, std::string_view>>& values) {
    std::string out;
    while (!text.empty()) {
        const auto from = text.find("{{");
        const auto to = from == std::string_view::npos ? from : text.find("}}", from);
        out += text.substr(0, from);
        if (to == std::string_view::npos) {
            break;
        }
        const auto name = text.substr(from + 2, to - from - 2);
        const auto found =
            std::find_if(values.begin(), values.end(), [name](const auto& value) { return value.first == name; });
        check(found != values.end(), "the page's template names what it is not given");
        out += found->second;
        text.remove_prefix(to + 2);
    }
    return out;
}

}  // namespace

std::string html_page(const Report& report, const DiffOptions& options) {
    const auto rows = rows_of(report);
    const auto sections = sections_of(report, rows, options);
    auto main = header(report, rows, sections);
    for (const auto& section : sections) {
        main += element("section", {{"id", section.id}}, element("h2", section.name) + section.content);
    }
    const auto title = Html(scenario_of(report).name + " \xc2\xb7 portillon");
    const auto version = Html(rows.empty() ? "" : rows.front().whole.context.version);
    const auto licence = Html(embedded::page_licence);
    const auto data = escape::json_in_script(chart_data(rows));
    const auto allowed = policy();
    return filled(embedded::page_template, {{"policy", allowed},
                                            {"version", version.markup()},
                                            {"title", title.markup()},
                                            {"style", embedded::page_style},
                                            {"main", main.markup()},
                                            {"licence", licence.markup()},
                                            {"data", data},
                                            {"charts", embedded::chart_js},
                                            {"script", embedded::page_script}});
}

}  // namespace portillon::report::page
