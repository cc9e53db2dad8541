#include "report/page/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/units.h"
#include "gate/metric.h"
#include "report/fault_text.h"
#include "report/intervals.h"
#include "report/page/series.h"
#include "report/page/shown.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_exceptions_shown = 20;  // of each run
constexpr std::size_t most_repeats_shown = 8;      // in one cell
constexpr std::size_t most_runs_listed = 200;
constexpr std::size_t most_interval_lines = 60;

std::string runs_of(const Row& row) {
    std::vector<std::size_t> indices;
    for (const auto& entry : row.counting) {
        indices.push_back(entry.index);
    }
    return fmt::format("{}", fmt::join(indices, ","));
}

Shown of(const Row& row, Shown shown) {
    shown.runs = runs_of(row);
    return shown;
}

Html th(const Html& content, const char* scope = "col", const char* css = "") {
    return element("th", {{"scope", scope}, {*css == '\0' ? "" : "class", css}}, content);
}

Html line_head(const Html& content) {
    return th(content, "row");
}

// `caption` names the table for those who hear it; wide ones scroll in a box of their own, which the keyboard reaches.
Html boxed_table(const char* caption, const Html& head, const Html& body, const char* css = "") {
    return element("div", {{"class", "box"}, {"role", "region"}, {"aria-label", caption}, {"tabindex", "0"}},
                   element("table", {{*css == '\0' ? "" : "class", css}},
                           element("caption", caption) + element("thead", head) + body));
}

Html small(const Html& content) {
    return element("small", content);
}

Html row_heads(const std::vector<Row>& rows) {
    Html head;
    for (const auto& row : rows) {
        head += th(row.label, "col", "n");
    }
    return head;
}

// A figure in each row, as a line.
template <class Ask>
Html line(const std::vector<Row>& rows, const char* name, const char* explanation, Ask ask) {
    auto html = line_head(element("span", name) + small(explanation));
    for (const auto& row : rows) {
        html += cell(of(row, ask(row.whole)));
    }
    return element("tr", html);
}

// ------------------------------------------------------------------------------------------------------- league

// The range of the repeats' own figures; `ask` makes one of a run.
template <class Ask>
Html spread_of(const Row& row, Ask ask) {
    std::vector<Shown> figures;
    for (const auto& entry : row.counting) {
        figures.push_back(ask(*entry.run));
    }
    const auto range = range_of(figures);
    return range.empty() ? Html{} : small(range);
}

Html verdict_mark(const Verdict& verdict) {
    const char* name = name_of(verdict.measurement);
    auto html = element("span", {{"class", fmt::format("mark {}", name)}}, name);
    if (!verdict.complete) {
        html += Html(" ") + element("span", {{"class", "mark invalid"}}, "incomplete");
    }
    return html;
}

// A figure of what a side took; absent with the reason when the side is.
Shown shown_resource(const RunReport& run, const account::Side& side, std::string_view key) {
    const auto& resources = run.resources.*side.member;
    if (!resources) {
        return shown_bytes(
            fmt::format("resources.{}", side.name), std::nullopt,
            side.name == "server" ? "the server is not ours: what it costs is not known" : "not measured");
    }
    const auto* figure = account::find_value(account::resource_figures, key);
    return shown_value(fmt::format("resources.{}.{}", side.name, key), (*resources).*figure->member, figure->amount);
}

std::string why_unknown(const RunReport& run, const account::CountFigure& figure) {
    switch (figure.section) {
        case account::Section::tally:
            return "this scenario has none";
        case account::Section::ledger:
            return why_no_ledger(run);
        case account::Section::delivery:
            return figure.name == "undelivered" ? why_no_ledger(run) : why_no_promise(run);
        case account::Section::fleet:
            break;
    }
    return "the report does not say";
}

Shown shown_count_of(const RunReport& run, const account::CountFigure& figure) {
    // Where the whole section is absent the report has no key inside it.
    const bool in_ledger = figure.section == account::Section::ledger && !run.has_ledger();
    return shown_count(
        in_ledger ? std::string("ledger") : fmt::format("{}.{}", account::name_of(figure.section), figure.name),
        run.counts.*figure.known_count, why_unknown(run, figure));
}

