#pragma once

// One emulated device. Its connection is a coroutine, live(); its traffic needs none: one alarm rings when it has to
// act, answers come through settled(), and both offer what the window has room for.
//
//     schedule -> Cache (due, in no batch yet) -> Window (cut into batches, not settled) -> the tally's states
//
// The equipment is the glue: it turns to what is due, cuts batches from the cache into the window, asks breaker, pace
// and budget whether an offer may be made, and writes the books.

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

    // Connects at shard.dials_from + `after`, again whenever it has to, and says goodbye when told to leave.
    net::Task<void> live(Nanos after);

    void start();    // T0 is known
    void shorten();  // the end of generation has come nearer
    void give_up();  // nothing is offered any more: turns to all that is due, for the books
    void leave(Instant deadline);

    EquipmentId id() const { return id_; }
    std::uint64_t generated() const { return cache_.newest().sequence() - 1; }
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

    bool more() const;                         // something is left to turn to, now or later
    Instant completion_of_next_batch() const;  // of the one that begins at cache_.newest()
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
    bool has_something_new() const;  // the cache has, and the window has room for it
    Instant may_offer_from() const;  // throttled or its breaker open: not before
    Instant may_begin_from() const;  // the same for a first try, which is paced too
    bool probes(Instant now) const;  // its breaker is half open, and what it tries is on its way
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
    Instant held_back_until_{};  // the last time that something kept it from offering
    Instant leave_by_{};
    Instant throttled_until_{};
    Instant paced_from_{};  // when the next first try may go
    Breaker breaker_;
    RetryBudget budget_;
    Random random_;
    net::Wakeup changed_;
    EquipmentId id_;
    std::uint32_t exception_ = 0;  // place of its latest in the books, from 1
    std::uint32_t opens_ = 0;
    Link link_ = Link::down;
    Talk talk_ = Talk::none;
    bool held_back_ = false;
    bool turning_ = false;  // counted in shard.turning
    bool leaving_ = false;
    bool says_bye_ = false;  // counted in shard.saying_bye
};

}  // namespace portillon::fleet
