#pragma once

// The counts of a server shard besides the ledger. They are in memory shared with the conductor, so a killed shard's
// figures stay readable. Each instance has one writer; a reader may see a count that is one event old.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace portillon::server {

// A counter with one writer, so that counting a message needs no locked instruction.
class Counter {
public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// Counts by cause, for at most 32 causes; later causes are counted as "other".
class Causes {
public:
    void add(std::string_view cause);
    // Calls each(name, count) for every cause that occurred.
    template <class Each>
    void for_each(Each each) const {
        for (const Slot& slot : slots_) {
            if (const auto count = slot.count.get(); count > 0) {
                each(std::string_view(slot.name.data()), count);
            }
        }
    }

private:
    struct Slot {
        std::array<char, 40> name{};
        Counter count;
    };
    std::array<Slot, 33> slots_{};
};

// The shard counts connections, accepted and bytes; ingest counts batches, validations, unregistered, and in `refused`
// what it refused itself; a listener counts `closed`, and in `refused` what never reached ingest.
struct Figures {
    Counter connections;   // open now
    Counter accepted;      // since the start
    Counter batches;       // arrived
    Counter validations;   // arrived, any copy, any run
    Counter unregistered;  // validations of runs that nobody registered: accepted, not recorded
    Counter bytes_received, bytes_sent;
    Causes closed;   // connections that this server closed, by cause: "malformed", "too_large", "no_first_byte", ...
    Causes refused;  // messages refused, by cause
};

}  // namespace portillon::server