Html count_cell(const RunReport& run, std::string_view name) {
    return cell(shown_count_of(run, *account::find_count(name)));
}

Html league_line(const Row& row) {
    const auto& run = row.whole;
    const std::string kind = headline_of(run);
    auto name = Html(row.label) + small(run.wire.encoding);
    if (kind == "end_to_end") {
        name += small("end to end: no answers");
    }
    name += small(verdict_mark(run.verdict));
    if (row.entrant.asked > 1) {
        name += small(fmt::format("{} of {} repeats valid", row.entrant.valid(), row.entrant.asked));
    }
    auto html = line_head(name);
    for (const char* key : {"p50_us", "p95_us", "p99_us", "max_us"}) {
        html += cell(shown_latency(row, kind, key),
                     spread_of(row, [&](const RunReport& each) { return shown_latency(each, kind, key); }));
    }
    html += count_cell(run, "delivered") + count_cell(run, "lost") + count_cell(run, "undelivered");
    const auto with_range = [&row](auto ask) { return cell(ask(row.whole), spread_of(row, ask)); };
    for (const char* key : {"cpu_us_per_validation", "rss_bytes_per_equipment"}) {
        for (const auto& side : account::sides) {
            html += with_range([&](const RunReport& each) { return shown_resource(each, side, key); });
        }
    }
    html += with_range(
        [](const RunReport& each) { return shown_bytes("wire.bytes_per_validation", each.wire.bytes_per_validation); });
    return element("tr", {{"data-runs", runs_of(row)}}, html);
}

Html group_head(const char* name, const char* columns) {
    return element("th", {{"scope", "colgroup"}, {"colspan", columns}, {"class", "group"}}, name);
}

Html tall_head(const char* name, const char* css) {
    return element("th", {{"scope", "col"}, {"rowspan", "2"}, {"class", css}}, name);
}

// --------------------------------------------------------------------------------------------------- thresholds

struct ThresholdKey {
    std::string metric, expression;
    auto operator<=>(const ThresholdKey&) const = default;
};

std::vector<ThresholdKey> keys_of(const std::vector<Row>& rows) {
    std::vector<ThresholdKey> keys;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            for (const auto& threshold : entry.run->thresholds) {
                ThresholdKey key{threshold.metric, threshold.expression};
                if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                    keys.push_back(std::move(key));
                }
            }
        }
    }
    return keys;
}

Html judgement(const JudgedThreshold& threshold, const Row& row, const RowRun& run, std::size_t place) {
    const auto name = threshold.metric.substr(0, threshold.metric.find('{'));
    const auto metric = gate::find_metric(name);
    const bool rate = threshold.expression.starts_with("rate");
    const auto kind = metric && !(rate && metric->kind == gate::Kind::counter) ? metric->kind : gate::Kind::number;
    const auto observed = threshold.observed ? gate::humanize_figure(kind, *threshold.observed) : "no data";
    auto html = element("span",
                        {{"class", threshold.skipped  ? "quiet"
                                   : threshold.passed ? "pass"
                                                      : "fail"}},
                        threshold.skipped  ? "skipped"
                        : threshold.passed ? "\xe2\x9c\x93 pass"
                                           : "\xe2\x9c\x97 FAIL") +
                Html(" ") +
                element("span",
                        {{"data-runs", std::to_string(run.index)},
                         {"data-figure", fmt::format("thresholds.{}.observed", place)},
                         {"data-value", threshold.observed ? fmt::format("{}", *threshold.observed) : "null"},
                         {"data-passed", threshold.passed ? "true" : "false"}},
                        observed);
    if (row.runs.size() > 1) {
        html += Html(" ") + element("span", {{"class", "quiet"}}, fmt::format("repeat {}", run.repeat));
    }
    if ((!threshold.passed || threshold.skipped) && !threshold.observed && !threshold.reason.empty()) {
        html += small(threshold.reason);
    }
    return element("span", {{"class", "judged"}}, html);
}

