#pragma once

// A batch that a session was offered, until it is settled. A driver's sessions share one pool, so that an idle session
// costs nothing for what it might have in flight.

#include <cstdint>
#include <deque>
#include <utility>

#include "driver/driver.h"
#include "wire/mqtt/reason.h"

namespace portillon::mqtt {

struct Flight {
    // How it ended; answered: `reason` says more. downgraded: acknowledged as if it were QoS 1.
    enum class End : std::uint8_t { answered, sent, too_large, downgraded, timed_out, broken };
    // QoS 2, after its PUBREC: released on this connection, or on a former one.
    enum class Stage : std::uint8_t { published, released, released_before };

    const driver::Body* body = nullptr;  // of what is kept after a break: nullptr until it is offered again
    Sequence first = 0;
    Instant sent{};
    Instant settled{};
    std::uint32_t payload_bytes = 0;
    std::uint32_t order = 0;  // in which it was first sent
    std::uint16_t packet_id = 0;
    End end{};
    Reason reason{};
    Stage stage{};
    Flight* next = nullptr;
};

// First in, first out; does not own.
class FlightQueue {
public:
    bool empty() const { return first_ == nullptr; }
    Flight* front() const { return first_; }
    Flight* back() const { return last_; }

    void push(Flight& flight) {
        flight.next = nullptr;
        (first_ == nullptr ? first_ : last_->next) = &flight;
        last_ = &flight;
    }

    // Before the first that was first sent later. The orders of a session's flights lie close together.
    void insert(Flight& flight) {
        const auto later = [&](const Flight& than) { return static_cast<std::int32_t>(flight.order - than.order) > 0; };
        if (last_ == nullptr || later(*last_)) {
            push(flight);
            return;
        }
        Flight** place = &first_;
        while (later(**place)) {
            place = &(*place)->next;
        }
        flight.next = *place;
        *place = &flight;
    }

    Flight& pop() { return remove(nullptr, *first_); }

    // The first of which `wanted` is true; nullptr if there is none.
    template <class Wanted>
    Flight* find(Wanted wanted) const {
        Flight* flight = first_;
        while (flight != nullptr && !wanted(*flight)) {
            flight = flight->next;
        }
        return flight;
    }

    // Takes out the first of which `wanted` is true; nullptr if there is none.
    template <class Wanted>
    Flight* take(Wanted wanted) {
        Flight* before = nullptr;
        for (Flight* flight = first_; flight != nullptr; before = flight, flight = flight->next) {
            if (wanted(*flight)) {
                return &remove(before, *flight);
            }
        }
        return nullptr;
    }

private:
    Flight& remove(Flight* before, Flight& flight) {
        (before == nullptr ? first_ : before->next) = flight.next;
        if (last_ == &flight) {
            last_ = before;
        }
        return flight;
    }

    Flight* first_ = nullptr;
    Flight* last_ = nullptr;
};

// Grows to the most that were in flight at once, and allocates nothing after that.
class Flights {
public:
    Flight& take() {
        if (free_ == nullptr) {
            return all_.emplace_back();
        }
        Flight& flight = *std::exchange(free_, free_->next);
        flight = {};
        return flight;
    }
    void give_back(Flight& flight) { flight.next = std::exchange(free_, &flight); }

private:
    std::deque<Flight> all_;
    Flight* free_ = nullptr;
};

}  // namespace portillon::mqtt
