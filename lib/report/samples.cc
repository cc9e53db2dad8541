#include "report/samples.h"

#include <cmath>

#include "base/random.h"
#include "stats/histogram_codec.h"

namespace portillon::report {

namespace {

// `count` random values: `least` plus an exponential tail of mean `spread`.
stats::Histogram spread_out(std::uint64_t count, Nanos least, Nanos spread) {
    stats::Histogram histogram;
    Random random(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        histogram.record(least +
                         Nanos{static_cast<std::int64_t>(random.exponential() * static_cast<double>(spread.count()))});
    }
    return histogram;
}

}  // namespace

RunReport healthy_run() {
    RunReport run;
    run.protocol = "mqtt";
    run.target = "embedded";
    run.seed = 18'000'000'000'000'000'007U;
    run.run = "0123456789abcdef";
    run.command = {"portillon", "run", "peak.yaml", "-o", "peak.json"};
    run.scenario = {
        .name = "peak", .workload_digest = "5f3a", .resolved = R"({"fleet":{"equipments":1000},"name":"peak"})"};
    run.context = {.version = "0.1.0",
                   .commit = "abcdef0",
                   .compiler = "g++ 12.2.0",
                   .build_type = "Release",
                   .kernel = "Linux 6.1.0",
                   .cpu_model = "A CPU \"of\" some kind",
                   .cores = 2,
                   .libraries = {{"boost", "1.81"}, {"nghttp2", "1.52.0"}},
                   .shards = 2,
                   .started_at = "2025-03-01T12:00:00Z"};
    account::set(run.counts, account::Section::tally,
                 {.generated = 20'000, .acknowledged = 20'000, .retries = 0, .sent_batches = 2'000});
    account::set(run.counts, account::Section::ledger, {.delivered = 20'000});
    run.counts.lost = 0;
    run.counts.undelivered = 0;
    run.counts.unconfirmed = 0;
    run.delivery = {.exceptions = {}, .exceptions_omitted = 0};
    run.latency = {.response = Latency{spread_out(20'000, 300us, 2ms)},
                   .service = Latency{spread_out(20'000, 200us, 1ms)},
                   .lateness = Latency{spread_out(20'000, 20us, 300us)},
                   .end_to_end = Latency{spread_out(20'000, 250us, 1500us)},
                   .connect = Latency{spread_out(1'000, 400us, 5ms)},
                   .generator_lag = Latency{spread_out(20'000, 2us, 40us)}};
    run.throughput = {.due_per_s = 10'000, .acknowledged_per_s = 9'998.5, .delivered_per_s = 9'999};
    account::set(run.counts, account::Section::fleet,
                 {.equipments = 1'000, .connected_max = 1'000, .connects = 1'000, .reconnects = 0});
    run.counts.never_connected = 0;
    run.fleet = {.connect_failures = {}, .connecting_s = 0.125};
    run.resources = {.generator = Resources{.cpu_s = 1.25,
                                            .connect_cpu_s = 0.125,
                                            .cpu_us_per_validation = 6.25,
                                            .rss_bytes = 24'000'000,
                                            .rss_growth_bytes = 24'000'000,
                                            .rss_bytes_per_equipment = 24'000,
                                            .shards = 2},
                     .server = Resources{.cpu_s = 1,
                                         .connect_cpu_s = 0.25,
                                         .cpu_us_per_validation = 5,
                                         .rss_bytes = 18'000'000,
                                         .rss_growth_bytes = 18'000'000,
                                         .rss_bytes_per_equipment = 18'000,
                                         .shards = 1},
                     .note = "On loopback the sender's kernel time includes the receiver's softirq."};
    run.wire = {.bytes_sent = 2'500'000,
                .bytes_received = 80'000,
                .bytes_per_validation = 129,
                .payload_bytes = 100,
                .encoding = "protobuf"};
    run.intervals = {{.at_s = 0,
                      .due = 10'000,
                      .acknowledged = 9'990,
                      .delivered = 9'995,
                      .connected = 1'000,
                      .in_flight = 10,
                      .cached = 0,
                      .response_histogram = stats::encode_deflated(spread_out(1'000, 300us, 2ms)),
                      .errors = 0},
                     {.at_s = 1,
                      .due = 10'000,
                      .acknowledged = 10'010,
                      .delivered = 10'005,
                      .connected = 1'000,
                      .in_flight = 0,
                      .cached = 0,
                      .response_histogram = {},
                      .errors = 3}};
    run.thresholds = {
        {.metric = "response", .expression = "p(95)<50ms", .observed = 6'307.839, .passed = true, .reason = {}},
        {.metric = "lost", .expression = "count==0", .observed = 0, .passed = true, .reason = {}}};
    return run;
}

RunReport troubled_run() {
    auto run = healthy_run();
    run.variant = "QoS 1";
    run.verdict = {
        .measurement = Measurement::suspect,
        .reasons =
            {"generator_lag P99 of 3.1 ms is above 5 % of response P99",
             "1.4 % of validations were first sent 1 s late while window, link and breaker were open, which means that "
             "the generator could not keep up"},
        .complete = false};
    account::set(run.counts, account::Section::tally,
                 {.generated = 20'000,
                  .acknowledged = 19'000,
                  .rejected = 100,
                  .unacknowledged = 600,
                  .cached = 250,
                  .discarded = 50,
                  .retries = 37,
                  .sent_batches = 2'037});
    account::set(run.counts, account::Section::ledger,
                 {.delivered = 19'263, .duplicated = 20, .reordered = 11, .unexpected = 1});
    run.counts.lost = 137;
    run.counts.undelivered = 737;
    run.counts.unconfirmed = 400;
    run.delivery = {.exceptions = {{17, 12, 148, State::lost},
                                   {18, 5, 5, State::duplicated},
                                   {19, 7, 8, State::reordered},
                                   {4'000'000'000, 1, 1, State::unexpected}},
                    .exceptions_omitted = 1'234};
    for (std::uint32_t equipment = 100; equipment < 112; ++equipment) {
        run.delivery.exceptions.push_back({equipment, 190, 239, State::undelivered});
    }
    run.latency.response = Latency{spread_out(19'000, 300us, 20ms), 1'000};
    run.latency.service->histogram.record(25h);
    run.latency.end_to_end->unanswered = 737;
    run.latency.lateness.reset();
    run.fleet.connect_failures = {{"refused", 12}, {"timed_out", 3}};
    run.counts.connects = 1'040;
    run.counts.reconnects = 40;
    run.errors = {{"connect.refused", 12},
                  {"connect.timed_out", 3},
                  {"connection.reset", 40},
                  {"deliver.mqtt_0x97", 4},
                  {"deliver.timed_out", 33}};
    run.server_said = {{"mqtt_0x97", R"(at most 100 a minute, says "gate 7" \xff)"}};
    run.thresholds = {
        {.metric = "response",
         .expression = "p(95)<50ms",
         .observed = 90'767.359,
         .passed = false,
         .reason = "observed 90.8 ms"},
        {.metric = "response",
         .expression = "p(99)<200ms",
         .observed = std::nullopt,
         .passed = false,
         .reason = "among the 1,000 never answered"},
        {.metric = "generator.rss_bytes", .expression = "value<1GB", .observed = 24e6, .passed = true, .reason = {}}};
    return run;
}

RunReport unacknowledged_run() {
    auto run = healthy_run();
    run.variant = "QoS 0";
    account::set(run.counts, account::Section::tally,
                 {.generated = 20'000, .unacknowledged = 20'000, .sent_batches = 2'000});
    account::set(run.counts, account::Section::ledger, {.delivered = 19'990});
    run.counts.lost = std::nullopt;
    run.counts.undelivered = 10;
    run.counts.unconfirmed = std::nullopt;
    run.delivery = {.exceptions = {{42, 11, 20, State::undelivered}}, .exceptions_omitted = 0};
    run.latency.response.reset();
    run.latency.service.reset();
    run.latency.end_to_end = Latency{spread_out(19'990, 250us, 1ms), 10};
    run.throughput.acknowledged_per_s.reset();
    run.thresholds = {{.metric = "lost",
                       .expression = "count==0",
                       .observed = std::nullopt,
                       .passed = false,
                       .reason = "nothing is acknowledged here"}};
    return run;
}

Phase stage_of(const std::string& name, double from_s, double to_s, Count generated) {
    Phase stage;
    stage.name = name;
    stage.from_s = from_s;
    stage.to_s = to_s;
    stage.counts.generated = stage.counts.acknowledged = generated;
    return stage;
}

RunReport staged_run() {
    const auto phase = [](const char* name, double from_s, double to_s, Count generated) {
        const double per_s = static_cast<double>(generated) / (to_s - from_s);
        auto made = stage_of(name, from_s, to_s, generated);
        auto& counts = made.counts;
        counts.delivered = generated;
        counts.lost = counts.undelivered = counts.unconfirmed = counts.duplicated = counts.reordered = 0;
        counts.retries.reset();
        made.throughput = {.due_per_s = per_s, .acknowledged_per_s = per_s, .delivered_per_s = per_s};
        return made;
    };
    const auto latencies = [](Count generated, Count acknowledged, Count delivered, Nanos spread) {
        return Latencies{.response = Latency{spread_out(acknowledged, 300us, 2 * spread), generated - acknowledged},
                         .service = Latency{spread_out(acknowledged, 200us, spread)},
                         .lateness = Latency{spread_out(generated, 20us, spread / 4)},
                         .end_to_end = Latency{spread_out(delivered, 250us, spread), generated - delivered},
                         .connect = {},
                         .generator_lag = {}};
    };
    auto warm_up = phase("warm-up", 0, 1, 2'000);
    warm_up.measured = false;
    warm_up.latency = latencies(2'000, 2'000, 2'000, 8ms);
    auto steady = phase("steady", 1, 3.5, 5'000);
    steady.latency = latencies(5'000, 5'000, 5'000, 1ms);
    auto peak = phase("peak", 3.5, 5, 15'000);
    peak.counts.acknowledged = 14'900;
    peak.counts.unacknowledged = 60;
    peak.counts.cached = 40;
    peak.counts.delivered = 14'940;
    peak.counts.undelivered = 60;
    peak.counts.lost = 7;
    peak.counts.unconfirmed = 47;
    peak.counts.duplicated = 12;
    peak.counts.reordered = 3;
    peak.throughput.acknowledged_per_s = 14'900 / 1.5;
    peak.throughput.delivered_per_s = 14'940 / 1.5;
    peak.latency = latencies(15'000, 14'900, 14'940, 9ms);

    auto run = healthy_run();
    account::set(run.counts, account::Section::tally,
                 {.generated = 22'000,
                  .acknowledged = 21'900,
                  .unacknowledged = 60,
                  .cached = 40,
                  .retries = 12,
                  .sent_batches = 2'204});
    account::set(run.counts, account::Section::ledger, {.delivered = 21'940, .duplicated = 12, .reordered = 3});
    run.counts.lost = 7;
    run.counts.undelivered = 60;
    run.counts.unconfirmed = 47;
    run.delivery = {.exceptions = {{17, 20, 26, State::lost}, {18, 10, 62, State::undelivered}},
                    .exceptions_omitted = 15};
    const auto connect = run.latency.connect;
    run.latency = steady.latency;
    const auto add = [](std::optional<Latency>& into, const std::optional<Latency>& other) {
        into->histogram.merge(other->histogram);
        into->unanswered += other->unanswered;
    };
    add(run.latency.response, peak.latency.response);
    add(run.latency.service, peak.latency.service);
    add(run.latency.lateness, peak.latency.lateness);
    add(run.latency.end_to_end, peak.latency.end_to_end);
    run.latency.connect = connect;
    run.latency.generator_lag = Latency{spread_out(20'000, 2us, 40us)};
    run.throughput = {.due_per_s = 4'400, .acknowledged_per_s = 4'377.5, .delivered_per_s = 4'386};
    run.phases = {std::move(warm_up), std::move(steady), std::move(peak)};
    run.thresholds = {
        {.metric = "response", .expression = "p(95)<60ms", .observed = 50823.167, .passed = true, .reason = {}},
        {.metric = "response{stage:peak}",
         .expression = "p(95)<50ms",
         .observed = 56557.567,
         .passed = false,
         .reason = "observed 56.6 ms"}};
    return run;
}

RunReport faulty_run() {
    auto run = staged_run();
    for (const char* part : {"before", "during", "after"}) {
        auto phase = run.phases[2];
        phase.kind = "fault";
        phase.name = std::string("fault 1 ") + part;
        phase.fault = 1;
        phase.part = part;
        phase.counts.retries = 5;
        run.phases.push_back(std::move(phase));
    }
    run.faults = {{.number = 1,
                   .kind = "cut",
                   .what = "cut",
                   .at_s = 2,
                   .to_s = 3,
                   .equipments = 21,
                   .equipments_digest = "0123456789abcdef",
                   .which = {{1, 20}, {42, 42}},
                   .connections = 22,
                   .dials_refused = 0,
                   .dials_hung = 7,
                   .back_to_normal_s = 1.5,
                   .normal_p95_us = 1e5,
                   .usual_p95_us = 4e4,
                   .cached_max = 1'234},
                  {.number = 2,
                   .kind = "stall",
                   .what = "stall",
                   .at_s = 4,
                   .to_s = 5,
                   .back_to_normal_reason = "nothing was answered after it"}};
    return run;
}

Comparison sample_comparison() {
    auto http2 = healthy_run();
    http2.protocol = "http2";
    http2.latency.response = Latency{spread_out(20'000, 600us, 4ms)};
    http2.wire = {.bytes_sent = 9'000'000,
                  .bytes_received = 900'000,
                  .bytes_per_validation = 495,
                  .payload_bytes = 100,
                  .encoding = "json"};
    auto http2_again = http2;
    http2_again.resources.generator->cpu_us_per_validation = 12.5;
    http2_again.resources.server.reset();
    Comparison comparison{.scenario = healthy_run().scenario,
                          .command = {"portillon", "compare", "peak.yaml", "--repeat", "2"},
                          .runs = {}};
    comparison.runs = {{1, 1, healthy_run()}, {1, 2, unacknowledged_run()}, {1, 3, http2},
                       {2, 1, http2_again},   {2, 2, unacknowledged_run()}, {2, 3, troubled_run()}};
    comparison.runs.back().run.variant.clear();
    return comparison;
}

namespace {

// A run that is `factor` times as slow and as costly as the ordinary one.
RunReport duellist(const std::string& protocol, const std::string& name, double factor) {
    constexpr Count validations = 2'000;
    const auto times = [factor](double ordinary) { return ordinary * factor; };
    const auto latency = [&](Nanos least, Nanos spread) {
        const auto stretched = [&](Nanos value) {
            return Nanos{std::llround(times(static_cast<double>(value.count())))};
        };
        return Latency{spread_out(validations, stretched(least), stretched(spread))};
    };
    auto run = healthy_run();
    run.protocol = protocol;
    run.target = name == "base" ? "http://127.0.0.1:8080" : "http://127.0.0.1:9090";
    account::set(run.counts, account::Section::tally,
                 {.generated = validations, .acknowledged = validations, .sent_batches = validations / 10});
    account::set(run.counts, account::Section::ledger, {.delivered = validations});
    run.latency.response = latency(300us, 2ms);
    run.latency.service = latency(200us, 1ms);
    run.latency.end_to_end = latency(250us, 1500us);
    run.throughput = {.due_per_s = 1'000, .acknowledged_per_s = 999, .delivered_per_s = 999};
    run.resources.generator->cpu_us_per_validation = times(6.25);
    run.resources.server->cpu_us_per_validation = times(5);
    run.intervals.clear();
    run.thresholds.clear();
    return run;
}

}  // namespace

Comparison sample_duel() {
    Comparison comparison{.scenario = healthy_run().scenario,
                          .command = {"portillon", "compare", "peak.yaml", "--repeat", "5"},
                          .runs = {}};
    Random random(5);
    for (unsigned repeat = 1; repeat <= 5; ++repeat) {
        unsigned order = 0;
        for (const char* protocol : {"mqtt", "http2"}) {
            for (const char* name : {"base", "cand"}) {
                const bool slow = std::string(name) == "cand" && std::string(protocol) == "mqtt";
                auto run = duellist(protocol, name, (slow ? 1.25 : 1.0) * (0.97 + 0.06 * random.uniform()));
                if (std::string(name) == "cand" && std::string(protocol) == "http2" && repeat == 3) {
                    *run.counts.delivered -= 1;
                    run.counts.lost = run.counts.undelivered = 1;
                    run.latency.end_to_end->unanswered = 1;
                    run.delivery.exceptions = {{9, 4, 4, State::lost}};
                }
                comparison.runs.push_back({repeat, ++order, std::move(run), name});
            }
        }
    }
    return comparison;
}

}  // namespace portillon::report