// Of several repeats together, before each of its own.
Html row_judgement(const Row& row, const ThresholdKey& key) {
    const auto all = own_thresholds(row.entrant);
    const auto threshold = std::find_if(all.begin(), all.end(), [&key](const auto& each) {
        return each.metric_text() == key.metric && each.expression == key.expression;
    });
    if (row.entrant.runs.size() < 2 || threshold == all.end()) {
        return {};
    }
    const auto over_repeats = judge(row.entrant, *threshold);
    const auto& judged = over_repeats.judged;
    const char* mark = judged.skipped ? "quiet" : judged.passed ? "pass" : "fail";
    const char* word = judged.skipped ? "skipped" : judged.passed ? "\xe2\x9c\x93 pass" : "\xe2\x9c\x97 FAIL";
    auto html = element("span", {{"class", mark}}, word) + Html(" ") + element("span", over_repeats.how);
    if (!judged.passed || judged.skipped) {
        html += small((judged.observed ? "" : "no data: ") + judged.reason);
    }
    return element("span", {{"class", "judged"}}, html);
}

Html threshold_cell(const Row& row, const ThresholdKey& key) {
    Html html;
    std::size_t judged = 0;
    std::size_t passed = 0;
    for (const auto& entry : row.runs) {
        const auto& thresholds = entry.run->thresholds;
        const auto found = std::find_if(thresholds.begin(), thresholds.end(), [&key](const auto& threshold) {
            return threshold.metric == key.metric && threshold.expression == key.expression;
        });
        if (found == thresholds.end()) {
            continue;
        }
        ++judged;
        passed += found->passed ? 1U : 0U;
        if (judged <= most_repeats_shown) {
            html += judgement(*found, row, entry, static_cast<std::size_t>(found - thresholds.begin()));
        }
    }
    if (judged > most_repeats_shown) {
        html += small(fmt::format("{} of {} repeats pass", passed, judged));
    }
    return element("td", judged == 0 ? absent("not judged here") : row_judgement(row, key) + html);
}

// ------------------------------------------------------------------------------------------------------- causes

// What each failure of this phase was one of.
const char* failed_of(const std::string& cause) {
    return cause.starts_with("connect.") ? "dial" : cause.starts_with("connection.") ? "connection" : "attempt";
}

// Where the JSON report tells it.
std::string path_of_failure(const RunReport& run, const std::string& cause) {
    return run.errors.contains(cause) ? "errors." + cause
                                      : "fleet.connect_failures." + cause.substr(cause.find('.') + 1);
}

// What a server said of the error's cause, the first of those there are.
Html words_about(const std::vector<Row>& rows, const std::string& error) {
    for (const auto& row : rows) {
        const auto said = row.whole.server_said.find(cause_of(error));
        if (said != row.whole.server_said.end()) {
            return small("the server: " + said->second);
        }
    }
    return {};
}

Html cause_lines(const std::vector<Row>& rows) {
    std::set<std::string> names;
    for (const auto& row : rows) {
        for (const auto& [name, count] : failures_of(row.whole)) {
            names.insert(name);
        }
    }
    Html html;
    for (const auto& name : names) {
        auto tr = element("td", failed_of(name)) + line_head(element("code", name) + words_about(rows, name));
        for (const auto& row : rows) {
            const auto all = failures_of(row.whole);
            const auto found = all.find(name);
            tr += found == all.end() ? element("td", {{"class", "n"}}, "0")
                                     : cell(of(row, shown_count(path_of_failure(row.whole, name), found->second)));
        }
        html += element("tr", tr);
    }
    return html;
}

// --------------------------------------------------------------------------------------------------- exceptions

