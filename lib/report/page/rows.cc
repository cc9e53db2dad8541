#include "report/page/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/entrants.h"

namespace portillon::report {

namespace {

// The place of a run in the report, by which the page's figures name it.
RowRun placed(const Report& report, const RunReport* run) {
    if (const auto* comparison = std::get_if<Comparison>(&report)) {
        const auto& turns = comparison->runs;
        const auto turn =
            std::find_if(turns.begin(), turns.end(), [run](const Turn& each) { return &each.run == run; });
        return {.index = static_cast<std::size_t>(turn - turns.begin()), .repeat = turn->repeat, .run = run};
    }
    return {.index = 0, .repeat = 1, .run = run};
}

template <class Owner, class Value>
std::optional<Value> median(const std::vector<const Owner*>& owners, std::optional<Value> Owner::*figure) {
    std::vector<Value> values;
    for (const auto* owner : owners) {
        if (owner->*figure) {
            values.push_back(*(owner->*figure));
        }
    }
    if (values.empty()) {
        return std::nullopt;
    }
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void add(std::optional<Count>& sum, std::optional<Count> count) {
    sum = sum && count ? std::optional(*sum + *count) : std::nullopt;
}

void add(std::map<std::string, Count>& sums, const std::map<std::string, Count>& counts) {
    for (const auto& [name, count] : counts) {
        sums[name] += count;
    }
}

void add(std::optional<Latency>& sum, const std::optional<Latency>& latency) {
    if (!sum || !latency) {
        sum.reset();
        return;
    }
    sum->histogram.merge(latency->histogram);
    sum->unanswered += latency->unanswered;
}

void add(Tally& sum, const Tally& tally) {
    for (const auto count : {&Tally::generated, &Tally::acknowledged, &Tally::rejected, &Tally::unacknowledged,
                             &Tally::cached, &Tally::discarded, &Tally::retries, &Tally::sent_batches}) {
        sum.*count += tally.*count;
    }
    add(sum.retries_put_off, tally.retries_put_off);
    add(sum.breaker_openings, tally.breaker_openings);
}

void add(std::optional<Ledger>& sum, const std::optional<Ledger>& ledger) {
    if (!sum || !ledger) {
        sum.reset();
        return;
    }
    for (const auto count : {&Ledger::delivered, &Ledger::duplicated, &Ledger::reordered, &Ledger::unexpected}) {
        (*sum).*count += (*ledger).*count;
    }
}

void add(Fleet& sum, const Fleet& fleet) {
    sum.connected_max = std::max(sum.connected_max, fleet.connected_max);
    sum.connects += fleet.connects;
    sum.reconnects += fleet.reconnects;
    add(sum.connect_failures, fleet.connect_failures);
}

void add(RunReport& sum, const RunReport& run) {
    for (const auto latency : {&Latencies::response, &Latencies::service, &Latencies::lateness, &Latencies::end_to_end,
                               &Latencies::connect, &Latencies::generator_lag}) {
        add(sum.latency.*latency, run.latency.*latency);
    }
    add(sum.tally, run.tally);
    add(sum.ledger, run.ledger);
    for (const auto count : {&Delivery::lost, &Delivery::undelivered, &Delivery::unconfirmed}) {
        add(sum.delivery.*count, run.delivery.*count);
    }
    add(sum.fleet, run.fleet);
    add(sum.wire.bytes_sent, run.wire.bytes_sent);
    add(sum.wire.bytes_received, run.wire.bytes_received);
    add(sum.errors, run.errors);
    sum.verdict.measurement = std::max(sum.verdict.measurement, run.verdict.measurement);
    sum.verdict.complete = sum.verdict.complete && run.verdict.complete;
    for (const auto& reason : run.verdict.reasons) {
        auto& reasons = sum.verdict.reasons;
        if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
            reasons.push_back(reason);
        }
    }
}

std::optional<Resources> typical(const std::vector<RowRun>& runs, std::optional<Resources> Costs::*side) {
    std::vector<const Resources*> owners;
    for (const auto& entry : runs) {
        if (entry.run->resources.*side) {
            owners.push_back(&*(entry.run->resources.*side));
        }
    }
    if (owners.empty()) {
        return std::nullopt;
    }
    return Resources{.cpu_s = median(owners, &Resources::cpu_s),
                     .connect_cpu_s = median(owners, &Resources::connect_cpu_s),
                     .cpu_us_per_validation = median(owners, &Resources::cpu_us_per_validation),
                     .rss_bytes = median(owners, &Resources::rss_bytes),
                     .rss_bytes_per_equipment = median(owners, &Resources::rss_bytes_per_equipment),
                     .shards = median(owners, &Resources::shards)};
}

RunReport whole_of(const std::vector<RowRun>& runs) {
    RunReport whole = *runs.front().run;
    whole.intervals.clear();
    whole.phases.clear();
    whole.thresholds.clear();
    whole.delivery.exceptions.clear();
    std::vector<const Throughput*> rates;
    std::vector<const Wire*> wires;
    std::vector<const Fleet*> fleets;
    for (const auto& entry : runs) {
        fleets.push_back(&entry.run->fleet);
        rates.push_back(&entry.run->throughput);
        wires.push_back(&entry.run->wire);
        if (entry.run != runs.front().run) {
            add(whole, *entry.run);
        }
    }
    whole.fleet.connecting_s = median(fleets, &Fleet::connecting_s);
    whole.throughput = {.due_per_s = median(rates, &Throughput::due_per_s),
                        .acknowledged_per_s = median(rates, &Throughput::acknowledged_per_s),
                        .delivered_per_s = median(rates, &Throughput::delivered_per_s)};
    whole.wire.bytes_per_validation = median(wires, &Wire::bytes_per_validation);
    whole.resources.generator = typical(runs, &Costs::generator);
    whole.resources.server = typical(runs, &Costs::server);
    return whole;
}

}  // namespace

std::vector<Row> rows_of(const Report& report) {
    std::vector<Row> rows;
    for (const auto& entrant : entrants_of(report)) {
        Row row{.label = entrant.name, .runs = {}, .whole = {}};
        for (const auto* run : entrant.runs) {
            row.runs.push_back(placed(report, run));
        }
        row.whole = whole_of(row.runs);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string name_of(const Row& row, const RowRun& run) {
    return row.runs.size() == 1 && run.repeat == 1 ? row.label : fmt::format("{}, repeat {}", row.label, run.repeat);
}

const char* headline_of(const RunReport& run) {
    return run.latency.response || !run.latency.end_to_end ? "response" : "end_to_end";
}

}  // namespace portillon::report
