#include "fleet/flight.h"

#include "base/check.h"

namespace portillon::fleet {

namespace {

wire::BatchHead head_of(const Flight& flight) {
    return {.run = flight.lot->run,
            .equipment = flight.first.equipment(),
            .first = flight.sequence(),
            .count = flight.count};
}

wire::Payload payload_of(const plan::Lot& lot) {
    return {.seed = lot.seed, .bytes = lot.payload_bytes};
}

// Each call returns the due time of the flight's next validation.
class Dues {
public:
    explicit Dues(const Flight& flight)
        : flight_(flight),
          cursor_(flight.first),
          closed_(flight.lot->schedule.arrival().kind == arrival::Kind::closed) {}

    Nanos operator()() {
        if (closed_) {
            return flight_.closed_loop_due;
        }
        if (asked_++ > 0) {
            flight_.lot->schedule.advance(cursor_);
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
    return wire::encoded_size(head_of(*this), payload_of(*lot), lot->encoding, Dues(*this));
}

void Flight::write_to(std::span<std::byte> out) const {
    wire::encode(head_of(*this), payload_of(*lot), lot->encoding, Dues(*this), out);
}

Flight& Flights::take() {
    Flight& flight = pool_.take();
    flight.sent = {};
    flight.attempt = 0;
    flight.status = Flight::Status::waiting;
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
    pool_.give_back(flight);
}

void Deadlines::add(Flight& flight) {
    check(!flight.DeadlineHook::is_linked(), "one deadline at a time");
    soonest_first_.push_back(flight);
    if (!armed()) {
        timers_.set(*this, flight.until);
    }
}

void Deadlines::remove(Flight& flight) {
    if (flight.DeadlineHook::is_linked()) {
        soonest_first_.erase(soonest_first_.iterator_to(flight));
    }
}

// The alarm often rings for a flight that was settled meanwhile: that is cheaper than moving the alarm at every answer.
void Deadlines::ring(Instant now) {
    while (!soonest_first_.empty() && soonest_first_.front().until <= now) {
        Flight& flight = take_front(soonest_first_);
        flight.session->abandon(flight.sequence());
    }
    if (!soonest_first_.empty()) {
        timers_.set(*this, soonest_first_.front().until);
    }
}

}  // namespace portillon::fleet
