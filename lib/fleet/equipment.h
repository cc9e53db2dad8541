#pragma once

// One emulated device. Its connection is a coroutine, live(); its traffic needs none: one alarm rings when it has to
// act, answers come through settled(), and both offer what the window allows.
//
// Two cursors go over the schedule: `next_`, the first validation that is in no batch yet, and `newest_`, the first
// that the equipment has not turned to. What lies between them waits: the cache, but for the holes that a full cache
// left when it discards the newest.

#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/timers.h"
#include "driver/driver.h"
#include "fleet/breaker.h"
#include "fleet/retry_budget.h"
#include "fleet/shard.h"
#include "net/task.h"

namespace portillon::fleet {

class Equipment final : private driver::Receipts, private Alarm {
public:
    Equipment(Shard& shard, EquipmentId id);

    // Connects at shard.dials_from + `after`, again whenever it has to, and says goodbye when told to leave.
    net::Task<void> live(Nanos after);

    void start();    // T0 is known
    void shorten();  // the end of generation has come nearer
    void give_up();  // nothing is offered any more: turns to all that is due, for the books
    void leave(Instant deadline);

    EquipmentId id() const { return id_; }
    std::uint64_t generated() const { return newest_.sequence() - 1; }
    void list_unsettled(std::vector<Exception>& into) const;
    // Counts what was never sent into the parts it was due in.
    void add_cached(std::vector<Part>& parts) const;

private:
    enum class Link : std::uint8_t { down, up, breaking, closing };
    enum class Talk : std::uint8_t { none, offered, settled };  // on this connection, other than by its breaking

    void settled(Sequence first, const driver::Outcome& outcome) override;
    void broken(const error_code& cause) override;
    void said(const error_code& cause, std::string_view words) override;
    void stray(const error_code& cause) override;
    void ring(Instant now) override;

    bool has_debris() const;     // the server may keep something of the session beyond the run
    Instant goodbye_by() const;  // so that time is left for clearing up
    net::Task<void> clear_up();
    void opened(Nanos took);
    void set_link(Link link);
    Nanos backoff(std::uint32_t failures);

    bool more() const;        // something is left to turn to, now or later
    Instant closing() const;  // of the batch that begins at newest_
    void look_ahead();        // sets closing_
    void turn_to(Instant until, Instant now);
    void fill_window(Nanos due, Instant now);
    void pump(Instant now);
    bool pump_retries(Instant now);
    void cut(const arrival::Cursor& first, std::uint32_t count);
    void offer(Flight& flight, Instant now);
    void discard_oldest();
    void discard_newest(const arrival::Cursor& first, std::uint32_t held);
    void step_over_hole();
    std::uint32_t next_count() const;  // validations of the next batch; above 0 while something is pending
    Instant may_offer_from() const;    // throttled or its breaker open: not before
    Instant may_begin_from() const;    // the same for a first try, which is paced too
    bool probes(Instant now) const;    // its breaker is half open, and what it tries is on its way
    void failed(Instant now);          // tells the breaker
    void set_alarm();

    void record_first_sent(const Flight& flight);
    void record_acknowledged(const Flight& flight, const driver::Outcome& outcome);
    void wait_to_retry(Flight& flight, const driver::Outcome& outcome, Instant now);
    void except(Sequence first, std::uint64_t count, State state);
    Flight& find(Sequence first);
    void end(Flight& flight);

    std::uint64_t pending() const {
        return newest_.sequence() - next_.sequence() - (holes_ == nullptr ? 0 : holes_->size);
    }
    Instant now() const { return shard_.loop.now(); }

    // Discarded from between the cursors, in order.
    struct Hole {
        Sequence first = 0, last = 0;
    };
    struct Holes {
        std::deque<Hole> list;
        std::uint64_t size = 0;  // validations
    };

    Shard& shard_;
    std::unique_ptr<driver::Session> session_;
    std::unique_ptr<Holes> holes_;  // unless there are none
    arrival::Cursor next_;
    arrival::Cursor newest_;
    Flight* oldest_ = nullptr;
    Flight* latest_ = nullptr;
    Instant closing_ = never;    // when to act next; closed arrivals: when to begin
    Instant held_back_until_{};  // the last time that something kept it from offering
    Instant leave_by_{};
    Instant throttled_until_{};
    Instant paced_from_{};  // when the next first try may go
    Breaker breaker_;
    RetryBudget budget_;
    Random random_;
    net::Wakeup changed_;
    EquipmentId id_;
    std::uint32_t window_used_ = 0;  // flights
    std::uint32_t waiting_ = 0;      // of which not offered
    std::uint32_t exception_ = 0;    // place of its latest in the books, from 1
    std::uint32_t opens_ = 0;
    Link link_ = Link::down;
    Talk talk_ = Talk::none;
    bool held_back_ = false;
    bool turning_ = false;  // counted in shard.turning
    bool leaving_ = false;
    bool says_bye_ = false;  // counted in shard.saying_bye
};

}  // namespace portillon::fleet
