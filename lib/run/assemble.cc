#include "run/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gate/threshold.h"
#include "report/figures.h"
#include "report/identities.h"
#include "run/machine.h"
#include "run/phases.h"
#include "run/phases_of_faults.h"
#include "run/reconcile.h"
#include "scenario/resolved.h"
#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

using report::Count;
using Acknowledges = driver::Traits::Acknowledges;

driver::Traits traits_of(const Order& order) {
    const auto options = order.scenario.protocols.find(order.protocol->name);
    return order.protocol->traits(options == order.scenario.protocols.end() ? nlohmann::json::object()
                                                                            : options->second);
}

report::Latency latency(const stats::Histogram& histogram, Count unanswered = 0) {
    return {histogram, unanswered};
}

double per_second(Count count, Nanos over) {
    return over > 0ns ? static_cast<double>(count) / seconds(over) : 0;
}

void append(std::vector<report::Exceptional>& to, const std::vector<Range>& ranges, report::State state,
            Count& omitted) {
    for (const Range& range : ranges) {
        if (to.size() < report::most_exceptions) {
            to.push_back({number_of(range.equipment), range.first, range.last, state});
        } else {
            ++omitted;
        }
    }
}

std::optional<Reconciled> reconciled(const Gathered& gathered) {
    if (!gathered.ledger) {
        return std::nullopt;
    }
    std::vector<Range> unacknowledged;
    unacknowledged.reserve(gathered.fleet.exceptions.size());
    for (const auto& exception : gathered.fleet.exceptions) {
        unacknowledged.push_back({exception.equipment, exception.first, exception.last});
    }
    return reconcile(std::move(unacknowledged), gathered.ledger->missing);
}

report::Delivery delivery_of(const Gathered& gathered, const Reconciled& sets, Acknowledges acknowledges) {
    report::Delivery delivery;
    delivery.undelivered = count_of(sets.undelivered);
    delivery.unconfirmed = count_of(sets.unconfirmed);
    auto& list = delivery.exceptions;
    Count& omitted = delivery.exceptions_omitted;
    if (acknowledges == Acknowledges::yes) {
        delivery.lost = count_of(sets.lost);
        append(list, sets.lost, report::State::lost, omitted);
    }
    append(list, difference(sets.undelivered, acknowledges == Acknowledges::yes ? sets.lost : std::vector<Range>{}),
           report::State::undelivered, omitted);
    append(list, gathered.ledger->duplicated_ranges, report::State::duplicated, omitted);
    append(list, gathered.ledger->reordered_ranges, report::State::reordered, omitted);
    if (acknowledges == Acknowledges::yes) {  // else it would name every validation that arrived
        append(list, sets.unconfirmed, report::State::unconfirmed, omitted);
    }
    return delivery;
}

// What the server timed and counted by the second holds the validations of equipments that nobody can speak for when a
// generator's shard was lost. It cannot be told apart from the rest, so it is not told.
bool account_is_whole(const Order& order, const Gathered& gathered) {
    return gathered.ledger && gathered.fleet.generated.size() == order.scenario.fleet.equipments;
}

std::vector<report::Interval> intervals_of(const Order& order, const Gathered& gathered) {
    const auto& series = gathered.fleet.series;
    const auto width_s = static_cast<std::size_t>(series.width / 1s);
    std::vector<report::Interval> intervals;
    for (std::size_t i = 0; i < series.intervals.size(); ++i) {
        const auto& from = series.intervals[i];
        report::Interval interval;
        interval.at_s = static_cast<double>(i * width_s);
        interval.due = from.due;
        interval.acknowledged = from.acknowledged;
        interval.connected = from.connected;
        interval.in_flight = from.in_flight;
        interval.cached = from.cached;
        if (account_is_whole(order, gathered)) {
            const auto& per_s = gathered.ledger->delivered_per_s;
            Count delivered = 0;
            for (std::size_t s = i * width_s; s < (i + 1) * width_s && s < per_s.size(); ++s) {
                delivered += per_s[s];
            }
            interval.delivered = delivered;
        }
        if (!from.response.empty()) {
            if (const auto histogram = stats::unpack(from.response)) {
                interval.response_histogram = stats::encode_deflated(*histogram);
            }
        }
        intervals.push_back(std::move(interval));
    }
    return intervals;
}

// Of the events before `end`; the interval that holds it counts by its share.
template <class CountOf>
Count count_until(std::size_t size, Nanos width, Nanos end, CountOf count_of_interval) {
    double count = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const double share = std::clamp(static_cast<double>((end - static_cast<std::int64_t>(i) * width).count()) /
                                            static_cast<double>(width.count()),
                                        0.0, 1.0);
        count += share * static_cast<double>(count_of_interval(i));
    }
    return static_cast<Count>(count + 0.5);
}

