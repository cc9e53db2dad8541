#include <benchmark/benchmark.h>

#include <array>

#include "base/random.h"
#include "stats/histogram.h"
#include "stats/histogram_codec.h"
#include "testing/counted_malloc.h"

namespace portillon::stats {
namespace {

// A latency's usual distribution: 200 us and an exponential tail of 3 ms.
Nanos plausible(Random& random) {
    return 200us + Nanos{static_cast<std::int64_t>(random.exponential() * 3e6)};
}

Histogram filled() {
    Histogram histogram;
    Random random(7);
    for (int i = 0; i < 1'000'000; ++i) {
        histogram.record(plausible(random));
    }
    return histogram;
}

void record(benchmark::State& state) {
    Random random(7);
    std::array<Nanos, 4096> values{};
    for (auto& value : values) {
        value = plausible(random);
    }
    Histogram histogram = filled();
    std::size_t at = 0;
    const testing::Allocations allocations;
    for (auto _ : state) {
        histogram.record(values[at++ % values.size()]);
    }
    state.counters["allocations"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
    benchmark::DoNotOptimize(histogram.count());
}
BENCHMARK(record);

void merge(benchmark::State& state) {
    const auto part = filled();
    Histogram whole = filled();
    const testing::Allocations allocations;
    for (auto _ : state) {
        whole.merge(part);
    }
    state.counters["allocations"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
}
BENCHMARK(merge);

void percentile(benchmark::State& state) {
    const auto histogram = filled();
    for (auto _ : state) {
        benchmark::DoNotOptimize(histogram.percentile(99, 10));
    }
}
BENCHMARK(percentile);

void encode_v2(benchmark::State& state) {
    const auto histogram = filled();
    for (auto _ : state) {
        benchmark::DoNotOptimize(encode(histogram));
    }
}
BENCHMARK(encode_v2);

void encode_v2_deflated(benchmark::State& state) {
    const auto histogram = filled();
    for (auto _ : state) {
        benchmark::DoNotOptimize(encode_deflated(histogram));
    }
}
BENCHMARK(encode_v2_deflated);

void decode_v2_deflated(benchmark::State& state) {
    const auto text = encode_deflated(filled());
    for (auto _ : state) {
        benchmark::DoNotOptimize(decode_deflated(text));
    }
}
BENCHMARK(decode_v2_deflated);

}  // namespace
}  // namespace portillon::stats
