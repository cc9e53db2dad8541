#pragma once

// One emulated device. Its connection is a coroutine, live(). Its traffic needs no coroutine: one alarm rings when the
// equipment has to act, the driver reports answers through settled(), and both offer what the window has room for.
//
//     schedule -> Cache (due, in no batch yet) -> Window (cut into batches, not settled) -> the tally's states
//
// The equipment connects these parts: it turns to validations that are due (takes them from the schedule into the
// cache), cuts batches from the cache into the window, asks breaker, pace and retry budget whether a batch may be
// offered to the session, and writes the books.

#include <memory>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/timers.h"
#include "driver/driver.h"
#include "fleet/breaker.h"
#include "fleet/cache.h"
#include "fleet/retry_budget.h"
#include "fleet/shard.h"
#include "fleet/window.h"
#include "net/task.h"

namespace portillon::fleet {

class Equipment final : private driver::Receipts, private Alarm {
public:
    Equipment(Shard& shard, EquipmentId id);

    // Connects at shard.dials_from + `after`, and again after each failure or break, until leave() is called; then it
    // closes the session. Completes when the session is closed and, if the plan says so, the server was asked to forget
    // it.
    net::Task<void> live(Nanos after);

    void start();                  // call when T0 is known
    void shorten();                // call when shard.generation_end was made earlier
    void give_up();                // call when nothing may be offered any more: books what is still due as generated
    void leave(Instant deadline);  // has live() close the session, by `deadline`, and end

    EquipmentId id() const { return id_; }
    std::uint64_t generated() const { return cache_.newest().sequence() - 1; }
    void list_unsettled(std::vector<Exception>& into) const;
    // Adds validations that were never sent to `cached` of the part of the run in which they were due.
    void add_cached(std::vector<Part>& parts) const;

private:
    enum class Link : std::uint8_t { down, up, breaking, closing };
    // How far the traffic on this connection came. settled: a batch was answered or timed out; a break does not count.
    enum class Talk : std::uint8_t { none, offered, settled };

    void settled(Sequence first, const driver::Outcome& outcome) override;
    void broken(const error_code& cause) override;
    void said(const error_code& cause, std::string_view words) override;
    void stray(const error_code& cause) override;
    void ring(Instant now) override;

    bool has_debris() const;     // the server may keep something of the session beyond the run
    Instant goodbye_by() const;  // the deadline for closing, which leaves time for clear_up()
    net::Task<void> clear_up();
    void opened(Nanos took);
    void set_link(Link link);
    Nanos backoff(std::uint32_t failures);

    bool more() const;  // the schedule has validations left before the end of generation, due now or later
    Instant completion_of_next_batch() const;  // the next batch begins at cache_.newest()
    void look_ahead();                         // sets act_at_
    void turn_to(Instant until, Instant now);
    void fill_window(Nanos due, Instant now);
    void pump(Instant now);
    bool pump_retries(Instant now);
    Flight& cut();
    void offer(Flight& flight, Instant now);
    void discard_oldest();
    void discard_newest(const arrival::Cursor& first, std::uint32_t turned);
    void count_discarded(const Cache::Range& range);
    bool has_something_new() const;  // the cache is not empty, and the window has room for a batch
    Instant may_offer_from() const;  // the end of throttling and of the breaker's open time, whichever is later
    Instant may_begin_from() const;  // the same for a batch's first offer, which is paced as well
    bool probes(Instant now) const;  // the breaker is half open, and its one attempt is not settled yet
    void failed(Instant now);        // tells the breaker
    void set_alarm();

    void record_first_sent(const Flight& flight);
    void record_acknowledged(const Flight& flight, const driver::Outcome& outcome);
    void wait_to_retry(Flight& flight, const driver::Outcome& outcome, Instant now);
    void record_exception(Sequence first, std::uint64_t count, State state);

    Instant now() const { return shard_.loop.now(); }

    Shard& shard_;
    std::unique_ptr<driver::Session> session_;
    Cache cache_;
    Window window_;
    Instant act_at_ = never;     // when the next batch is complete; in a closed loop: when to begin
    Instant held_back_until_{};  // the latest instant at which something other than the generator delayed offers
    Instant leave_by_{};
    Instant throttled_until_{};
    Instant paced_from_{};  // when the next first offer of a batch may be made
    Breaker breaker_;
    RetryBudget budget_;
    Random random_;
    net::Wakeup changed_;
    EquipmentId id_;
    std::uint32_t exception_ = 0;  // place of its latest exception in the books, counted from 1; 0: none yet
    std::uint32_t opens_ = 0;
    Link link_ = Link::down;
    Talk talk_ = Talk::none;
    bool held_back_ = false;  // the last pump() left something behind
    bool turning_ = false;    // this equipment is counted in shard.turning
    bool leaving_ = false;
    bool says_bye_ = false;  // this equipment is counted in shard.saying_bye
};

}  // namespace portillon::fleet