report::Costs costs_of(const Order& order, const Gathered& gathered) {
    const auto generated = static_cast<double>(gathered.fleet.tally.generated);
    const auto equipments = order.scenario.fleet.equipments;
    const auto resources = [&](double cpu_s, double connect_cpu_s, Count rss_bytes, unsigned shards) {
        report::Resources made;
        made.cpu_s = cpu_s;
        made.connect_cpu_s = connect_cpu_s;
        if (generated > 0) {
            made.cpu_us_per_validation = cpu_s * 1e6 / generated;
        }
        made.rss_bytes = rss_bytes;
        made.rss_bytes_per_equipment = rss_bytes / equipments;
        made.shards = shards;
        return made;
    };
    report::Costs costs;
    costs.generator =
        resources(gathered.usage.cpu_s(), gathered.usage.connect_cpu_s(), gathered.usage.rss_bytes(), gathered.shards);
    if (gathered.server_before && gathered.server_at_t0 && gathered.server_after_drain) {
        costs.server = resources(gathered.server_after_drain->cpu_s - gathered.server_at_t0->cpu_s,
                                 gathered.server_at_t0->cpu_s - gathered.server_before->cpu_s,
                                 gathered.server_after_drain->rss_bytes, gathered.server_after_drain->shards);
    }
    const bool loopback = !order.target || order.target->host == "localhost" ||
                          order.target->host.starts_with("127.") || order.target->host == "::1";
    if (loopback) {
        costs.note = "on loopback the sender's kernel time includes the receiver's network softirq";
    }
    return costs;
}

std::vector<report::JudgedThreshold> judged(const Order& order, const report::RunReport& run,
                                            const std::optional<Breach>& aborted_by) {
    std::vector<gate::Threshold> thresholds;
    for (const auto& threshold : order.scenario.thresholds) {
        if (auto parsed = gate::parse_threshold(threshold.metric, threshold.expression)) {
            thresholds.push_back(*parsed);
        }
    }
    auto judged = report::judge(run, thresholds);
    // What ended the run is not undone by what was answered while it came to its end.
    for (auto& threshold : judged) {
        if (aborted_by && threshold.passed && threshold.metric + ": " + threshold.expression == aborted_by->threshold) {
            threshold.passed = false;
            threshold.reason = fmt::format("it was {} when it ended the run", aborted_by->observed);
        }
    }
    return judged;
}

report::Verdict verdict_of(Observed observed, const report::RunReport& run, const Gathered& gathered) {
    for (const auto& problem : report::check_identities(run)) {
        observed.unbalanced.push_back(problem.key + ": " + problem.message);
    }
    const auto& failures = gathered.fleet.connect_failures;
    const auto failed = [&](const char* cause) { return failures.contains(cause) ? failures.at(cause) : 0; };
    observed.no_descriptors += failed("no_descriptors");
    observed.no_ports += failed("no_ports");
    observed.lag_p99 = gathered.fleet.generator_lag.percentile(99);
    if (run.latency.response) {
        observed.response_p99 = gathered.fleet.response.percentile(99);
    } else if (gathered.ledger) {
        observed.response_p99 = gathered.ledger->end_to_end.percentile(99);
    }
    observed.measured = gathered.fleet.measured_generated;
    observed.nothing_due = gathered.complete && observed.measured == 0 && observed.lost_shards.empty();
    observed.late_unhindered = gathered.fleet.sent_late;
    const auto judgement = judge(observed);
    report::Verdict verdict;
    verdict.measurement = judgement.measurement == Measurement::valid     ? report::Measurement::valid
                          : judgement.measurement == Measurement::suspect ? report::Measurement::suspect
                                                                          : report::Measurement::invalid;
    verdict.reasons = judgement.reasons;
    verdict.complete = gathered.complete;
    verdict.aborted_by = gathered.aborted_by ? gathered.aborted_by->threshold : "";
    return verdict;
}

}  // namespace

std::string variant_of(const nlohmann::json& options, std::string_view options_schema) {
    const auto schema = nlohmann::json::parse(options_schema, nullptr, false);
    std::string variant;
    for (const auto& [key, value] : options.items()) {
        const nlohmann::json::json_pointer place("/properties/" + key + "/default");
        if (schema.contains(place) && schema.at(place) == value) {
            continue;
        }
        variant += fmt::format("{}{}={}", variant.empty() ? "" : ", ", key,
                               value.is_string() ? value.get<std::string>() : value.dump());
    }
    return variant;
}

