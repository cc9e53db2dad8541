#include "run/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "account/generator_account.h"
#include "escape/formats.h"
#include "gate/threshold.h"
#include "host/machine.h"
#include "report/fault_text.h"
#include "report/figures.h"
#include "report/identities.h"
#include "run/delivery.h"
#include "run/phases.h"
#include "run/phases_of_faults.h"
#include "run/reconcile.h"
#include "run/variant.h"
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

// Every validation that was not acknowledged.
std::vector<Range> unacknowledged_of(const fleet::Result& fleet) {
    std::vector<Range> ranges;
    ranges.reserve(fleet.exceptions.size());
    for (const auto& exception : fleet.exceptions) {
        ranges.push_back({exception.equipment, exception.first, exception.last});
    }
    return ranges;
}

std::optional<Reconciled> reconciled(const Gathered& gathered) {
    if (!gathered.lot.ledger) {
        return std::nullopt;
    }
    return reconcile(unacknowledged_of(gathered.lot.fleet), gathered.lot.ledger->missing);
}

// Returns the account that `portillon reconcile` needs later; empty if there is a ledger.
std::string equipment_account_of(const Order& order, const Gathered& gathered) {
    if (gathered.lot.ledger || !order.target) {
        return {};
    }
    account::GeneratorAccount account;
    account.generated.resize(order.scenario.lot().fleet.equipments);
    for (const auto& each : gathered.lot.fleet.generated) {
        account.generated[number_of(each.equipment) - 1] = each.count;
    }
    account.unacknowledged = normalised(unacknowledged_of(gathered.lot.fleet));
    return account::encode(account);
}

// Whether every equipment has an account. If a generator's shard was lost, the server's histograms and counts per
// second include validations of its equipments, which cannot be told from the others; such figures are left out of the
// report.
bool account_is_whole(const Order& order, const Gathered& gathered) {
    return gathered.lot.ledger && gathered.lot.fleet.generated.size() == order.scenario.lot().fleet.equipments;
}

std::vector<report::Interval> intervals_of(const Order& order, const Gathered& gathered) {
    const auto& series = gathered.lot.fleet.series;
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
        interval.errors = from.errors;
        if (account_is_whole(order, gathered)) {
            const auto& per_s = gathered.lot.ledger->delivered_per_s;
            Count delivered = 0;
            for (std::size_t s = i * width_s; s < (i + 1) * width_s && s < per_s.size(); ++s) {
                delivered += per_s[s];
            }
            interval.delivered = delivered;
        }
        if (!from.response.empty()) {
            if (const auto histogram = stats::unpack(from.response)) {
                interval.response_histogram = stats::encode_deflated(*histogram);
                if (histogram->overflow() == 0) {
                    interval.response_min = histogram->min();
                    interval.response_max = histogram->max();
                }
            }
        }
        const Nanos begin = static_cast<std::int64_t>(i) * series.width;
        if (series.end > begin && series.end < begin + series.width) {
            interval.width_s = seconds(series.end - begin);
        }
        intervals.push_back(std::move(interval));
    }
    return intervals;
}

// The number of events within the windows. An interval that lies partly within a window counts in proportion. The last
// interval ends with the series, at `end`, if that is known.
template <class CountOf>
double count_within(const std::vector<arrival::Window>& windows, std::size_t size, Nanos width, Nanos end,
                    CountOf count_of_interval) {
    double count = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const Nanos from = static_cast<std::int64_t>(i) * width;
        const Nanos to = end > from ? std::min(end, from + width) : from + width;
        for (const auto& window : windows) {
            const Nanos shared = std::min(window.to, to) - std::max(window.from, from);
            if (shared > 0ns) {
                count += seconds(shared) / seconds(to - from) * static_cast<double>(count_of_interval(i));
            }
        }
    }
    return count;
}

// The measured stages up to `end`, where the run ended.
std::vector<arrival::Window> measured_until(const scenario::Scenario& scenario, Nanos end) {
    std::vector<arrival::Window> windows;
    for (auto window : schedule_of(scenario).stages().measured_windows()) {
        window.to = std::min(window.to, end);
        if (window.from < window.to) {
            windows.push_back(window);
        }
    }
    return windows;
}

