#pragma once

// How an equipment delivers validations that are due: how large batches are, how many are in flight, when a failed one
// is retried, and how many validations wait in the cache.

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

// Exponential back-off: after the n-th failure in a row (from 0) the wait is uniform(0, min(max, base x 2^n)); without
// jitter it is the full value. `budget` limits retries to a share of first tries; retries beyond it wait for `max`. A
// batch that was in flight when the connection broke is sent on the next connection and costs none of the budget: the
// back-off of dialling applies instead.
struct Retry {
    Nanos base = 100ms;
    Nanos max = 30s;
    Jitter jitter = Jitter::full;
    std::optional<Share> budget = {};
    bool operator==(const Retry&) const = default;
};

enum class Overflow : std::uint8_t { oldest, newest };  // which validation a full cache discards

// A circuit breaker: after `failures` failures in a row an equipment tries nothing for `open`, then makes one attempt
// at a time until one is answered.
struct Breaker {
    std::uint32_t failures = 0;  // 0: there is no breaker
    Nanos open = 10s;
    bool operator==(const Breaker&) const = default;
};

struct Delivery {
    Batching batch = {};
    // The most batches in flight. 8 is more than a healthy server ever leaves unanswered at the rate of one device, so
    // the window does not shape the traffic. It is little enough for a device's memory and for the limits of servers
    // (MQTT 5 brokers commonly grant 20 or more, HTTP/2 servers 100).
    std::uint32_t in_flight = 8;
    Order order = Order::relaxed;
    Nanos timeout = 5s;  // of an attempt, counted from its offer
    Nanos connect_timeout = 10s;
    Bytes cache{2'000'000'000};  // per equipment: payload of validations that are due and were never offered
    Overflow overflow = Overflow::oldest;
    std::optional<Rate> pace =
        {};  // limit on first tries, in validations of one equipment; none: only the window limits
    Retry retry = {};
    Breaker breaker = {};
    Nanos drain = 30s;  // the longest drain after the end of generation
    bool operator==(const Delivery&) const = default;
};

// How many validations of `payload_bytes` (1 or more) the cache holds; at least 1.
std::uint64_t cached_validations(const Delivery& delivery, std::uint64_t payload_bytes);

// The pause that `pace` asks for after the first try of one validation; 0: none.
Nanos pause_between_tries(const Delivery& delivery);

}  // namespace portillon::plan
