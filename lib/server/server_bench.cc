// The cost of a message in the server, behind the listeners.

#include <benchmark/benchmark.h>

#include <array>

#include "server/pipeline.h"
#include "server/reconcile.h"
#include "server/sample_run.h"
#include "testing/counted_malloc.h"

namespace portillon::server {
namespace {

constexpr Sequence many = 1 << 24;

void ledger_record(benchmark::State& state) {
    SampleRun run(sample_spec(1, many));
    run.ledger.start(Instant{1s});
    Sequence sequence = 0;
    const testing::Allocations allocations;
    for (auto _ : state) {
        sequence = sequence % many + 1;
        benchmark::DoNotOptimize(run.ledger.record(0, EquipmentId{1}, sequence, 0s, Instant{2s}));
    }
    state.counters["allocations"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ledger_record);

// Decodes, compares with the seed, records and answers; validations of 100 bytes.
void ingest_batch(benchmark::State& state) {
    const auto count = static_cast<std::uint32_t>(state.range(0));
    constexpr std::uint32_t equipments = 1'000;
    SampleRun run(sample_spec(equipments, 1'000));
    MonotonicClock clock;
    net::Loop loop(clock);
    Figures figures;
    std::array<FaultShare, 1> shares{};
    Pipeline ingest(loop, 0, figures, shares);
    ingest.open(run.ledger);
    run.ledger.start(clock.now());
    std::vector<std::vector<std::byte>> batches;
    for (std::uint32_t equipment = 1; equipment <= equipments; ++equipment) {
        batches.push_back(run.batch(equipment, 1, count));
    }
    struct Silent final : Answers {
        void decided(const Ticket&, const Decision&) override {}
    } answers;
    std::size_t next = 0;
    ingest.arrived(batches[next], answers, {});
    const testing::Allocations allocations;
    for (auto _ : state) {
        ingest.arrived(batches[next], answers, {});
        next = (next + 1) % batches.size();
    }
    state.counters["allocations_per_batch"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
    state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(ingest_batch)->Arg(1)->Arg(60);

void reconcile_fleet(benchmark::State& state) {
    constexpr std::uint32_t equipments = 50'000;
    constexpr Sequence each = 1'000;
    SampleRun run(sample_spec(equipments, each));
    for (std::uint32_t equipment = 1; equipment <= equipments; ++equipment) {
        for (Sequence sequence = 1; sequence <= each; ++sequence) {
            run.ledger.record(0, EquipmentId{equipment}, sequence, 0s, Instant{1s});
        }
    }
    run.ledger.freeze();
    const Generated generated(equipments, each);
    for (auto _ : state) {
        benchmark::DoNotOptimize(reconcile(run.ledger, generated));
    }
}
BENCHMARK(reconcile_fleet)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace portillon::server
