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
    // waiting: to be offered (again) at `until`, or after the next reconnect; held: at `until`, for the server has
    // answered.
    enum class Status : std::uint8_t { offered, waiting, held };
    static constexpr Instant at_once = Instant::min();  // for `until`

    std::size_t size() const override;
    void write_to(std::span<std::byte> out) const override;

    Sequence sequence() const { return first.sequence(); }
    bool was_sent() const { return sent != Instant{}; }
    // Its validations may be at the server. If not, they count as cached: it waits, and no attempt was ever written.
    bool is_in_flight() const { return status == Status::offered || was_sent(); }

    // Calls each(due since T0) for its validations in turn.
    template <class Each>
    void for_each(Each&& each) const;

    const plan::Lot* lot = nullptr;
    driver::Session* session = nullptr;
    arrival::Cursor first;
    Nanos closed_loop_due{};    // of the whole batch, in a closed loop
    Instant held_back_until{};  // up to when something kept the equipment from offering, before the first offer
    Instant sent{};             // first
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

// All flights of a shard: the equipments' windows limit how many there are at once.
class Flights {
public:
    Flight& take();  // waiting, never sent
    void give_back(Flight& flight);

    // The only way in which a flight's status changes, so that what is in flight is counted once.
    void set_status(Flight& flight, Flight::Status status);
    std::uint64_t in_flight() const { return in_flight_; }  // validations

private:
    Pool<Flight> pool_;
    std::uint64_t in_flight_ = 0;
};

// What is in flight in the whole shard, in the order of deadlines: the time-out is the same for all, so it is the order
// of offers. One alarm, which abandons.
class Deadlines final : private Alarm {
public:
    explicit Deadlines(Timers& timers) : timers_(timers) {}

    void add(Flight& flight);     // flight.until is set, and not before that of the one added last
    void remove(Flight& flight);  // no effect if it is not there

private:
    void ring(Instant now) override;

    Timers& timers_;
    boost::intrusive::list<Flight, boost::intrusive::base_hook<DeadlineHook>,
                           boost::intrusive::constant_time_size<false>>
        soonest_first_;
};

}  // namespace portillon::fleet
