#include "net/faults/direction.h"

namespace portillon::net::faults {

void Direction::apply(const portillon::faults::Condition& condition, Instant now) {
    if (silent_) {
        line_.stand_still_until(now);
    }
    const bool up = which_ == portillon::faults::Direction::up;
    silent_ = up ? condition.up_silent : condition.down_silent;
    bytes_per_s_ = up ? condition.up_bytes_per_s : condition.down_bytes_per_s;
    unhindered_ = !silent_ && condition.delay == Nanos{0} && condition.jitter == Nanos{0} &&
                  bytes_per_s_ == portillon::faults::unlimited;
}

std::span<const std::byte> Direction::take(Instant now) {
    return silent_ ? std::span<const std::byte>{} : line_.take(now, bytes_per_s_);
}

void Direction::end(Instant ready) {
    if (end_ != End::taken) {
        end_ = End::coming;
        end_ready_ = ready;
    }
}

void Direction::forget_end() {
    if (end_ == End::coming) {
        end_ = End::none;
    }
}

bool Direction::take_end(Instant now) {
    if (end_ != End::coming || !is_delivered() || now < end_ready_) {
        return false;
    }
    end_ = End::taken;
    return true;
}

Instant Direction::next() const {
    if (silent_) {
        return never;
    }
    return line_.empty() && end_ == End::coming ? end_ready_ : line_.next(bytes_per_s_);
}

}  // namespace portillon::net::faults
