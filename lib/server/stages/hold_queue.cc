#include "server/stages/hold_queue.h"

#include <algorithm>
#include <utility>

namespace portillon::server::stages {

bool HoldQueue::push(Instant release, const Arrival& arrival) {
    if (used_bytes_ + sizeof(KeptArrival) + arrival.bytes.size() > limit_bytes_) {
        return false;
    }
    const Instant at = held_.empty() ? release : std::max(release, held_.back().at());
    KeptArrival& last = held_.emplace_back(arrival);
    last.let_go_at(at);
    used_bytes_ += last.memory_bytes();
    return true;
}

KeptArrival HoldQueue::pop() {
    KeptArrival first = std::move(held_.front());
    held_.pop_front();
    used_bytes_ -= first.memory_bytes();
    return first;
}

}  // namespace portillon::server::stages