// Rates over the measured stages: neither the warm-up nor the drain is part of them.
report::Throughput throughput_of(const Order& order, const Gathered& gathered, Acknowledges acknowledges) {
    const auto windows = measured_until(order.scenario, gathered.generating);
    Nanos length{};
    for (const auto& window : windows) {
        length += window.to - window.from;
    }
    report::Throughput rates;
    if (length == 0ns) {
        return rates;
    }
    const auto& series = gathered.lot.fleet.series;
    rates.due_per_s = static_cast<double>(gathered.lot.fleet.measured_generated) / seconds(length);
    if (acknowledges == Acknowledges::yes) {
        rates.acknowledged_per_s = count_within(windows, series.intervals.size(), series.width, series.end,
                                                [&](std::size_t i) { return series.intervals[i].acknowledged; }) /
                                   seconds(length);
    }
    if (account_is_whole(order, gathered)) {
        const auto& per_s = gathered.lot.ledger->delivered_per_s;
        rates.delivered_per_s =
            count_within(windows, per_s.size(), 1s, series.end, [&](std::size_t i) { return per_s[i]; }) /
            seconds(length);
    }
    return rates;
}

// The number of validations by which costs are divided: the acknowledged ones, so that retries and unanswered ones make
// each of these dearer; if the protocol acknowledges nothing, those that were sent. Warm-up and drain are part of both
// the costs and the count.
Count paid_for(const account::Counts& tally, Acknowledges acknowledges) {
    return acknowledges == Acknowledges::yes ? tally.acknowledged : tally.unacknowledged;
}

std::optional<double> each_of(double price, Count count) {
    return count > 0 ? std::optional(price / static_cast<double>(count)) : std::nullopt;
}

std::optional<Count> growth(std::uint64_t before, std::uint64_t after) {
    return before > 0 && after >= before ? std::optional<Count>(after - before) : std::nullopt;
}

// How much the embedded server's memory grew. Nothing for a foreign server: it may reuse memory from earlier clients.
std::optional<Count> server_growth(const Order& order, const ServerFigures& before, const ServerFigures& after) {
    // A shard that was restarted meanwhile began as small as the one it replaced, so the sums can be compared.
    const bool as_many = before.living == before.shards && before.living == after.living;
    return !order.target && as_many && before.private_bytes && after.private_bytes
               ? growth(*before.private_bytes, *after.private_bytes)
               : std::nullopt;
}

report::Costs costs_of(const Order& order, const Gathered& gathered, Acknowledges acknowledges) {
    const auto paid = paid_for(gathered.lot.fleet.counts, acknowledges);
    const auto resources = [&](double cpu_s, double connect_cpu_s, Count rss_bytes, std::optional<Count> grown,
                               unsigned shards) {
        report::Resources made;
        made.cpu_s = cpu_s;
        made.connect_cpu_s = connect_cpu_s;
        made.cpu_us_per_validation = each_of(cpu_s * 1e6, paid);
        made.rss_bytes = static_cast<double>(rss_bytes);
        made.rss_growth_bytes = grown ? std::optional(static_cast<double>(*grown)) : std::nullopt;
        if (const auto connected = gathered.lot.fleet.counts.connected_max; grown && connected > 0) {
            made.rss_bytes_per_equipment = static_cast<double>(*grown / connected);
        }
        made.shards = shards;
        return made;
    };
    const auto& usage = gathered.usage;
    report::Costs costs;
    costs.generator = resources(usage.cpu_s(), usage.connect_cpu_s(), usage.rss_bytes(),
                                growth(usage.private_base_bytes(), usage.private_bytes()), gathered.shards);
    if (gathered.server_before && gathered.server_at_t0 && gathered.server_after_drain) {
        const auto& before = *gathered.server_before;
        const auto& after = *gathered.server_after_drain;
        costs.server =
            resources(after.cpu_s - gathered.server_at_t0->cpu_s, gathered.server_at_t0->cpu_s - before.cpu_s,
                      after.rss_bytes, server_growth(order, before, after), after.shards);
    }
    if (!order.target || std::all_of(order.target->at.begin(), order.target->at.end(), net::is_this_machine)) {
        costs.note = "on loopback the sender's kernel time includes the receiver's network softirq";
    }
    return costs;
}

