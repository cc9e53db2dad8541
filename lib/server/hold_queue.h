#pragma once

// Arrivals that a fault holds back, in order, with copies of their bytes.

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "server/ingest.h"

namespace portillon::server {

struct HeldArrival {
    Instant release{};
    std::vector<std::byte> bytes;
    Answers* answers = nullptr;
    Ticket ticket;
};

class HoldQueue {
public:
    // A stall of 50,000 equipments with a batch of 6 KB each in flight is 300 MB over all shards: beyond, a server
    // says no rather than grow.
    static constexpr std::size_t most_bytes = 256 << 20;

    explicit HoldQueue(std::size_t limit_bytes = most_bytes) : limit_bytes_(limit_bytes) {}

    // False if full. Released not before those that came earlier.
    bool push(Instant release, std::span<const std::byte> bytes, Answers& answers, const Ticket& ticket);

    bool empty() const { return held_.empty(); }
    Instant next() const { return held_.front().release; }
    HeldArrival pop();

private:
    static constexpr std::size_t overhead_bytes = sizeof(HeldArrival) + 32;

    std::size_t limit_bytes_;
    std::size_t used_bytes_ = 0;
    std::deque<HeldArrival> held_;
};

}  // namespace portillon::server
