#include "report/page/page_samples.h"

#include <cmath>
#include <tuple>

#include "base/random.h"
#include "report/samples.h"
#include "stats/histogram_codec.h"

namespace portillon::report::page {

const std::string hostile_text =
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&amp; <!-- {{data}} \xe2\x80\xa8\xff\x01 ]]>";

namespace {

// `count` values over some decades: most are about `typical_us`, and one in twenty is up to a hundred times slower.
stats::Histogram wide(Random& random, std::uint64_t count, double typical_us) {
    constexpr std::uint64_t draws = 400;
    stats::Histogram histogram;
    for (std::uint64_t i = 0; i < draws; ++i) {
        const double body = typical_us * (0.5 + random.exponential());
        const double slow = random.uniform() < 0.05 ? std::pow(10, 2 * random.uniform()) : 1;
        histogram.record(Nanos{std::llround(body * slow * 1e3)}, 1 + count / draws);
    }
    return histogram;
}

RunReport without_ledger() {
    auto run = healthy_run();
    run.target = "http://192.0.2.7:8080/v1/validations";
    forget_ledger(run);
    run.delivery = {};
    run.latency.end_to_end.reset();
    run.throughput.delivered_per_s.reset();
    run.resources.server.reset();
    for (auto& interval : run.intervals) {
        interval.delivered.reset();
    }
    return run;
}

// A run in which no equipment could connect, and which ended before anything was due.
RunReport empty_run() {
    auto run = healthy_run();
    run.verdict = {.measurement = Measurement::invalid, .reasons = {"nobody could connect"}, .complete = true};
    account::set(run.counts, account::Section::tally, {});
    account::set(run.counts, account::Section::ledger, {});
    run.latency = {};
    run.throughput = {};
    account::set(run.counts, account::Section::fleet,
                 {.equipments = 1'000, .connected_max = 0, .connects = 0, .reconnects = 0});
    run.fleet = {
        .connect_failures = {{"refused", 4'000}},
    };
    run.resources = {};
    run.wire = {
        .bytes_sent = {}, .bytes_received = {}, .bytes_per_validation = {}, .payload_bytes = 100, .encoding = "json"};
    run.errors = {{"connect.refused", 4'000}};
    run.intervals.clear();
    run.thresholds = {{.metric = "response",
                       .expression = "p(95)<50ms",
                       .observed = std::nullopt,
                       .passed = false,
                       .reason = "no samples"}};
    return run;
}

RunReport dead_shard_run() {
    auto run = troubled_run();
    run.counts.unaccounted = 500;
    run.verdict = {
        .measurement = Measurement::invalid,
        .reasons = {"generator process 2 ended by signal 9: equipments 501 to 1000 are missing from the totals"},
        .complete = true};
    return run;
}

RunReport hostile_run() {
    auto run = troubled_run();
    const auto& text = hostile_text;
    run.protocol = run.variant = run.target = run.run = text;
    run.command = {text, text};
    run.scenario = {
        .name = text,
        .workload_digest = text,
        .resolved =
            R"({"name":"</script><b>","faults":[{"kind":"<i>","at":"1s","for":"1s"},{"at":7},"x"],"description":"<u>\" onload=x"})"};
    run.context = {.version = text,
                   .commit = text,
                   .compiler = text,
                   .build_type = text,
                   .kernel = text,
                   .cpu_model = text,
                   .cores = 1,
                   .libraries = {{text, text}},
                   .shards = 1,
                   .started_at = text};
    run.verdict.reasons = {text};
    run.verdict.aborted_by = text;
    run.resources.note = text;
    run.wire.encoding = text;
    run.errors = {{text, 1}};
    run.fleet.connect_failures = {{text, 2}};
    run.thresholds.push_back(
        {.metric = text, .expression = text, .observed = std::nullopt, .passed = false, .reason = text});
    run.phases = {stage_of(text, 0, 1, *run.counts.generated)};
    run.phases.front().counts.acknowledged = run.counts.acknowledged;
    return run;
}

// Steady traffic, a stall of three seconds in which nothing is answered, then the cache drains.
RunReport run_with_faults() {
    auto run = troubled_run();
    run.scenario.resolved =
        R"({"name":"peak","description":"what happens when the server answers nothing for three seconds?",)"
        R"("faults":[{"at":"10s","for":"3s","kind":"stall"},{"at":"20s","for":"4s","kind":"delay","delay":"40ms"}]})";
    run.verdict = {};
    run.intervals.clear();
    Random random(3);
    for (int second = 0; second < 30; ++second) {
        const bool stalled = second >= 10 && second < 13;
        const bool draining = second == 13;
        const Count answered = stalled ? 0 : draining ? 2'640 : 660;
        const Count backlog = stalled ? static_cast<Count>(second - 9) * 660 : 0;
        Interval interval;
        interval.at_s = static_cast<double>(second);
        interval.due = 660;
        interval.acknowledged = answered;
        interval.delivered = answered;
        interval.connected = stalled ? 940 : 1'000;
        interval.in_flight = stalled ? 1'000 : 12;
        interval.cached = backlog;
        if (answered > 0) {
            interval.response_histogram = stats::encode_deflated(wide(random, answered,
                                                                      draining                      ? 900'000
                                                                      : second >= 20 && second < 24 ? 41'000
                                                                                                    : 900));
        }
        run.intervals.push_back(std::move(interval));
    }
    run.phases = {stage_of("warm-up", 0, 5, 3'300), stage_of("steady", 5, 18, 8'580), stage_of("peak", 18, 30, 8'120)};
    run.phases.front().measured = false;
    run.faults = {Fault{.number = 1,
                        .kind = "stall",
                        .what = "stall",
                        .at_s = 10,
                        .to_s = 13,
                        .injected = Injected{"messages", 1'980},
                        .back_to_normal_s = 1,
                        .normal_p95_us = 10'000,
                        .cached_max = 1'980},
                  Fault{.number = 2,
                        .kind = "delay",
                        .what = "delay 40ms",
                        .at_s = 20,
                        .to_s = 24,
                        .back_to_normal_reason = "the P95 of response was never again within the limit for good"}};
    const std::tuple<unsigned, const char*, double, double> parts[] = {{1, "before", 5, 10},  {1, "during", 10, 13},
                                                                       {1, "after", 13, 20},  {2, "before", 13, 20},
                                                                       {2, "during", 20, 24}, {2, "after", 24, 30}};
    for (const auto& [fault, part, from, to] : parts) {
        auto phase =
            stage_of("fault " + std::to_string(fault) + ", " + part, from, to, static_cast<Count>((to - from) * 660));
        phase.kind = "fault";
        phase.fault = fault;
        phase.part = part;
        run.phases.push_back(std::move(phase));
    }
    for (auto& phase : run.phases) {
        phase.latency = run.latency;
    }
    return run;
}

// Five repeats: one is slow, one stayed invalid, and one was invalid and run again.
Comparison repeated_runs() {
    Comparison comparison{.scenario = healthy_run().scenario, .command = {"portillon", "compare"}, .runs = {}};
    comparison.repeats = 5;
    const auto add = [&comparison](unsigned repeat, double slowdown, const char* invalid_because) {
        auto run = healthy_run();
        stats::Histogram slowed;
        for (const auto& bucket : run.latency.response->histogram.buckets()) {
            slowed.record(Nanos{std::llround(static_cast<double>(bucket.highest.count()) * slowdown)}, bucket.count);
        }
        run.latency.response->histogram = slowed;
        if (*invalid_because != '\0') {
            run.verdict = {.measurement = Measurement::invalid, .reasons = {invalid_because}};
        }
        comparison.runs.push_back({repeat, 1, std::move(run)});
    };
    add(1, 1, "");
    add(2, 40, "");
    add(3, 7, "the generator itself was late");
    comparison.runs.back().superseded = true;
    add(3, 1.1, "");
    add(4, 1.2, "");
    add(5, 9, "the server's record could not be read");
    return comparison;
}

}  // namespace

std::vector<std::pair<std::string, Report>> page_samples() {
    return {{"healthy", healthy_run()},
            {"troubled", troubled_run()},
            {"staged", staged_run()},
            {"unacknowledged", unacknowledged_run()},
            {"without_ledger", without_ledger()},
            {"empty", empty_run()},
            {"dead_shard", dead_shard_run()},
            {"hostile", hostile_run()},
            {"faults", run_with_faults()},
            {"comparison", sample_comparison()},
            {"repeated", repeated_runs()},
            {"duel", sample_duel()}};
}

RunReport large_run(const std::string& protocol, std::size_t intervals, std::uint64_t seed) {
    auto run = healthy_run();
    Random random(seed);
    run.protocol = protocol;
    run.counts.equipments = run.counts.connected_max = run.counts.connects = 50'000;
    run.intervals.clear();
    const double typical_us = 800 * (1 + random.uniform());
    for (std::size_t second = 0; second < intervals; ++second) {
        const double wave = 1 + 0.4 * std::sin(static_cast<double>(second) / 40);
        Interval interval;
        interval.at_s = static_cast<double>(second);
        interval.due = 50'000;
        interval.acknowledged = 50'000;
        interval.delivered = 50'000;
        interval.connected = 50'000;
        interval.in_flight = 40 + second % 17;
        interval.response_histogram = stats::encode_deflated(wide(random, 50'000, typical_us * wave));
        run.intervals.push_back(std::move(interval));
    }
    return run;
}

Comparison large_comparison(std::size_t intervals) {
    Comparison comparison{.scenario = healthy_run().scenario, .command = {"portillon", "compare"}, .runs = {}};
    unsigned order = 0;
    for (const char* protocol : {"mqtt", "http2", "grpc", "grpc-stream"}) {
        ++order;
        comparison.runs.push_back({1, order, large_run(protocol, intervals, order), {}});
    }
    return comparison;
}

}  // namespace portillon::report::page
