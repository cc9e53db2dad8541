#pragma once

// The batches of one equipment that were cut and are not settled, in the order of their sequences. Each is a flight
// that is either offered to the session (an attempt is under way) or waits to be offered, for the first time or again.
// Pure: instants are arguments, and the shard owns the memory of the flights.

#include <cstdint>
#include <iterator>

#include "base/list.h"
#include "base/units.h"
#include "fleet/flight.h"
#include "plan/lot.h"

namespace portillon::fleet {

class Window {
public:
    std::uint32_t size() const { return size_; }        // flights
    std::uint32_t waiting() const { return waiting_; }  // flights that are not offered
    std::uint32_t offered() const { return size_ - waiting_; }

    // Adds a flight behind all others. It waits, and may be offered at once.
    Flight& add(Flights& flights, const arrival::Cursor& first, std::uint32_t count);

    // Begins an attempt of a flight that waits; the attempt is to be abandoned at `deadline`.
    void offer(Flights& flights, Flight& flight, Instant deadline);

    // The attempt failed: the flight may be offered again at `until`, or, with Status::waiting, after the next break if
    // that comes sooner.
    void wait(Flights& flights, Flight& flight, Flight::Status status, Instant until);

    void remove(Flights& flights, Flight& flight);  // an offered flight is settled for good; ends its life

    // The connection broke: all flights of Status::waiting may be offered at once; held ones still wait for their time.
    void resend_at_once();

    // The offered flight that begins with this sequence; asserts that there is one.
    Flight& offered_at(Sequence first);

    // The flights that wait, in order; nullptr: no more.
    Flight* first_waiting() { return waiting_ == 0 ? nullptr : waiting_from(flights_.begin()); }
    Flight* next_waiting(Flight& flight) { return waiting_from(std::next(flights_.iterator_to(flight))); }

    // When the first of the waiting flights may be offered; `never` if none waits. In strict order this is the time of
    // the oldest one, since no other may overtake it.
    Instant next_offer(plan::Order order) const;

    // Calls each(flight) for all flights, in order.
    template <class Each>
    void for_each(Each&& each) const {
        for (const Flight& flight : flights_) {
            each(flight);
        }
    }

private:
    Flight* waiting_from(List<Flight>::iterator flight);

    List<Flight> flights_;
    std::uint32_t size_ = 0;
    std::uint32_t waiting_ = 0;
};

}  // namespace portillon::fleet