std::vector<report::JudgedThreshold> judged(const Order& order, const report::RunReport& run,
                                            const std::optional<Breach>& aborted_by) {
    std::vector<gate::Threshold> thresholds;
    for (const auto& threshold : order.scenario.thresholds) {
        if (auto parsed = gate::parse_threshold(threshold.metric, threshold.expression)) {
            parsed->origin = threshold.origin;
            thresholds.push_back(*parsed);
        }
    }
    auto judged = report::judge(run, thresholds);
    // The threshold that ended the run stays failed, even if it holds again by the end of the drain.
    for (auto& threshold : judged) {
        if (aborted_by && threshold.passed && threshold.metric + ": " + threshold.expression == aborted_by->threshold) {
            threshold.passed = false;
            threshold.reason = fmt::format("it was {} when it ended the run", aborted_by->observed);
        }
    }
    return judged;
}

// "fault 2: systemctl start broker exited with 5 (no such unit)", for each command that did not succeed.
std::vector<std::string> failed_commands(const report::RunReport& run) {
    std::vector<std::string> failed;
    for (const auto& fault : run.faults) {
        for (const auto& command : fault.commands) {
            if (!command.succeeded()) {
                failed.push_back(
                    fmt::format("fault {}: {} {}", fault.number, command.command, report::ending_of(command)));
            }
        }
    }
    return failed;
}

report::Verdict verdict_of(Observed observed, const report::RunReport& run, const Gathered& gathered) {
    for (const auto& problem : report::check_identities(run)) {
        observed.unbalanced.push_back(problem.key + ": " + problem.message);
    }
    const auto& failures = gathered.lot.fleet.connect_failures;
    const auto failed = [&](const char* cause) { return failures.contains(cause) ? failures.at(cause) : 0; };
    observed.no_descriptors += failed("no_descriptors");
    observed.no_ports += failed("no_ports");
    observed.lag_p99 = gathered.lot.fleet.generator_lag.percentile(99);
    if (run.latency.response) {
        observed.response_p99 = gathered.lot.fleet.response.percentile(99);
    } else if (gathered.lot.ledger) {
        observed.response_p99 = gathered.lot.ledger->end_to_end.percentile(99);
    }
    observed.measured = gathered.lot.fleet.measured_generated;
    observed.nothing_due = gathered.complete && observed.measured == 0 && observed.lost_shards.empty();
    observed.late_unhindered = gathered.lot.fleet.sent_late;
    observed.failed_commands = failed_commands(run);
    const auto judgement = judge(observed);
    report::Verdict verdict;
    verdict.measurement = judgement.measurement;
    verdict.reasons = judgement.reasons;
    verdict.complete = gathered.complete;
    verdict.aborted_by = gathered.aborted_by ? gathered.aborted_by->threshold : "";
    verdict.ended_because = gathered.ended_because;
    return verdict;
}

}  // namespace

void set_conditional(account::KnownCounts& into, const scenario::Scenario& scenario, const account::Counts& counted) {
    if (scenario.lot().delivery.retry.budget) {
        into.retries_put_off = counted.retries_put_off;
    }
    if (scenario.lot().delivery.breaker.failures > 0) {
        into.breaker_openings = counted.breaker_openings;
    }
}

