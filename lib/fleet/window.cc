#include "fleet/window.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::fleet {

Flight& Window::add(Flights& flights, const arrival::Cursor& first, std::uint32_t count) {
    Flight& flight = flights.take();
    flight.first = first;
    flight.count = count;
    flight.until = Flight::at_once;
    flights_.push_back(flight);
    ++size_;
    ++waiting_;
    return flight;
}

void Window::offer(Flights& flights, Flight& flight, Instant deadline) {
    check(flight.status != Flight::Status::offered, "one attempt at a time");
    flights.set_status(flight, Flight::Status::offered);
    flight.until = deadline;
    ++flight.attempt;
    --waiting_;
}

void Window::wait(Flights& flights, Flight& flight, Flight::Status status, Instant until) {
    check(status != Flight::Status::offered, "it waits");
    waiting_ += flight.status == Flight::Status::offered ? 1 : 0;
    flights.set_status(flight, status);
    flight.until = until;
}

void Window::remove(Flights& flights, Flight& flight) {
    check(flight.status == Flight::Status::offered, "only what was offered is settled");
    flights_.erase(flights_.iterator_to(flight));
    --size_;
    flights.give_back(flight);
}

void Window::resend_at_once() {
    for (Flight& flight : flights_) {
        if (flight.status == Flight::Status::waiting) {
            flight.until = Flight::at_once;
        }
    }
}

// Searches from the oldest flight on. Answers come nearly in the order of offers, so the search is short.
Flight& Window::offered_at(Sequence first) {
    const auto flight = std::find_if(flights_.begin(), flights_.end(),
                                     [first](const Flight& each) { return each.sequence() == first; });
    check(flight != flights_.end() && flight->status == Flight::Status::offered, "settled exactly once");
    return *flight;
}

Instant Window::next_offer(plan::Order order) const {
    Instant next = never;
    if (waiting_ == 0) {
        return next;
    }
    for (const Flight& flight : flights_) {
        if (flight.status != Flight::Status::offered) {
            next = std::min(next, flight.until);
            if (order == plan::Order::strict) {
                break;
            }
        }
    }
    return next;
}

Flight* Window::waiting_from(List<Flight>::iterator flight) {
    while (flight != flights_.end() && flight->status == Flight::Status::offered) {
        ++flight;
    }
    return flight == flights_.end() ? nullptr : &*flight;
}

}  // namespace portillon::fleet
