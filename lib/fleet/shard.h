#pragma once

// The state that the equipments of one shard share: plan, books, flights, and how far the run has come.

#include "driver/driver.h"
#include "fleet/books.h"
#include "fleet/flight.h"
#include "net/loop.h"
#include "net/wakeup.h"
#include "plan/lot.h"

namespace portillon::fleet {

struct Shard {
    Shard(net::Loop& on, driver::Driver& by, const plan::Lot& what)
        : loop(on),
          driver(by),
          lot(what),
          closed_loop(what.schedule.arrival().kind == arrival::Kind::closed),
          lingers(what.delivery.batch.max > 1 && what.delivery.batch.linger > Nanos{0}),
          books(plan::Segments(what.schedule.stages(), what.cuts)),
          deadlines(on.timers()),
          ready(on),
          drained(on),
          room(on),
          cache(plan::cached_validations(what.delivery, what.payload_bytes)),
          pace(plan::pause_between_tries(what.delivery)),
          generation_end(what.schedule.stages().duration()) {
        if (closed_loop && books.segments.size() > 1) {
            closed_loop_generated.resize(std::size_t{what.slice().count} * books.segments.size());
        }
    }

    // When an equipment dials whose turn comes `after` the first one's; never: dialling has not begun.
    Instant dials_at(Nanos after) const { return dials_from == never ? never : dials_from + after; }
    bool started() const { return t0 != never; }
    Instant instant_of(Nanos since_t0) const { return t0 + since_t0; }
    Instant generation_ends() const { return started() ? t0 + generation_end : never; }
    Instant drain_ends() const { return started() ? t0 + generation_end + lot.delivery.drain : never; }
    void note_closed_loop(EquipmentId id, Nanos due, std::uint32_t count) {
        if (!closed_loop_generated.empty()) {
            const std::size_t place = lot.slice().index_of(id);
            closed_loop_generated[place * books.segments.size() + books.segments.at(due, 0)] += count;
        }
    }
    // Whether no more validations will be generated and the fate of all that were is known.
    bool settled() const { return turning == 0 && books.unsettled() == 0; }

    Gauges gauges() const {
        const std::uint64_t in_flight = flights.in_flight();
        return {.connected = connected, .in_flight = in_flight, .cached = books.unsettled() - in_flight};
    }
    // Closes the intervals that have ended. Call it before anything that changes the gauges, with the instant of that
    // change.
    void roll(Instant now) {
        if (books.series.has_ended(now)) [[unlikely]] {
            books.series.roll(now, gauges());
        }
    }

    net::Loop& loop;
    driver::Driver& driver;
    const plan::Lot lot;
    const bool closed_loop;  // validations are due when the window has room for them
    const bool lingers;      // a batch may be complete later than its validations are due
    Books books;
    // Validations by the equipment's place in the slice, then by segment. Only in a closed loop with several segments,
    // where they cannot be computed from the schedule.
    std::vector<std::uint32_t> closed_loop_generated;
    Flights flights;
    Deadlines deadlines;
    net::Wakeup ready;    // wakes ready(): one more equipment is connected
    net::Wakeup drained;  // wakes drained(): what it waits for may be true now
    net::Wakeup room;     // wakes close(): one more equipment has said goodbye

    const std::uint64_t cache;   // the most validations that an equipment keeps, due and never offered
    const Nanos pace;            // shortest pause between first tries, for each validation; 0: none
    Instant dials_from = never;  // when dialling begins: with a start by steps at T0, by rate before
    Instant t0 = never;
    Nanos generation_end{};        // since T0; validations that are due before it are generated
    std::uint32_t connected = 0;   // equipments
    std::uint32_t turning = 0;     // equipments that will generate more (0 in a closed loop)
    std::uint32_t saying_bye = 0;  // equipments that are closing their sessions
    enum class Phase : std::uint8_t { running, over } phase = Phase::running;  // over: nothing is offered any more
};

}  // namespace portillon::fleet