report::RunReport assemble(const Order& order, const Gathered& gathered) {
    const auto& scenario = order.scenario;
    const auto& fleet = gathered.lot.fleet;
    const auto traits = traits_of(order);
    const bool acknowledges = traits.acknowledges == Acknowledges::yes;

    report::RunReport run;
    run.protocol = order.protocol->name;
    run.variant = variant_of(order);
    run.target = gathered.target;
    run.seed = scenario.seed;
    run.run = format_run(gathered.lot.run);
    run.command = order.command;
    run.scenario = {scenario.name, order.workload_digest, scenario::resolved_json(scenario).dump()};
    run.context = {order.build.version,    order.build.commit, order.build.compiler, order.build.build_type,
                   host::kernel_release(), host::cpu_model(),  host::cores(),        order.build.libraries,
                   gathered.shards,        gathered.started_at};

    account::set(run.counts, account::Section::tally, fleet.counts);
    account::set(run.counts, account::Section::fleet, fleet.counts);
    set_conditional(run.counts, scenario, fleet.counts);
    run.counts.equipments = scenario.lot().fleet.equipments;
    if (gathered.lot.ledger) {
        account::set(run.counts, account::Section::ledger, gathered.lot.ledger->counts);
    }
    const auto sets = reconciled(gathered);
    if (sets) {
        set_delivery(run, *sets, *gathered.lot.ledger, traits.acknowledges);
    } else {
        run.equipment_account = equipment_account_of(order, gathered);
    }
    run.phases = phases_of(scenario, fleet, gathered.lot.ledger ? &*gathered.lot.ledger : nullptr,
                           sets ? &*sets : nullptr, traits.acknowledges, gathered.generating);
    run.faults = faults_of(scenario, fleet.series, {gathered.lot.injected, gathered.lot.struck, gathered.commands},
                           run.phases, gathered.ended);

    if (acknowledges) {
        run.latency.response = latency(fleet.response, fleet.unanswered());
        run.latency.service = latency(fleet.service);
    }
    run.latency.lateness = latency(fleet.lateness);
    if (account_is_whole(order, gathered)) {
        const Count delivered = gathered.lot.ledger->end_to_end.count();
        run.latency.end_to_end = latency(gathered.lot.ledger->end_to_end,
                                         fleet.measured_generated - std::min(fleet.measured_generated, delivered));
    }
    run.latency.connect = latency(fleet.connect);
    run.latency.generator_lag = latency(fleet.generator_lag);

    run.throughput = throughput_of(order, gathered, traits.acknowledges);

    run.fleet.connect_failures = fleet.connect_failures;
    const auto had_a_session = fleet.counts.connects - fleet.counts.reconnects;
    if (fleet.generated.size() == scenario.lot().fleet.equipments) {
        run.counts.never_connected = scenario.lot().fleet.equipments - had_a_session;
    }
    if (had_a_session == scenario.lot().fleet.equipments) {
        run.fleet.connecting_s = seconds(fleet.connecting);
    }
    run.counts.unaccounted = scenario.lot().fleet.equipments -
                             std::min<std::size_t>(fleet.generated.size(), scenario.lot().fleet.equipments);
    run.counts.sessions_left = gathered.sessions_left;
    run.resources = costs_of(order, gathered, traits.acknowledges);
    run.wire.bytes_sent = static_cast<double>(gathered.usage.bytes_sent());
    run.wire.bytes_received = static_cast<double>(gathered.usage.bytes_received());
    run.wire.bytes_per_validation =
        each_of(static_cast<double>(gathered.usage.bytes_sent() + gathered.usage.bytes_received()),
                paid_for(fleet.counts, traits.acknowledges));
    const auto encoding = scenario.lot().traffic.payload.encoding;
    run.wire.encoding = std::string(encoding == scenario::Encoding::native ? wire::name_of(traits.native)
                                                                           : scenario::name_of(encoding));
    run.wire.payload_bytes = static_cast<double>(scenario.lot().traffic.payload.bytes.count);
    run.errors = fleet.errors;
    for (const auto& [cause, words] : fleet.server_said) {
        run.server_said.emplace(cause, escape::one_line(words));
    }
    run.interval_s = seconds(fleet.series.width);
    run.intervals = intervals_of(order, gathered);
    run.thresholds = judged(order, run, gathered.aborted_by);
    run.verdict = verdict_of(gathered.observed, run, gathered);
    return run;
}

}  // namespace portillon::run
