#pragma once

// A batch that a session was offered, until it is settled. A driver's sessions share one pool, so that an idle session
// costs no memory for what it might have in flight.

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/list.h"
#include "base/pool.h"
#include "driver/driver.h"
#include "wire/mqtt/reason.h"

namespace portillon::drivers::mqtt {

struct Flight : QueueHook {
    // How the batch was settled. answered: `reason` says more. downgraded: acknowledged as if it were QoS 1.
    enum class End : std::uint8_t { answered, sent, too_large, downgraded, timed_out, broken };
    // At QoS 2, after its PUBREC: PUBREL was sent on this connection, or on a former one.
    enum class Stage : std::uint8_t { published, released, released_before };

    const driver::Body* body = nullptr;  // nullptr in a kept flight until its batch is offered again
    Sequence first = 0;
    Instant sent{};
    Instant settled{};
    std::uint32_t payload_bytes = 0;
    std::uint32_t order = 0;  // in which it was first sent
    std::uint16_t packet_id = 0;
    End end{};
    wire::mqtt::Reason reason{};
    Stage stage{};
};

using Flights = Queue<Flight>;  // of one session

// Inserts the flight by its `order`. The orders of a session's flights lie close together, so they are compared modulo
// 2^32.
inline void insert_in_order(Flights& flights, Flight& flight) {
    const auto later = [&](const Flight& than) { return static_cast<std::int32_t>(flight.order - than.order) > 0; };
    auto before = flights.before_begin();
    if (!flights.empty() && later(flights.back())) {
        before = flights.last();
    }
    for (auto next = std::next(before); next != flights.end() && later(*next); ++next) {
        before = next;
    }
    flights.insert_after(before, flight);
}

// The first flight for which `wanted` is true; nullptr if there is none.
template <class Wanted>
Flight* find(Flights& flights, Wanted wanted) {
    const auto found = std::find_if(flights.begin(), flights.end(), wanted);
    return found == flights.end() ? nullptr : &*found;
}

}  // namespace portillon::drivers::mqtt
