#include "report/page/shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/units.h"
#include "gate/metric.h"
#include "report/entrants.h"
#include "report/page/rows.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

constexpr const char* em_dash = "\xe2\x80\x94";

Attributes attributes_of(const Shown& shown) {
    return {{shown.runs.empty() ? "" : "data-runs", shown.runs},
            {"data-figure", shown.figure},
            {"data-value", shown.value},
            {shown.why.empty() ? "" : "title", shown.why}};
}

// What to_json() writes: a double in the shortest form that reads back as the same.
std::string exact(std::optional<double> value) {
    return value && std::isfinite(*value) ? fmt::format("{}", *value) : "null";
}

std::optional<double> us_or_nothing(std::optional<Nanos> value) {
    return value ? std::optional(static_cast<double>(value->count()) / 1e3) : std::nullopt;
}

std::optional<double> us_of_ns(std::optional<double> value) {
    return value ? std::optional(std::round(*value) / 1e3) : std::nullopt;
}

Shown shown_number(std::string figure, std::optional<double> value, gate::Kind kind, std::string why) {
    const bool known = value && std::isfinite(*value);
    return {.figure = std::move(figure),
            .value = exact(value),
            .text = known ? gate::humanize_figure(kind, *value) : em_dash,
            .why = known         ? std::string{}
                   : why.empty() ? std::string("not measured")
                                 : std::move(why),
            .runs = {}};
}

struct Percentile {
    const char* key;
    double percent;
};
constexpr Percentile percentiles[] = {{"p50_us", 50}, {"p75_us", 75},     {"p90_us", 90},      {"p95_us", 95},
                                      {"p99_us", 99}, {"p99_9_us", 99.9}, {"p99_99_us", 99.99}};

Shown percentile_of(const Latency& latency, const std::string& kind, std::string figure, double percent) {
    const auto& histogram = latency.histogram;
    const char* verb = kind == "end_to_end" ? "delivered" : "answered";
    const auto value = us_or_nothing(latency.percentile(percent));
    const std::string why = histogram.empty() && latency.unanswered == 0 ? "no samples"
                            : latency.unanswered > 0
                                ? fmt::format("it falls among the {} never {}", counted(latency.unanswered), verb)
                                : "above 24 h";
    return shown_number(std::move(figure), value, gate::Kind::latency, why);
}

}  // namespace

Html cell(const Shown& shown) {
    return cell(shown, {});
}

Html cell(const Shown& shown, const Html& note) {
    auto attributes = attributes_of(shown);
    attributes.insert(attributes.begin(), {"class", shown.value == "null" ? "n absent" : "n"});
    return element("td", attributes, Html(shown.text) + note);
}

Html inline_figure(const Shown& shown) {
    return element("span", attributes_of(shown), shown.text);
}

Html absent(const std::string& why) {
    return element("span", {{"class", "absent"}, {"title", why}}, em_dash);
}

Shown shown_count(std::string figure, std::optional<Count> count, std::string why) {
    return {.figure = std::move(figure),
            .value = count ? std::to_string(*count) : "null",
            .text = count ? counted(*count) : em_dash,
            .why = count         ? std::string{}
                   : why.empty() ? std::string("not measured")
                                 : std::move(why),
            .runs = {}};
}

Shown shown_bytes(std::string figure, std::optional<double> bytes, std::string why) {
    return shown_number(std::move(figure), bytes, gate::Kind::bytes, std::move(why));
}

Shown shown_us(std::string figure, std::optional<double> us, std::string why) {
    return shown_number(std::move(figure), us, gate::Kind::latency, std::move(why));
}

Shown shown_seconds(std::string figure, std::optional<double> seconds, std::string why) {
    auto shown = shown_number(std::move(figure), seconds, gate::Kind::number, std::move(why));
    if (shown.value != "null") {
        shown.text = humanize(Nanos{std::llround(std::clamp(*seconds, -9e9, 9e9) * 1e9)});
    }
    return shown;
}

Shown shown_rate(std::string figure, std::optional<double> per_s, std::string why) {
    auto shown = shown_number(std::move(figure), per_s, gate::Kind::number, std::move(why));
    if (shown.value != "null") {
        shown.text += "/s";
    }
    return shown;
}

const std::vector<LatencyColumn>& latency_columns() {
    static const std::vector<LatencyColumn> figures{
        {"count", "values"},   {"unanswered", "never"}, {"min_us", "min"},     {"mean_us", "mean"},
        {"stdev_us", "stdev"}, {"p50_us", "P50"},       {"p75_us", "P75"},     {"p90_us", "P90"},
        {"p95_us", "P95"},     {"p99_us", "P99"},       {"p99_9_us", "P99.9"}, {"p99_99_us", "P99.99"},
        {"max_us", "max"},     {"overflow", "> 24 h"},
    };
    return figures;
}

