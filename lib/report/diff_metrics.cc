#include "report/diff_metrics.h"

#include <fmt/format.h>

#include <numeric>

#include "base/check.h"
#include "report/figures.h"

namespace portillon::report {

namespace {

using gate::Aggregate;

// Whether what is absent is so because of those that were never answered.
bool falls_among_unanswered(const RunReport& run, const std::string& name) {
    const auto& latency = name == "response" ? run.latency.response : run.latency.end_to_end;
    return latency && latency->unanswered > 0;
}

RunFigure as_thresholds_ask(const RunReport& run, const DiffMetric& metric) {
    auto figure = figures_of(run)(metric.asked);
    const bool never = !figure.value && metric.asked.metric.kind == gate::Kind::latency &&
                       falls_among_unanswered(run, metric.asked.metric.name);
    return {.value = figure.value,
            .absent_because = figure.value ? std::string{} : std::move(figure.absent_because),
            .never = never};
}

RunFigure unanswered(const RunReport& run, const DiffMetric&) {
    if (!run.latency.response) {
        return {.value = {}, .absent_because = "nothing is acknowledged here"};
    }
    return {.value = static_cast<double>(run.latency.response->unanswered), .absent_because = {}};
}

RunFigure errors(const RunReport& run, const DiffMetric&) {
    const auto failures = failures_of(run);
    const auto attempts = std::accumulate(failures.begin(), failures.end(), Count{0},
                                          [](Count sum, const auto& entry) { return sum + entry.second; });
    return {.value = static_cast<double>(attempts), .absent_because = {}};
}

gate::Threshold question(const std::string& metric, Aggregate aggregate, double percent = 0) {
    const auto found = gate::find_metric(metric);
    check(found.has_value(), "a metric that thresholds do not know");
    gate::Threshold threshold;
    threshold.metric = *found;
    threshold.aggregate = aggregate;
    threshold.percent = percent;
    return threshold;
}

std::vector<DiffMetric> all_metrics() {
    std::vector<DiffMetric> list;
    const auto latency = [&list](const std::string& name, const std::string& label) {
        const auto add = [&](const std::string& figure, const std::string& key, gate::Threshold asked) {
            list.push_back({.name = label + " " + figure,
                            .key = fmt::format("latency.{}.{}_us", name, key),
                            .measure = Measure::ratio,
                            .kind = gate::Kind::latency,
                            .better = Better::lower,
                            .of = as_thresholds_ask,
                            .asked = std::move(asked)});
        };
        add("mean", "mean", question(name, Aggregate::avg));
        for (const unsigned percent : {50U, 95U, 99U}) {
            add(fmt::format("P{}", percent), fmt::format("p{}", percent),
                question(name, Aggregate::percentile, percent));
        }
    };
    const auto value = [&list](std::string label, std::string key, const std::string& metric, gate::Kind kind,
                               Better better) {
        list.push_back({.name = std::move(label),
                        .key = std::move(key),
                        .measure = Measure::ratio,
                        .kind = kind,
                        .better = better,
                        .of = as_thresholds_ask,
                        .asked = question(metric, Aggregate::value)});
    };
    const auto count = [&list](const std::string& section, const std::string& name, Measure measure) {
        list.push_back({.name = name,
                        .key = section + "." + name,
                        .measure = measure,
                        .kind = gate::Kind::counter,
                        .better = Better::lower,
                        .of = as_thresholds_ask,
                        .asked = question(name, Aggregate::count)});
    };
    const auto other_count = [&list](std::string label, std::string key,
                                     RunFigure (*of)(const RunReport&, const DiffMetric&)) {
        list.push_back({.name = std::move(label),
                        .key = std::move(key),
                        .measure = Measure::count,
                        .kind = gate::Kind::counter,
                        .better = Better::lower,
                        .of = of});
    };

    latency("response", "response");
    latency("end_to_end", "end to end");
    value("acknowledged per s", "throughput.acknowledged_per_s", "acknowledged_per_s", gate::Kind::number,
          Better::higher);
    value("delivered per s", "throughput.delivered_per_s", "delivered_per_s", gate::Kind::number, Better::higher);
    for (const std::string side : {"generator", "server"}) {
        // Times, hence of that kind.
        value(side + " CPU/validation", fmt::format("resources.{}.cpu_us_per_validation", side),
              side + ".cpu_us_per_validation", gate::Kind::latency, Better::lower);
        value(side + " memory/equip.", fmt::format("resources.{}.rss_bytes_per_equipment", side),
              side + ".rss_bytes_per_equipment", gate::Kind::bytes, Better::lower);
    }
    value("bytes/validation", "wire.bytes_per_validation", "bytes_per_validation", gate::Kind::bytes, Better::lower);

    // Resending makes duplicates and errors, also in the hands of a server that keeps every promise.
    count("delivery", "lost", Measure::promise);
    count("delivery", "undelivered", Measure::promise);
    count("tally", "rejected", Measure::promise);
    count("tally", "discarded", Measure::promise);
    count("ledger", "unexpected", Measure::promise);
    count("ledger", "duplicated", Measure::count);
    count("ledger", "reordered", Measure::count);
    other_count("unanswered", "latency.response.unanswered", unanswered);
    other_count("errors", "errors", errors);
    return list;
}

}  // namespace

const std::vector<DiffMetric>& diff_metrics() {
    static const auto all = all_metrics();
    return all;
}

}  // namespace portillon::report