Html sequence_text(const Exceptional& entry) {
    return entry.first == entry.last ? Html(fmt::format("{}", entry.first))
                                     : Html(fmt::format("{} \xe2\x80\x93 {}", entry.first, entry.last));
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

// --------------------------------------------------------------------------------------------------------- time

std::string time_text(double seconds_since_start) {
    return fmt::format("{:g} s", seconds_since_start);
}

Html number_cell(std::optional<double> value, const char* why) {
    return element("td", {{"class", "n"}}, value ? Html(humanize_count(*value)) : absent(why));
}

Html us_cell(std::optional<double> us) {
    return element("td", {{"class", "n"}},
                   us ? Html(gate::humanize_figure(gate::Kind::latency, *us)) : absent("nothing was answered in it"));
}

Html line_of_moment(const Moment& moment, double width_s, const char* note) {
    auto html = th(Html(time_text(moment.at_s)) + (*note == '\0' ? Html{} : small(note)), "row", "n");
    const char* too_short = "too short for a rate";
    html += number_cell(moment.due_per_s, "nothing is due in the drain") +
            number_cell(moment.acknowledged_per_s, too_short) +
            number_cell(moment.delivered_per_s, moment.pending ? too_short : "the target has no ledger");
    // Means over several seconds: whole ones, but what is not 0 is not shown as 0.
    const auto whole = [](double value) { return value < 1 ? value : std::round(value); };
    html += number_cell(whole(moment.connected), "") + number_cell(whole(moment.in_flight), "") +
            number_cell(whole(moment.cached), "");
    html +=
        number_cell(moment.pending ? std::optional(whole(*moment.pending)) : std::nullopt, "the target has no ledger");
    html += us_cell(moment.p50_us) + us_cell(moment.p95_us) + us_cell(moment.p99_us) + us_cell(moment.max_us);
    return element("tr", {{"data-at", fmt::format("{}", moment.at_s)}, {"data-width", fmt::format("{}", width_s)}},
                   html);
}

Html heads(std::initializer_list<const char*> names) {
    Html head;
    for (const char* name : names) {
        head += th(name, "col", "n");
    }
    return head;
}

// ------------------------------------------------------------------------------------------------------- phases

constexpr std::size_t phase_columns = 12;

Html phase_head(const char* name) {
    return element("tr", th(name) + heads({"from", "to", "generated", "acknowledged", "delivered", "lost",
                                           "undelivered", "P50", "P95", "P99", "max"}));
}

// Of the `place`-th phase, all but the first.
Html phase_cells(const RunReport& run, std::size_t place) {
    const auto& phase = run.phases[place];
    const std::string kind = headline_of(run);
    const auto& headline = *account::find_latency(kind);
    const auto prefix = fmt::format("phases.{}.", place);
    auto tr = element("td", {{"class", "n"}}, time_text(phase.from_s)) +
              element("td", {{"class", "n"}}, time_text(phase.to_s));
    tr += cell(shown_count(prefix + "generated", phase.counts.generated));
    tr += cell(shown_count(prefix + "acknowledged", phase.counts.acknowledged));
    tr += cell(shown_count(prefix + "delivered", phase.counts.delivered, why_no_ledger(run)));
    tr += cell(shown_count(prefix + "lost", phase.counts.lost, why_no_promise(run)));
    tr += cell(shown_count(prefix + "undelivered", phase.counts.undelivered, why_no_ledger(run)));
    for (const char* key : {"p50_us", "p95_us", "p99_us", "max_us"}) {
        tr += cell(shown_latency(run, phase.latency, prefix + "latency.", headline, key));
    }
    return tr;
}

// The lines of one run, under its name where there are several.
Html phase_body(const std::vector<Row>& rows, const Row& row, const RowRun& entry, Html lines) {
    if (lines.empty()) {
        return {};
    }
    if (rows.size() > 1 || row.runs.size() > 1) {
        lines = element("tr", {{"class", "span"}},
                        element("th", {{"scope", "rowgroup"}, {"colspan", std::to_string(phase_columns)}},
                                name_of(row, entry))) +
                lines;
    }
    return element("tbody", {{"data-runs", std::to_string(entry.index)}}, lines);
}

}  // namespace

Row row_of(const Row& row, const RowRun& run) {
    return {.label = name_of(row, run),
            .runs = {run},
            .counting = {run},
            .entrant = {.name = name_of(row, run), .runs = {run.run}, .repeats = {run.repeat}},
            .whole = *run.run};
}

Html league_table(const std::vector<Row>& rows) {
    const auto first = tall_head("protocol", "") + group_head("latency", "4") + group_head("validations", "3") +
                       group_head("CPU / validation", "2") + group_head("memory / equipment", "2") +
                       tall_head("bytes / validation", "n tight");
    const auto second = heads(
        {"P50", "P95", "P99", "max", "delivered", "lost", "undelivered", "generator", "server", "generator", "server"});
    Html body;
    for (const auto& row : rows) {
        body += league_line(row);
    }
    return boxed_table("League table", element("tr", first) + element("tr", second), element("tbody", body), "league");
}

