// Measures what a validation costs from due to settled, with everything that the fleet does: timers, cursors, offer,
// body, deadlines, tally, histograms. The session writes the body and answers 5 ms later, on simulated time; the
// session's own share (an alarm and a short list) is part of the figure.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "fleet/scripted.h"
#include "testing/counted_malloc.h"

namespace portillon::fleet {
namespace {

// Big blocks (histograms) lie apart, so this is what the equipments, their sessions and coroutines take.
std::uint64_t allocated_bytes() {
    return ::mallinfo2().uordblks;
}

void due_to_settled(benchmark::State& state, wire::Encoding encoding) {
    const auto equipments = static_cast<std::uint32_t>(state.range(0));
    const auto max = static_cast<std::uint32_t>(state.range(1));
    const double rate = max;  // a batch per equipment and second
    auto plan = plain_plan({}, {steady(10h, rate)});
    plan.equipments = equipments;
    plan.delivery.batch = {.max = max, .linger = max > 1 ? Nanos{2s} : Nanos{0}};
    plan.encoding = encoding;
    plan.start = plan::StartByRate{.rate = Rate{1'000'000}, .within = 60s};
    const auto before = allocated_bytes();
    Rehearsal run(plan);
    run.driver.notes = ScriptedDriver::Notes::none;
    run.driver.reply = [](const driver::Batch&, Instant) { return ScriptedDriver::Reply{.after = 5ms}; };
    std::vector<std::byte> bytes(64 * 1024);
    run.driver.look = [&bytes](const driver::Batch& batch) {
        const auto size = batch.body->size();
        batch.body->write_to(std::span(bytes).first(size));
        benchmark::DoNotOptimize(bytes.data());
    };
    run.connect();
    run.start();
    Nanos at = 3s;
    run.run_to(at);
    const auto allocated = allocated_bytes();
    const auto settled = run.engine().snapshot().counts.acknowledged;
    const Nanos step = Nanos{1s} * 20'000 / std::max(equipments, 20'000u) / 4;
    const testing::Allocations allocations;  // some: a second that is closed packs its histogram
    for (auto _ : state) {
        at += step;
        run.run_to(at);
    }
    const auto done = run.engine().snapshot().counts.acknowledged - settled;
    state.SetItemsProcessed(static_cast<std::int64_t>(done));
    state.counters["allocations_per_batch"] = allocations.per(std::max<std::uint64_t>(1, done / max));
    state.counters["per_validation"] =
        benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["bytes_per_equipment"] = static_cast<double>(allocated - before) / equipments;
    run.engine().stop(run.now());
    run.drain();
    run.close();
}

BENCHMARK_CAPTURE(due_to_settled, protobuf, wire::Encoding::protobuf)
    ->ArgNames({"equipments", "batch"})
    ->Args({1'000, 1})
    ->Args({1'000, 60})
    ->Args({50'000, 1})
    ->Args({50'000, 60})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(due_to_settled, json, wire::Encoding::json)
    ->ArgNames({"equipments", "batch"})
    ->Args({1'000, 60})
    ->Args({50'000, 60})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace portillon::fleet
