#pragma once

// A batch between its first offer and its end: in flight, or waiting for a retry. Its due times and bytes are
// recomputed from a cursor, never stored.

#include <cstddef>

#include "base/list.h"
#include "base/pool.h"
#include "base/timers.h"
#include "driver/driver.h"
#include "net/loop.h"
#include "plan/lot.h"

namespace portillon::fleet {

// A flight is in the list of its equipment's window and, while it is offered, in the shard's list of deadlines.
using DeadlineHook = boost::intrusive::list_base_hook<boost::intrusive::tag<class Deadlines>>;

struct Flight final : driver::Body, ListHook, DeadlineHook {
    // waiting: to be offered (again) at `until`, or after the next reconnect if that comes sooner. held: to be offered
    // at `until`, whatever the connection does.
    enum class Status : std::uint8_t { offered, waiting, held };
    static constexpr Instant at_once = Instant::min();  // a value for `until`

    std::size_t size() const override;
    void write_to(std::span<std::byte> out) const override;

    Sequence sequence() const { return first.sequence(); }
    bool was_sent() const { return sent != Instant{}; }
    // The validations may have reached the server. If not (no attempt was written, and none is under way), they count
    // as cached.
    bool is_in_flight() const { return status == Status::offered || was_sent(); }

    // Calls each(due since T0) for the validations of the flight in turn.
    template <class Each>
    void for_each(Each&& each) const;

    const plan::Lot* lot = nullptr;
    driver::Session* session = nullptr;
    arrival::Cursor first;
    Nanos closed_loop_due{};    // in a closed loop: the due time of all its validations, since T0
    Instant held_back_until{};  // the equipment's held_back_until_ at the first offer
    Instant sent{};             // when the first attempt was written; Instant{}: none was
    Instant until{};            // offered: the attempt's deadline; otherwise when to offer again
    std::uint32_t count = 0;
    std::uint32_t attempt = 0;  // offers so far
    Status status = Status::waiting;
};

template <class Each>
void Flight::for_each(Each&& each) const {
    const auto& schedule = lot->schedule;
    if (schedule.arrival().kind == arrival::Kind::closed) {
        for (std::uint32_t i = 0; i < count; ++i) {
            each(closed_loop_due);
        }
        return;
    }
    auto cursor = first;
    for (std::uint32_t left = count;;) {
        each(cursor.due());
        if (--left == 0) {
            return;
        }
        schedule.advance(cursor);
    }
}

// Owns the memory of all flights of a shard. The equipments' windows limit how many there are at once.
class Flights {
public:
    Flight& take();  // a flight that waits and was never sent
    void give_back(Flight& flight);

    // The only way in which a flight's status changes, so that in_flight() counts each flight once.
    void set_status(Flight& flight, Flight::Status status);
    std::uint64_t in_flight() const { return in_flight_; }  // validations

private:
    Pool<Flight> pool_;
    std::uint64_t in_flight_ = 0;
};

// The offered flights of the whole shard in the order of their deadlines. The time-out is the same for all, so this is
// the order of offers, and a list that grows at its end is enough. One alarm calls abandon() for those that are over.
class Deadlines final : private Alarm {
public:
    explicit Deadlines(Timers& timers) : timers_(timers) {}

    void add(Flight& flight);     // flight.until is the deadline, and not before that of the flight added last
    void remove(Flight& flight);  // no effect if the flight is not in the list

private:
    void ring(Instant now) override;

    Timers& timers_;
    boost::intrusive::list<Flight, boost::intrusive::base_hook<DeadlineHook>,
                           boost::intrusive::constant_time_size<false>>
        soonest_first_;
};

}  // namespace portillon::fleet