Html threshold_table(const std::vector<Row>& rows) {
    const auto keys = keys_of(rows);
    if (keys.empty()) {
        return {};
    }
    auto head = th("metric") + th("threshold");
    for (const auto& row : rows) {
        head += th(rows.size() == 1 ? std::string("observed") : row.label);
    }
    Html body;
    for (const auto& key : keys) {
        auto tr = line_head(key.metric) + element("td", element("code", key.expression));
        for (const auto& row : rows) {
            tr += threshold_cell(row, key);
        }
        body += element("tr", tr);
    }
    return boxed_table("Thresholds", element("tr", head), element("tbody", body));
}

Html latency_table(const std::vector<Row>& rows) {
    auto head = th("latency");
    for (const auto& figure : latency_columns()) {
        head += th(figure.label, "col", "n");
    }
    Html bodies;
    for (const auto& row : rows) {
        Html body;
        if (rows.size() > 1) {
            body += element(
                "tr", {{"class", "span"}},
                element("th", {{"scope", "rowgroup"}, {"colspan", std::to_string(latency_columns().size() + 1)}},
                        row.label));
        }
        for (const auto& kind : account::latency_figures) {
            auto tr = line_head(element("span", {{"title", std::string(kind.explanation)}}, std::string(kind.label)));
            for (const auto& figure : latency_columns()) {
                tr += cell(shown_latency(row, std::string(kind.name), figure.key));
            }
            body += element("tr", tr);
        }
        bodies += element("tbody", {{"data-runs", runs_of(row)}}, body);
    }
    return boxed_table("Latencies", element("tr", head), bodies);
}

Html count_line(const std::vector<Row>& rows, const account::CountFigure& figure) {
    const bool any = std::any_of(rows.begin(), rows.end(),
                                 [&figure](const Row& row) { return row.whole.counts.*figure.known_count; });
    return figure.conditional && !any
               ? Html{}
               : line(rows, std::string(figure.name).c_str(), std::string(figure.explanation).c_str(),
                      [&figure](const RunReport& run) { return shown_count_of(run, figure); });
}

// A line for each figure of a table. `path`: of the JSON report, with its dot; `prefix`: of the names.
template <class Figures, class OwnerOf, class Why>
Html value_lines(const std::vector<Row>& rows, const Figures& figures, const std::string& path, OwnerOf owner_of,
                 Why why) {
    Html lines;
    for (const auto& figure : figures) {
        lines += line(rows, std::string(figure.name).c_str(), std::string(figure.explanation).c_str(),
                      [&](const RunReport& run) {
                          return shown_value(path + std::string(figure.name), owner_of(run).*figure.member,
                                             figure.amount, why(run, figure.name));
                      });
    }
    return lines;
}

Html book_table(const std::vector<Row>& rows) {
    using account::Section;
    const auto span = [&rows](const char* name) {
        return element("tr", {{"class", "span"}},
                       element("th", {{"scope", "rowgroup"}, {"colspan", std::to_string(rows.size() + 1)}}, name));
    };
    struct Part {
        const char* title;
        Section section;
        bool of_validations;
    };
    Html bodies;
    for (const auto& part :
         {Part{"What the equipments know", Section::tally, true}, Part{"What the server knows", Section::ledger, true},
          Part{"Reconciled", Section::delivery, true}, Part{"On the way", Section::tally, false}}) {
        auto body = span(part.title);
        for (const auto& figure : account::count_figures) {
            const bool of_validations = figure.unit == account::Unit::validations;
            if (figure.section == part.section && of_validations == part.of_validations) {
                body += count_line(rows, figure);
            }
        }
        if (!part.of_validations) {
            body += value_lines(
                rows, account::throughput_figures, "throughput.",
                [](const RunReport& run) -> const Throughput& { return run.throughput; },
                [](const RunReport& run, std::string_view name) {
                    return name == "delivered_per_s" ? why_no_ledger(run) : "nothing is acknowledged here";
                });
        }
        bodies += element("tbody", body);
    }
    return boxed_table("Books, in validations", element("tr", th("figure") + row_heads(rows)), bodies, "figures");
}

