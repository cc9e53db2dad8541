#include "fleet/flight.h"

#include "base/check.h"

namespace portillon::fleet {

namespace {

wire::BatchHead head_of(const Flight& flight) {
    return {.run = flight.plan->run,
            .equipment = flight.first.equipment(),
            .first = flight.sequence(),
            .count = flight.count};
}

wire::Payload payload_of(const Plan& plan) {
    return {.seed = plan.seed, .bytes = plan.payload_bytes};
}

// Gives the due times of a flight in turn.
class Dues {
public:
    explicit Dues(const Flight& flight)
        : flight_(flight),
          cursor_(flight.first),
          closed_(flight.plan->schedule.arrival().kind == arrival::Kind::closed) {}

    Nanos operator()() {
        if (closed_) {
            return flight_.closed_loop_due;
        }
        if (asked_++ > 0) {
            flight_.plan->schedule.advance(cursor_);
        }
        return cursor_.due();
    }

private:
    const Flight& flight_;
    arrival::Cursor cursor_;
    bool closed_;
    std::uint32_t asked_ = 0;
};

}  // namespace

std::size_t Flight::size() const {
    return wire::encoded_size(head_of(*this), payload_of(*plan), plan->encoding, Dues(*this));
}

void Flight::write_to(std::span<std::byte> out) const {
    wire::encode(head_of(*this), payload_of(*plan), plan->encoding, Dues(*this), out);
}

Flight& Flights::take() {
    if (free_ == nullptr) {
        return all_.emplace_back();
    }
    Flight& flight = *free_;
    free_ = flight.later;
    flight.sent = {};
    flight.attempt = 0;
    flight.status = Flight::Status::waiting;
    flight.later = nullptr;
    return flight;
}

void Flights::set_status(Flight& flight, Flight::Status status) {
    const std::uint32_t before = flight.is_in_flight() ? flight.count : 0;
    flight.status = status;
    in_flight_ += flight.is_in_flight() ? flight.count : 0;
    in_flight_ -= before;
}

void Flights::give_back(Flight& flight) {
    if (flight.is_in_flight()) {
        in_flight_ -= flight.count;
    }
    flight.later = free_;
    free_ = &flight;
}

void Deadlines::add(Flight& flight) {
    check(!flight.reaped_later, "one deadline at a time");
    flight.reaped_later = true;
    flight.sooner = latest_;
    flight.later = nullptr;
    (latest_ == nullptr ? soonest_ : latest_->later) = &flight;
    latest_ = &flight;
    if (!armed()) {
        timers_.set(*this, flight.until);
    }
}

void Deadlines::remove(Flight& flight) {
    if (!flight.reaped_later) {
        return;
    }
    flight.reaped_later = false;
    (flight.sooner == nullptr ? soonest_ : flight.sooner->later) = flight.later;
    (flight.later == nullptr ? latest_ : flight.later->sooner) = flight.sooner;
}

// Often rings for one that was settled meanwhile: cheaper than moving the alarm at every answer.
void Deadlines::ring(Instant now) {
    while (soonest_ != nullptr && soonest_->until <= now) {
        Flight& flight = *soonest_;
        remove(flight);
        flight.session->abandon(flight.sequence());
    }
    if (soonest_ != nullptr) {
        timers_.set(*this, soonest_->until);
    }
}

}  // namespace portillon::fleet
