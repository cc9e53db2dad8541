#pragma once

// One shard's slice of a fleet, and everything that decides what it does. The result does not depend on the number of
// shards: equipments are dealt in turn, and what is random about one is a function of the seed and its number.

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "arrival/schedule.h"
#include "base/units.h"
#include "fleet/breaker.h"
#include "wire/batch_codec.h"

namespace portillon::fleet {

// Before T0: equipment `id` dials at `from` + (id - 1) / rate; who is not connected after `within` begins offline.
struct StartByRate {
    Rate rate{10'000};
    Nanos within = 60s;
};

// From T0 on: `step` equipments more every `every`. Each dials, and begins its schedule, at its own start.
struct StartBySteps {
    std::uint32_t step = 1;
    Nanos every{};
};

using Start = std::variant<StartByRate, StartBySteps>;

struct Batching {
    std::uint32_t max = 1;  // validations; 1..wire::most_validations
    Nanos linger{};         // how long the first of a batch waits for others
};

enum class Order : std::uint8_t { relaxed, strict };  // strict: no later batch is offered while one waits for a retry

enum class Jitter : std::uint8_t { full, none };

// The n-th failure in a row (from 0) waits uniform(0, min(max, base x 2^n)); without jitter the full value. Retries
// beyond `budget`, their share of first tries, wait `max`. What a broken connection took with it goes again with the
// next one and is no matter of the budget: the dialling waits.
struct Retry {
    Nanos base = 100ms;
    Nanos max = 30s;
    Jitter jitter = Jitter::full;
    std::optional<double> budget = {};
};

// What becomes of what a server keeps of the sessions when the run is over (Session::forget()). left: of no interest,
// because the server ends with the run.
enum class Debris : std::uint8_t { removed, left };

// What a full cache does with one more: the oldest goes, or it does.
enum class Overflow : std::uint8_t { discards_oldest, discards_newest };

struct Plan {
    RunId run{};
    std::uint64_t seed = 1;
    std::uint32_t equipments = 1;  // of the whole fleet
    std::uint32_t shard = 0;       // 0..shards-1; equipment `id` belongs to shard (id - 1) % shards
    std::uint32_t shards = 1;
    arrival::Schedule schedule;  // its stages say which validations are measured, and when generation ends
    Start start{};
    std::uint32_t payload_bytes = 100;
    wire::Encoding encoding = wire::Encoding::protobuf;
    Batching batch{};
    std::uint32_t in_flight = 8;  // batches, per equipment; >= 1
    Order order = Order::relaxed;
    Nanos timeout = 5s;  // of an attempt, from its offer
    Nanos connect_timeout = 10s;
    std::uint64_t cache = 20'000'000;  // validations, per equipment: due, never offered; >= 1
    Overflow overflow = Overflow::discards_oldest;
    Nanos pace{};  // between first tries, for each validation: how fast a cache drains at most; 0: as the window allows
    Retry retry{};
    BreakerPlan breaker{};
    Debris debris = Debris::removed;
    Nanos drain = 30s;             // at most, after the end of generation
    std::vector<Nanos> cuts = {};  // since T0: where segments end, beside the stages' ends
};

// How many equipments the slice has, and the one at `place` (0 .. slice_size - 1).
std::uint32_t slice_size(const Plan& plan);
EquipmentId equipment_at(const Plan& plan, std::uint32_t place);

// When an equipment's schedule begins, since T0.
Nanos start_of(const Plan& plan, EquipmentId id);

}  // namespace portillon::fleet