Html cost_table(const std::vector<Row>& rows) {
    Html body;
    for (const auto& side : account::sides) {
        for (const auto& figure : account::resource_figures) {
            const auto name = fmt::format("{}.{}", side.name, figure.name);
            body += line(rows, name.c_str(), std::string(figure.explanation).c_str(),
                         [&](const RunReport& run) { return shown_resource(run, side, figure.name); });
        }
    }
    const auto not_known = [](const RunReport&, std::string_view) { return std::string(); };
    body += value_lines(
        rows, account::wire_figures, "wire.", [](const RunReport& run) -> const Wire& { return run.wire; }, not_known);
    for (const auto& figure : account::count_figures) {
        if (figure.section == account::Section::fleet) {
            body += count_line(rows, figure);
        }
    }
    body += value_lines(
        rows, account::fleet_figures, "fleet.", [](const RunReport& run) -> const Fleet& { return run.fleet; },
        [](const RunReport&, std::string_view) { return std::string("one never was, or nobody looked"); });
    return boxed_table("Costs", element("tr", th("figure") + row_heads(rows)), element("tbody", body), "figures");
}

Html cause_table(const std::vector<Row>& rows) {
    const auto body = cause_lines(rows);
    if (body.empty()) {
        return {};
    }
    return boxed_table("Errors by cause", element("tr", th("of") + th("cause") + row_heads(rows)),
                       element("tbody", body), "figures");
}

Html exception_table(const std::vector<Row>& rows) {
    Html bodies;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            const auto& delivery = entry.run->delivery;
            if (delivery.exceptions.empty()) {
                continue;
            }
            Html body;
            if (rows.size() > 1 || row.runs.size() > 1) {
                body += element("tr", {{"class", "span"}},
                                element("th", {{"scope", "rowgroup"}, {"colspan", "5"}}, name_of(row, entry)));
            }
            const auto shown = std::min(most_exceptions_shown, delivery.exceptions.size());
            for (std::size_t i = 0; i < shown; ++i) {
                const auto& exception = delivery.exceptions[i];
                const auto many = exception.last < exception.first ? 0 : exception.last - exception.first + 1;
                body += element("tr", {{"data-exception", std::to_string(i)}},
                                line_head(name_of(exception.state)) +
                                    element("td", {{"class", "n"}}, std::to_string(exception.equipment)) +
                                    element("td", {{"class", "n"}}, sequence_text(exception)) +
                                    element("td", {{"class", "n"}}, counted(many)) +
                                    element("td", {{"class", "quiet"}}, meaning_of(exception.state)));
            }
            const auto more = delivery.exceptions.size() - shown + delivery.exceptions_omitted;
            if (more > 0) {
                body += element(
                    "tr", element("td", {{"colspan", "5"}, {"class", "quiet"}},
                                  fmt::format("and {} more; the JSON report names the first 1,000", counted(more))));
            }
            bodies += element("tbody", {{"data-runs", std::to_string(entry.index)}}, body);
        }
    }
    if (bodies.empty()) {
        return {};
    }
    const auto head = th("state") + th("equipment", "col", "n") + th("sequences", "col", "n") +
                      th("validations", "col", "n") + th("meaning");
    return boxed_table("Delivery exceptions", element("tr", head), bodies);
}

Html stage_table(const std::vector<Row>& rows) {
    Html bodies;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            const auto& run = *entry.run;
            Html body;
            for (std::size_t i = 0; i < run.phases.size(); ++i) {
                const auto& phase = run.phases[i];
                if (phase.kind == "stage") {
                    body += element("tr", line_head(Html(phase.name) + small(phase.measured ? "" : "not measured")) +
                                              phase_cells(run, i));
                }
            }
            bodies += phase_body(rows, row, entry, body);
        }
    }
    return bodies.empty() ? Html{} : boxed_table("Stages", phase_head("stage"), bodies);
}

Html fault_table(const std::vector<Row>& rows) {
    Html bodies;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            const auto& run = *entry.run;
            Html body;
            for (const auto& fault : run.faults) {
                body += element("tr", {{"class", "span"}},
                                element("th", {{"scope", "rowgroup"}, {"colspan", std::to_string(phase_columns)}},
                                        fault_line(run, fault)));
                for (std::size_t i = 0; i < run.phases.size(); ++i) {
                    const auto& phase = run.phases[i];
                    if (phase.kind == "fault" && phase.fault == fault.number && phase.to_s > phase.from_s) {
                        body += element("tr", line_head(phase.part) + phase_cells(run, i));
                    }
                }
            }
            bodies += phase_body(rows, row, entry, body);
        }
    }
    return bodies.empty() ? Html{} : boxed_table("Faults", phase_head("due"), bodies);
}

