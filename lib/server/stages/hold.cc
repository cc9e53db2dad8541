#include "server/stages/hold.h"

namespace portillon::server::stages {

Hold::Hold(net::Loop& loop, Figures& figures, Faults& faults, std::size_t limit_bytes, Stage& next)
    : loop_(loop), figures_(figures), faults_(faults), held_(limit_bytes), next_(next) {}

// Arrivals keep their order: while any is held, later ones queue behind it, even if no fault holds them.
void Hold::take(Arrival& arrival) {
    const Instant now = arrival.at;
    const Instant release = faults_.release_instant(now, faults_.limit(now) ? count_of(arrival.bytes) : 1);
    if (release <= now && held_.empty()) {
        next_.take(arrival);
        return;
    }
    if (!held_.push(release, arrival)) {
        figures_.refused.add("hold_queue_full");
        arrival.reply.decided({Disposition::refused, {}, {}, 0, 0});
        return;
    }
    if (!armed()) {
        loop_.timers().set(*this, held_.next());
    }
}

void Hold::flush() {
    release_until(Instant::max());
}

void Hold::ring(Instant now) {
    release_until(now);
    if (!held_.empty()) {
        loop_.timers().set(*this, held_.next());
    }
}

void Hold::release_until(Instant until) {
    while (!held_.empty() && held_.next() <= until) {
        KeptArrival kept = held_.pop();
        Arrival arrival = kept.arrival();
        arrival.at = loop_.now();
        next_.take(arrival);
    }
}

std::uint32_t Hold::count_of(std::span<const std::byte> bytes) {
    return wire::decode(bytes, wire::detect_encoding(bytes), counted_)
               ? 1
               : static_cast<std::uint32_t>(counted_.validations.size());
}

}  // namespace portillon::server::stages