Shown shown_value(std::string figure, std::optional<double> value, account::Amount amount, std::string why) {
    switch (amount) {
        case account::Amount::per_second:
            return shown_rate(std::move(figure), value, std::move(why));
        case account::Amount::seconds:
            return shown_seconds(std::move(figure), value, std::move(why));
        case account::Amount::microseconds:
            return shown_us(std::move(figure), value, std::move(why));
        case account::Amount::processes:
            return shown_count(std::move(figure), value ? std::optional(static_cast<Count>(*value)) : std::nullopt,
                               std::move(why));
        case account::Amount::bytes:
        case account::Amount::mean_bytes:
            break;
    }
    return shown_bytes(std::move(figure), value, std::move(why));
}

std::string why_no_ledger(const RunReport& run) {
    return run.has_ledger() ? "" : "the target has no ledger: what arrived is not known";
}

std::string why_no_promise(const RunReport& run) {
    return run.has_ledger() ? "nothing is acknowledged here, so there is no promise to break" : why_no_ledger(run);
}

Shown shown_latency(const RunReport& run, const Latencies& latencies, const std::string& prefix,
                    const account::LatencyFigure& kind, const std::string& key) {
    const std::string name(kind.name);
    auto figure = prefix + name + "." + key;
    const auto& latency = latencies.*kind.member;
    if (!latency) {
        const bool needs_answers = name == "response" || name == "service";
        const auto why = name == "end_to_end" && !run.has_ledger() ? why_no_ledger(run)
                         : needs_answers && !run.latency.response  ? "nothing is acknowledged here"
                                                                   : "not measured";
        return shown_number(prefix + name, std::nullopt, gate::Kind::latency, why);
    }
    const auto& histogram = latency->histogram;
    if (key == "count" || key == "unanswered" || key == "overflow") {
        return shown_count(std::move(figure), key == "count"        ? histogram.count()
                                              : key == "unanswered" ? latency->unanswered
                                                                    : histogram.overflow());
    }
    for (const auto& percentile : percentiles) {
        if (key == percentile.key) {
            return percentile_of(*latency, name, std::move(figure), percentile.percent);
        }
    }
    const auto value = key == "min_us"    ? us_or_nothing(latency->min())
                       : key == "mean_us" ? us_of_ns(latency->mean())
                       : key == "max_us"  ? us_or_nothing(latency->max())
                                          : us_of_ns(latency->stdev());
    const auto why = latency->unanswered > 0    ? fmt::format("unknown: {} never came", counted(latency->unanswered))
                     : histogram.overflow() > 0 ? std::string("unknown: some took longer than 24 h")
                                                : std::string("no samples");
    return shown_number(std::move(figure), value, gate::Kind::latency, why);
}

Shown shown_latency(const RunReport& run, const std::string& kind, const std::string& key) {
    const auto* figure = account::find_latency(kind);
    check(figure != nullptr, "a latency that is in the table of figures");
    return shown_latency(run, run.latency, "latency.", *figure, key);
}

Shown shown_latency(const Row& row, const std::string& kind, const std::string& key) {
    auto shown = shown_latency(row.whole, kind, key);
    const auto& latency = row.whole.latency.*account::find_latency(kind)->member;
    if (row.counting.size() < 2 || !latency || !key.ends_with("_us")) {
        return shown;
    }
    std::vector<gate::Figure> figures;
    for (const auto& entry : row.counting) {
        const auto own = shown_latency(*entry.run, kind, key);
        const bool known = own.value != "null";
        figures.push_back({known ? std::optional(std::stod(own.value)) : std::nullopt, own.why,
                           known || own.why == "no samples" ? "" : em_dash});
    }
    const auto spread = spread_of(figures);
    return shown_number(std::move(shown.figure), spread.value, gate::Kind::latency,
                        spread.absent_because + (spread.value ? "" : ", in half of the repeats or more"));
}

std::string range_of(const std::vector<Shown>& figures) {
    std::vector<std::pair<double, std::string>> known;
    bool absent = false;
    for (const auto& shown : figures) {
        if (shown.value == "null") {
            absent = true;
        } else {
            known.emplace_back(std::stod(shown.value), shown.text);
        }
    }
    if (figures.size() < 2 || known.empty()) {
        return {};
    }
    const auto [least, most] = std::minmax_element(known.begin(), known.end());
    return range_text(least->second, absent ? em_dash : most->second);
}

}  // namespace portillon::report