Html run_table(const std::vector<Row>& rows) {
    Html body;
    std::size_t listed = 0;
    std::size_t left_out = 0;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            if (listed == most_runs_listed) {
                ++left_out;
                continue;
            }
            ++listed;
            const auto& run = *entry.run;
            auto tr = line_head(name_of(row, entry));
            for (const char* key : {"p50_us", "p95_us", "p99_us", "max_us"}) {
                tr += cell(shown_latency(run, headline_of(run), key));
            }
            tr += count_cell(run, "delivered") + count_cell(run, "lost") + count_cell(run, "undelivered");
            tr += element("td", {{"class", "n"}}, std::to_string(run.seed)) + element("td", element("code", run.run)) +
                  element("td", run.target) + element("td", run.context.started_at) +
                  element("td", verdict_mark(run.verdict));
            body += element("tr", {{"data-runs", std::to_string(entry.index)}}, tr);
        }
    }
    if (left_out > 0) {
        body += element("tr", element("td", {{"colspan", "13"}, {"class", "quiet"}},
                                      fmt::format("and {} in the JSON report", counted(left_out, "run"))));
    }
    return boxed_table(
        "Runs",
        element("tr", th("run") + heads({"P50", "P95", "P99", "max", "delivered", "lost", "undelivered", "seed"}) +
                          th("id") + th("target") + th("started") + th("measurement")),
        element("tbody", body));
}

Html interval_table(const Row& row) {
    const auto series = series_of(row.counting, most_interval_lines);
    if (series.moments.empty()) {
        return {};
    }
    std::optional<double> end = 0;  // of what was due, in all of them
    for (const auto& entry : row.runs) {
        const auto its = end_of_stages(*entry.run);
        end = end && its ? std::optional(std::max(*end, *its)) : std::nullopt;
    }
    Html body;
    for (const auto& moment : series.moments) {
        body += line_of_moment(moment, series.width_s, end && moment.at_s >= *end ? "drain" : "");
    }
    const auto caption = fmt::format("{} over time, every {}", row.label, time_text(series.width_s));
    return boxed_table(caption.c_str(),
                       element("tr", heads({"from", "due/s", "acknowledged/s", "delivered/s", "connected", "in flight",
                                            "cached", "on the way", "P50", "P95", "P99", "max"})),
                       element("tbody", {{"data-runs", runs_of(row)}}, body), "intervals");
}

Html context_table(const RunReport& run) {
    const auto& context = run.context;
    std::vector<std::string> libraries;
    for (const auto& [name, version] : context.libraries) {
        libraries.push_back(name + " " + version);
    }
    const auto said = [](const std::string& text) { return text.empty() ? absent("not known") : Html(text); };
    const std::pair<const char*, Html> lines[] = {
        {"command", element("code", fmt::format("{}", fmt::join(run.command, " ")))},
        {"target", said(run.target)},
        {"seed", element("code", std::to_string(run.seed))},
        {"run", run.run.empty() ? absent("not known") : element("code", run.run)},
        {"workload digest", element("code", run.scenario.workload_digest)},
        {"started", said(context.started_at)},
        {"portillon", Html(fmt::format("{}, commit ", context.version)) + element("code", context.commit)},
        {"build", said(fmt::format("{}, {}", context.build_type, context.compiler))},
        {"machine", said(fmt::format("{}, {}, {}", context.cpu_model, counted(context.cores, "core"), context.kernel))},
        {"generator", said(counted(context.shards, "shard"))},
        {"libraries", said(fmt::format("{}", fmt::join(libraries, ", ")))},
    };
    Html body;
    for (const auto& [name, content] : lines) {
        body += element("tr", line_head(name) + element("td", content));
    }
    return boxed_table("Context", {}, element("tbody", body), "context");
}

}  // namespace portillon::report
