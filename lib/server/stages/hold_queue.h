#pragma once

// Arrivals that a fault holds back, in order, with copies of their bytes.

#include <cstddef>
#include <deque>

#include "server/kept_arrival.h"

namespace portillon::server::stages {

class HoldQueue {
public:
    // A stall of 50,000 equipments with a batch of 6 KB each in flight is 300 MB over all shards; beyond that a server
    // refuses messages rather than grow.
    static constexpr std::size_t most_bytes = 256 << 20;

    explicit HoldQueue(std::size_t limit_bytes = most_bytes) : limit_bytes_(limit_bytes) {}

    // Returns false if the queue is full. The arrival is released no earlier than those that came before it.
    bool push(Instant release, const Arrival& arrival);

    bool empty() const { return held_.empty(); }
    std::size_t size() const { return held_.size(); }
    Instant next() const { return held_.front().at(); }
    KeptArrival pop();

private:
    std::size_t limit_bytes_;
    std::size_t used_bytes_ = 0;
    std::deque<KeptArrival> held_;
};

}  // namespace portillon::server::stages
