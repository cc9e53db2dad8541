// The cost of a validation on both sides of the wire; at full load some 300 ns are available for everything.

#include <benchmark/benchmark.h>

#include <vector>

#include "testing/counted_malloc.h"
#include "wire/batch_codec.h"
#include "wire/mqtt/packet.h"
#include "wire/receipt.h"

namespace {

using namespace portillon;
using namespace portillon::wire;

constexpr Payload payload{7, 100};

Encoding encoding_of(const benchmark::State& state) {
    return static_cast<Encoding>(state.range(1));
}

BatchHead head_of(const benchmark::State& state) {
    return {RunId{0x123456789ABCDEF0}, EquipmentId{12'345}, 100'000, static_cast<std::uint32_t>(state.range(0))};
}

struct EverySecond {
    Nanos now{3'600'000'000'000};
    Nanos operator()() { return now += Nanos{1'000'000'000}; }
};

std::vector<std::byte> batch_of(const benchmark::State& state) {
    std::vector<std::byte> bytes(encoded_size(head_of(state), payload, encoding_of(state), EverySecond{}));
    encode(head_of(state), payload, encoding_of(state), EverySecond{}, bytes);
    return bytes;
}

void arguments(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"validations", "json"})->ArgsProduct({{1, 60}, {0, 1}});
}

void encode_batch(benchmark::State& state) {
    std::vector<std::byte> bytes = batch_of(state);
    const testing::Allocations allocations;
    for (auto _ : state) {
        const std::size_t size = encoded_size(head_of(state), payload, encoding_of(state), EverySecond{});
        encode(head_of(state), payload, encoding_of(state), EverySecond{}, std::span(bytes).first(size));
        benchmark::ClobberMemory();
    }
    state.counters["allocations_per_batch"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_batch)->Apply(arguments);

void decode_batch(benchmark::State& state) {
    const std::vector<std::byte> bytes = batch_of(state);
    ReceivedBatch batch;
    (void)decode(bytes, encoding_of(state), batch).failed();
    const testing::Allocations allocations;
    for (auto _ : state) {
        if (decode(bytes, encoding_of(state), batch)) {
            state.SkipWithError("refused");
        }
        benchmark::DoNotOptimize(batch.validations.data());
    }
    state.counters["allocations_per_batch"] = allocations.per(static_cast<std::uint64_t>(state.iterations()));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_batch)->Apply(arguments);

void match(benchmark::State& state) {
    const std::vector<std::byte> bytes = batch_of(state);
    ReceivedBatch batch;
    (void)decode(bytes, encoding_of(state), batch).failed();
    for (auto _ : state) {
        for (const Validation& validation : batch.validations) {
            if (!matches(validation, payload.seed)) {
                state.SkipWithError("no match");
            }
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(match)->ArgNames({"validations", "json"})->Args({60, 0});

mqtt::Publish publish_of(std::span<const std::byte> body) {
    return {.topic = "validations/12345",
            .qos = mqtt::Qos::at_least_once,
            .duplicate = false,
            .retain = false,
            .packet_id = 17,
            .properties = {},
            .payload = body};
}

void encode_publish_head(benchmark::State& state) {
    std::byte bytes[64];
    const mqtt::Publish publish = publish_of({});
    for (auto _ : state) {
        benchmark::DoNotOptimize(mqtt::publish_head_size(publish, mqtt::Version::v5, 6'200));
        benchmark::DoNotOptimize(mqtt::encode_publish_head(publish, mqtt::Version::v5, 6'200, bytes));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(encode_publish_head);

void parse_publish(benchmark::State& state) {
    const std::vector<std::byte> body(6'200, std::byte{'x'});
    std::vector<std::byte> bytes(mqtt::publish_head_size(publish_of(body), mqtt::Version::v5, body.size()));
    mqtt::encode_publish_head(publish_of(body), mqtt::Version::v5, body.size(), bytes);
    bytes.insert(bytes.end(), body.begin(), body.end());
    mqtt::Framer framer;
    for (auto _ : state) {
        framer.feed(bytes);
        while (const auto frame = framer.next()) {
            mqtt::Publish publish;
            if (parse(*frame, mqtt::Version::v5, publish)) {
                state.SkipWithError("refused");
            }
            benchmark::DoNotOptimize(publish);
        }
    }
}
BENCHMARK(parse_publish);

void parse_puback(benchmark::State& state) {
    const mqtt::Acknowledgement puback{mqtt::PacketType::puback, 17, mqtt::Reason::success, {}};
    std::byte bytes[4];
    mqtt::encode(puback, mqtt::Version::v5, bytes);
    mqtt::Framer framer;
    for (auto _ : state) {
        framer.feed(bytes);
        while (const auto frame = framer.next()) {
            mqtt::Acknowledgement read;
            if (parse(*frame, mqtt::Version::v5, read)) {
                state.SkipWithError("refused");
            }
            benchmark::DoNotOptimize(read);
        }
    }
}
BENCHMARK(parse_puback);

}  // namespace
