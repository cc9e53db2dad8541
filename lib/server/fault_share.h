#pragma once

// The state of one fault that the shards of a server share, so that exactly as many victims are struck as were asked
// for. In shared memory; all zeros is a fresh one.

#include <atomic>
#include <cstdint>
#include <limits>

#include "server/fault.h"

namespace portillon::server {

struct FaultShare {
    std::atomic<std::uint64_t> left;          // how many it may still strike
    std::atomic<std::uint64_t> struck;        // how many it has struck
    std::atomic<std::int64_t> busy_until_ns;  // of limit: when all that came before has been served

    // Called by the process that sets the fault for all shards, before the shards are told of it.
    void begin(const Fault& fault) {
        left = fault.count > 0 ? fault.count : std::numeric_limits<std::uint64_t>::max();
        struck = 0;
        busy_until_ns = 0;
    }

    bool exhausted() const { return left.load(std::memory_order_relaxed) == 0; }

    // Strikes one, if there is one left; false otherwise.
    bool take() {
        auto before = left.load(std::memory_order_relaxed);
        while (before > 0 && !left.compare_exchange_weak(before, before - 1, std::memory_order_relaxed)) {
        }
        if (before == 0) {
            return false;
        }
        struck.fetch_add(1, std::memory_order_relaxed);
        return true;
    }

    // A shared queue served at a fixed rate (limit): returns the instant at which work that arrives at `now` and takes
    // `cost` has been served, after all work that came before it.
    Instant serve(Instant now, Nanos cost) {
        const std::int64_t earliest = now.time_since_epoch().count();
        auto before = busy_until_ns.load(std::memory_order_relaxed);
        std::int64_t after = 0;
        do {
            after = (before > earliest ? before : earliest) + cost.count();
        } while (!busy_until_ns.compare_exchange_weak(before, after, std::memory_order_relaxed));
        return Instant{Nanos{after}};
    }
};

}  // namespace portillon::server
