#include <benchmark/benchmark.h>

#include "drivers/mqtt/busy_fleet.h"
#include "testing/counted_malloc.h"

namespace portillon::drivers::mqtt {
namespace {

// From offer to settled, with a server that costs as little as possible. Arguments: sessions, in flight, body bytes.
void offer_to_settled(benchmark::State& state, const char* options) {
    BusyFleet fleet(options, static_cast<std::uint32_t>(state.range(0)), static_cast<std::uint32_t>(state.range(1)),
                    static_cast<std::size_t>(state.range(2)));
    constexpr std::uint64_t batches = 10'000;
    fleet.settle(batches);
    const testing::Allocations allocations;
    for ([[maybe_unused]] auto _ : state) {
        fleet.settle(batches);
    }
    const auto settled = batches * static_cast<std::uint64_t>(state.iterations());
    state.counters["allocations_per_batch"] = allocations.per(settled);
    state.SetItemsProcessed(static_cast<std::int64_t>(settled));
}

BENCHMARK_CAPTURE(offer_to_settled, v5_qos_1, R"({"version": 5})")
    ->Args({100, 1, 100})
    ->Args({100, 8, 100})
    ->Args({5'000, 1, 100})
    ->Args({100, 2, 6'000});
BENCHMARK_CAPTURE(offer_to_settled, v3_1_1_qos_1, R"({"version": "3.1.1"})")->Args({100, 1, 100});
BENCHMARK_CAPTURE(offer_to_settled, v5_qos_0, R"({"qos": 0})")->Args({100, 1, 100});

}  // namespace
}  // namespace portillon::drivers::mqtt
