#include "run/so_far.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "generator/result_message.h"
#include "report/figures.h"
#include "run/assemble.h"
#include "run/phases.h"
#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

void add(stats::Histogram& sum, const std::string& packed) {
    if (packed.empty()) {
        return;
    }
    if (const auto histogram = stats::unpack(packed)) {
        sum.merge(*histogram);
    }
}

// Keeps `packed` as the latest histogram, unless it is empty: then nothing has changed. Returns whether it was kept.
bool keep(std::string& latest, const std::string& packed) {
    if (packed.empty()) {
        return false;
    }
    latest = packed;
    return true;
}

void forgive_unanswered(std::optional<report::Latency>& latency) {
    if (latency) {
        latency->unanswered = 0;
    }
}

// A report of the run so far, with the figures on which thresholds may end a run.
report::RunReport report_of(const Order& order, const fleet::Result& so_far, Nanos elapsed) {
    const auto options = order.scenario.protocols.find(order.protocol->name);
    const auto traits =
        order.protocol->traits(options == order.scenario.protocols.end() ? nlohmann::json::object() : options->second);
    report::RunReport run;
    account::set(run.counts, account::Section::tally, so_far.counts);
    account::set(run.counts, account::Section::fleet, so_far.counts);
    set_conditional(run.counts, order.scenario, so_far.counts);
    run.fleet.connect_failures = so_far.connect_failures;
    run.errors = so_far.errors;
    if (traits.acknowledges == driver::Traits::Acknowledges::yes) {
        run.latency.response = report::Latency{so_far.response};
        run.latency.service = report::Latency{so_far.service};
    }
    run.latency.lateness = report::Latency{so_far.lateness};
    run.latency.connect = report::Latency{so_far.connect};
    run.latency.generator_lag = report::Latency{so_far.generator_lag};
    run.phases = phases_of(order.scenario, so_far, nullptr, nullptr, traits.acknowledges, elapsed);
    for (auto& phase : run.phases) {
        forgive_unanswered(phase.latency.response);
    }
    return run;
}

// The same report as if only settled validations had been generated. A rate of acknowledgements is judged by it.
report::RunReport settled_only(report::RunReport run) {
    const auto settle = [](account::KnownCounts& counts) {
        counts.generated = *counts.acknowledged + *counts.rejected + *counts.discarded;
    };
    settle(run.counts);
    for (auto& phase : run.phases) {
        settle(phase.counts);
    }
    return run;
}

}  // namespace

void SoFar::heard(unsigned number, const link::v1::Snapshot& snapshot) {
    auto& shard = shards_[number];
    for (const auto& changed : snapshot.changed()) {
        shard.parts[changed.segment()] = changed;
        changed_.insert(changed.segment());
    }
    connect_changed_ = keep(shard.connect, snapshot.connect()) || connect_changed_;
    lag_changed_ = keep(shard.generator_lag, snapshot.generator_lag()) || lag_changed_;
    shard.latest = snapshot;
    shard.latest.clear_changed();
    shard.latest.clear_connect();
    shard.latest.clear_generator_lag();
    shard.latest.clear_response();
}

const fleet::Result& SoFar::result(const plan::Segments& segments) {
    if (sum_.parts.size() != segments.size()) {
        sum_.parts.resize(segments.size());
        for (std::size_t i = 0; i < sum_.parts.size(); ++i) {
            sum_.parts[i].measure = segments.list()[i].measure;
        }
    }
    count();
    for (const auto segment : changed_) {
        add_up_part(segment);
    }
    if (!changed_.empty()) {
        fleet::add_up(sum_);
    }
    changed_.clear();
    if (std::exchange(connect_changed_, false)) {
        sum_.connect = {};
        for (const auto& [number, shard] : shards_) {
            add(sum_.connect, shard.connect);
        }
    }
    if (std::exchange(lag_changed_, false)) {
        sum_.generator_lag = {};
        for (const auto& [number, shard] : shards_) {
            add(sum_.generator_lag, shard.generator_lag);
        }
    }
    return sum_;
}

void SoFar::count() {
    sum_.counts = {};
    sum_.connect_failures.clear();
    sum_.errors.clear();
    for (const auto& [number, shard] : shards_) {
        if (account::Counts counts; generator::read_counts(shard.latest.counts(), counts)) {
            account::add(sum_.counts, counts);
        }
        const auto dials = shard.latest.connect_failures();
        if (dials > 0) {
            sum_.connect_failures["any"] += dials;
            sum_.errors["connect.any"] += dials;
        }
        if (shard.latest.errors() > dials) {
            sum_.errors["deliver.any"] += shard.latest.errors() - dials;
        }
    }
}

void SoFar::add_up_part(std::uint32_t segment) {
    if (segment >= sum_.parts.size()) {
        return;
    }
    auto& whole = sum_.parts[segment];
    const auto measure = whole.measure;
    whole = {};
    whole.measure = measure;
    for (const auto& [number, shard] : shards_) {
        const auto found = shard.parts.find(segment);
        if (found == shard.parts.end()) {
            continue;
        }
        const auto& part = found->second;
        if (account::Counts counts; generator::read_counts(part.counts(), counts)) {
            account::add(whole.counts, counts);
        }
        for (std::size_t i = 0; i < fleet::timings.size() && static_cast<int>(i) < part.timings_size(); ++i) {
            add(whole.*fleet::timings[i], part.timings(static_cast<int>(i)));
        }
    }
}

std::optional<Breach> breach_of(const Order& order, const fleet::Result& so_far, Nanos elapsed) {
    std::optional<report::RunReport> run;
    for (const auto& threshold : order.scenario.thresholds) {
        if (threshold.breach != scenario::Threshold::Breach::aborts || elapsed < threshold.abort_not_before) {
            continue;
        }
        const auto parsed = gate::parse_threshold(threshold.metric, threshold.expression);
        if (!parsed) {
            continue;  // cannot happen: the scenario was checked when it was read
        }
        if (!run) {
            run = report_of(order, so_far, elapsed);
        }
        const bool of_settled = parsed->aggregate == gate::Aggregate::rate && parsed->metric.name == "acknowledged";
        const auto settled = of_settled ? std::optional(settled_only(*run)) : std::nullopt;
        const auto judged = gate::judge(*parsed, report::figures_of(settled ? *settled : *run));
        const bool for_good = judged.observed && gate::is_breached_for_good(*parsed, *judged.observed);
        if (judged.outcome == gate::Outcome::breached && for_good) {
            const bool rate = parsed->aggregate == gate::Aggregate::rate;
            return Breach{parsed->text(), rate ? humanize_count(*judged.observed)
                                               : gate::humanize_figure(parsed->metric.kind, *judged.observed)};
        }
    }
    return std::nullopt;
}

}  // namespace portillon::run
