#pragma once

// The batches of one equipment that were cut and are not settled, in the order of their sequences. Each is offered to
// the session (in flight) or waits to be offered, the first time or again. Pure: instants are given, and the memory is
// the shard's.

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
    std::uint32_t waiting() const { return waiting_; }  // of which not offered
    std::uint32_t offered() const { return size_ - waiting_; }

    // Behind all others; waits, and may be offered at once.
    Flight& add(Flights& flights, const arrival::Cursor& first, std::uint32_t count);

    // One more attempt, which is abandoned at `deadline`. Of a flight that waits.
    void offer(Flights& flights, Flight& flight, Instant deadline);

    // An attempt came to nothing: the flight may be offered again at `until`; with Status::waiting after the next
    // break, if that comes sooner.
    void wait(Flights& flights, Flight& flight, Flight::Status status, Instant until);

    void remove(Flights& flights, Flight& flight);  // settled

    // The connection broke: what waits goes again with the next one, but for what the server has put off.
    void resend_at_once();

    // The one that is offered under this sequence; there has to be one.
    Flight& offered_at(Sequence first);

    // Those that wait, in order; nullptr: no more.
    Flight* first_waiting() { return waiting_ == 0 ? nullptr : waiting_from(flights_.begin()); }
    Flight* next_waiting(Flight& flight) { return waiting_from(std::next(flights_.iterator_to(flight))); }

    // When one of those that wait may be offered; `never` if none waits. In strict order the oldest of them has to go
    // first, whenever the others might.
    Instant next_offer(plan::Order order) const;

    // Calls each(flight) for all, in order.
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
