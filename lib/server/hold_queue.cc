#include "server/hold_queue.h"

#include <algorithm>
#include <utility>

namespace portillon::server {

bool HoldQueue::push(Instant release, std::span<const std::byte> bytes, Answers& answers, const Ticket& ticket) {
    const std::size_t cost = bytes.size() + overhead_bytes;
    if (used_bytes_ + cost > limit_bytes_) {
        return false;
    }
    used_bytes_ += cost;
    const Instant at = held_.empty() ? release : std::max(release, held_.back().release);
    held_.push_back({at, {bytes.begin(), bytes.end()}, &answers, ticket});
    return true;
}

HeldArrival HoldQueue::pop() {
    HeldArrival first = std::move(held_.front());
    held_.pop_front();
    used_bytes_ -= first.bytes.size() + overhead_bytes;
    return first;
}

}  // namespace portillon::server