report::RunReport assemble(const Order& order, const Gathered& gathered) {
    const auto& scenario = order.scenario;
    const auto& fleet = gathered.fleet;
    const auto traits = traits_of(order);
    const bool acknowledges = traits.acknowledges == Acknowledges::yes;

    report::RunReport run;
    run.protocol = order.protocol->name;
    if (const auto options = scenario.protocols.find(run.protocol); options != scenario.protocols.end()) {
        run.variant = variant_of(options->second, order.protocol->options_schema);
    }
    run.target = gathered.target;
    run.seed = scenario.seed;
    run.run = format_run(gathered.run);
    run.command = order.command;
    run.scenario = {scenario.name, order.workload_digest, scenario::resolved_json(scenario).dump()};
    run.context = {order.build.version,
                   order.build.commit,
                   order.build.compiler,
                   order.build.build_type,
                   kernel_release(),
                   cpu_model(),
                   cores(),
                   order.build.libraries,
                   gathered.shards,
                   gathered.started_at};

    const auto& tally = fleet.tally;
    run.tally = {tally.generated, tally.acknowledged, tally.rejected, tally.unacknowledged,
                 tally.cached,    tally.discarded,    tally.retries,  tally.sent_batches};
    if (order.scenario.delivery.retry.budget) {
        run.tally.retries_put_off = tally.retries_put_off;
    }
    if (order.scenario.delivery.breaker.failures > 0) {
        run.tally.breaker_openings = tally.breaker_openings;
    }
    if (gathered.ledger) {
        const auto& ledger = *gathered.ledger;
        run.ledger = report::Ledger{ledger.delivered, ledger.duplicated, ledger.reordered, ledger.unexpected};
    }
    const auto sets = reconciled(gathered);
    if (sets) {
        run.delivery = delivery_of(gathered, *sets, traits.acknowledges);
    }
    run.phases = phases_of(scenario, fleet, gathered.ledger ? &*gathered.ledger : nullptr, sets ? &*sets : nullptr,
                           traits.acknowledges, gathered.generating);
    run.faults = faults_of(scenario, fleet.series, gathered.injected, gathered.struck, run.phases);

    if (acknowledges) {
        run.latency.response = latency(fleet.response, fleet.unanswered());
        run.latency.service = latency(fleet.service);
    }
    run.latency.lateness = latency(fleet.lateness);
    if (account_is_whole(order, gathered)) {
        const Count delivered = gathered.ledger->end_to_end.count();
        run.latency.end_to_end = latency(gathered.ledger->end_to_end,
                                         fleet.measured_generated - std::min(fleet.measured_generated, delivered));
    }
    run.latency.connect = latency(fleet.connect);
    run.latency.generator_lag = latency(fleet.generator_lag);

    const auto& series = fleet.series;
    run.throughput.due_per_s = per_second(tally.generated, gathered.generating);
    if (acknowledges) {
        run.throughput.acknowledged_per_s =
            per_second(count_until(series.intervals.size(), series.width, gathered.generating,
                                   [&](std::size_t i) { return series.intervals[i].acknowledged; }),
                       gathered.generating);
    }
    if (account_is_whole(order, gathered)) {
        const auto& per_s = gathered.ledger->delivered_per_s;
        run.throughput.delivered_per_s =
            per_second(count_until(per_s.size(), 1s, gathered.generating, [&](std::size_t i) { return per_s[i]; }),
                       gathered.generating);
    }

    run.fleet = {scenario.fleet.equipments, fleet.connected_max, fleet.connects, fleet.connect_failures,
                 fleet.reconnects};
    if (fleet.connects - fleet.reconnects == scenario.fleet.equipments) {
        run.fleet.connecting_s = seconds(fleet.connecting);
    }
    run.resources = costs_of(order, gathered);
    run.wire.bytes_sent = gathered.usage.bytes_sent();
    run.wire.bytes_received = gathered.usage.bytes_received();
    if (tally.generated > 0) {
        run.wire.bytes_per_validation =
            static_cast<double>(gathered.usage.bytes_sent() + gathered.usage.bytes_received()) /
            static_cast<double>(tally.generated);
    }
    const auto encoding = scenario.traffic.payload.encoding;
    run.wire.encoding = std::string(encoding == scenario::Encoding::native ? wire::name_of(traits.native)
                                                                           : scenario::name_of(encoding));
    run.wire.payload_bytes = scenario.traffic.payload.bytes.count;
    run.errors = fleet.errors;
    run.interval_s = seconds(series.width);
    run.intervals = intervals_of(order, gathered);
    run.thresholds = judged(order, run, gathered.aborted_by);
    run.verdict = verdict_of(gathered.observed, run, gathered);
    return run;
}

}  // namespace portillon::run
