#include "arrival/schedule.h"

#include <benchmark/benchmark.h>

#include "testing/counted_malloc.h"
namespace portillon::arrival {
namespace {

void advance(benchmark::State& state, Kind kind, double rate_to) {
    const Schedule schedule({kind, 10}, Stages({{Nanos{24h}, 60, rate_to, Measure::on}}), 1);
    auto cursor = schedule.begin(EquipmentId{1}, 0s);
    const testing::Allocations allocations;
    for (auto _ : state) {
        schedule.advance(cursor);
        if (cursor.ended()) {
            cursor = schedule.begin(EquipmentId{1}, 0s);
        }
        benchmark::DoNotOptimize(cursor);
    }
    state.counters["allocations"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
}

void advance_periodic(benchmark::State& state) {
    advance(state, Kind::periodic, 60);
}
void advance_ramp(benchmark::State& state) {
    advance(state, Kind::periodic, 600);
}
void advance_poisson(benchmark::State& state) {
    advance(state, Kind::poisson, 60);
}
void advance_burst(benchmark::State& state) {
    advance(state, Kind::burst, 60);
}
BENCHMARK(advance_periodic);
BENCHMARK(advance_ramp);
BENCHMARK(advance_poisson);
BENCHMARK(advance_burst);

void count_before(benchmark::State& state) {
    const Schedule schedule({}, Stages({{Nanos{1h}, 60, 60, Measure::on}, {Nanos{1h}, 60, 0, Measure::on}}), 1);
    std::uint32_t equipment = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(schedule.count_before(EquipmentId{++equipment}, 0s, 90min));
    }
}
BENCHMARK(count_before);

}  // namespace
}  // namespace portillon::arrival
