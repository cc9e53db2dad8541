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
    // How it ended; answered: `reason` says more.
    enum class End : std::uint8_t { answered, sent, too_large, timed_out, broken };

    const driver::Body* body = nullptr;
    Sequence first = 0;
    Instant sent{};
    Instant settled{};
    std::uint32_t payload_bytes = 0;
    std::uint16_t packet_id = 0;
    End end{};
    Reason reason{};
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

    Flight& pop() { return remove(nullptr, *first_); }

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
