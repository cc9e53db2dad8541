#pragma once

// How an equipment delivers what is due: in which batches, how many at once, how often again, and what it keeps while
// it cannot.

#include <cstdint>
#include <optional>

#include "base/units.h"

namespace portillon::plan {

struct Batching {
    std::uint32_t max = 1;  // validations; 1..wire::most_validations
    Nanos linger{};         // how long the first validation of a batch waits for others
    bool operator==(const Batching&) const = default;
};

enum class Order : std::uint8_t { relaxed, strict };  // strict: later batches wait until a retry is settled

enum class Jitter : std::uint8_t { full, none };

// The n-th failure in a row (from 0) waits uniform(0, min(max, base x 2^n)); without jitter the full value. Retries
// beyond `budget`, their share of first tries, wait `max`. A batch that a broken connection took with it goes again
// with the next connection and costs none of the budget: the dialling waits instead.
struct Retry {
    Nanos base = 100ms;
    Nanos max = 30s;
    Jitter jitter = Jitter::full;
    std::optional<Share> budget = {};
    bool operator==(const Retry&) const = default;
};

enum class Overflow : std::uint8_t { oldest, newest };  // which validation a full cache discards

// After `failures` in a row an equipment tries nothing for `open`, then one thing at a time until one succeeds.
struct Breaker {
    std::uint32_t failures = 0;  // 0: there is no breaker
    Nanos open = 10s;
    bool operator==(const Breaker&) const = default;
};

struct Delivery {
    Batching batch = {};
    // Batches. 8: more than a healthy server ever leaves open at the rate of one device, so that the window does not
    // shape the traffic; few enough for a device's memory and for what servers let a client have open (MQTT 5 brokers
    // commonly grant 20 or more, HTTP/2 servers 100).
    std::uint32_t in_flight = 8;
    Order order = Order::relaxed;
    Nanos timeout = 5s;  // of an attempt, from its offer
    Nanos connect_timeout = 10s;
    Bytes cache{2'000'000'000};  // per equipment, of payload that is due and was never offered
    Overflow overflow = Overflow::oldest;
    std::optional<Rate> pace = {};  // first tries at most, in validations of one equipment; none: as the window allows
    Retry retry = {};
    Breaker breaker = {};
    Nanos drain = 30s;  // at most, after the end of generation
    bool operator==(const Delivery&) const = default;
};

// How many validations of `payload_bytes` (1 or more) the cache holds; at least 1.
std::uint64_t cached_validations(const Delivery& delivery, std::uint64_t payload_bytes);

// How long a first try of one validation keeps the next one back; 0: not at all.
Nanos pause_between_tries(const Delivery& delivery);

}  // namespace portillon::plan
