#include "report/diff_metrics.h"

#include <fmt/format.h>

#include <numeric>

#include "base/check.h"
#include "report/figures.h"
#include "report/schema_keys.h"

namespace portillon::report {

namespace {

using gate::Aggregate;

// Whether a figure of this latency may be absent because validations are unanswered.
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
    const auto latency = [&list](const account::LatencyFigure& of) {
        const auto add = [&](const std::string& figure, const std::string& key, gate::Threshold asked) {
            list.push_back({.name = fmt::format("{} {}", of.label, figure),
                            .key = fmt::format("latency.{}.{}_us", of.name, key),
                            .measure = Measure::ratio,
                            .kind = gate::Kind::latency,
                            .better = Better::lower,
                            .of = as_thresholds_ask,
                            .asked = std::move(asked)});
        };
        const std::string name(of.name);
        add("mean", "mean", question(name, Aggregate::avg));
        for (const unsigned percent : {50U, 95U, 99U}) {
            add(fmt::format("P{}", percent), fmt::format("p{}", percent),
                question(name, Aggregate::percentile, percent));
        }
    };
    // Adds the compared values of a table. `path`: prefix in the JSON report; `prefix`: of the threshold's metric;
    // `whose`: of the name.
    const auto values = [&list](const auto& figures, const std::string& path, const std::string& prefix,
                                const std::string& whose, Better better) {
        for (const auto& of : figures) {
            if (of.is_compared) {
                const auto metric = prefix + std::string(of.name);
                const auto asked = question(metric, Aggregate::value);
                list.push_back(
                    {.name = fmt::format("{}{}", whose, of.label),
                     .key = fmt::format("{}.{}", path, of.name),
                     .measure = Measure::ratio,
                     .kind = of.amount == account::Amount::microseconds ? gate::Kind::latency : asked.metric.kind,
                     .better = better,
                     .of = as_thresholds_ask,
                     .asked = asked});
            }
        }
    };
    const auto counts = [&list](account::Meaning meaning, Measure measure) {
        for (const auto section : {account::Section::delivery, account::Section::tally, account::Section::ledger}) {
            for (const auto* figure : counts_of(section)) {
                if (figure->meaning != meaning) {
                    continue;
                }
                const std::string name(figure->name);
                list.push_back({.name = name,
                                .key = fmt::format("{}.{}", account::name_of(section), name),
                                .measure = measure,
                                .kind = gate::Kind::counter,
                                .better = Better::lower,
                                .of = as_thresholds_ask,
                                .asked = question(name, Aggregate::count)});
            }
        }
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

    for (const auto& figure : account::latency_figures) {
        if (figure.is_compared) {
            latency(figure);
        }
    }
    values(account::throughput_figures, "throughput", "", "", Better::higher);
    for (const auto& side : account::sides) {
        values(account::resource_figures, fmt::format("resources.{}", side.name), std::string(side.name) + ".",
               std::string(side.name) + " ", Better::lower);
    }
    values(account::wire_figures, "wire", "", "", Better::lower);

    // Retries make duplicates and errors even with a server that keeps every promise, so these are costs.
    counts(account::Meaning::promise, Measure::promise);
    counts(account::Meaning::cost, Measure::count);
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
