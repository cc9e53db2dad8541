#include "fleet/equipment.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::fleet {

namespace {

// Separates the random numbers for back-off from those that arrival draws with the same seed.
constexpr std::uint64_t backoff_purpose = 0xF1EE'0001;

constexpr std::uint32_t most_clearing_tries = 3;
constexpr Nanos clearing_pause = 200ms;
constexpr Nanos goodbye_patience = 1s;  // the longest wait for close() if clear_up() follows
constexpr Nanos late = 1s;              // a first send later than this is the generator's doing (see run/verdict.h)

}  // namespace

Equipment::Equipment(Shard& shard, EquipmentId id)
    : shard_(shard),
      session_(shard.driver.make_session(id, *this)),
      random_(scatter(scatter(shard.lot.seed, number_of(id)), backoff_purpose)),
      changed_(shard.loop),
      id_(id) {}

// The connection.

// The whole life in one loop: wait for the turn to dial, open, sleep while the connection stands, back off, open again.
// `changed_` wakes the coroutine from each of these sleeps; it then looks at its condition again.
//
// `failures` sets the length of the back-off. A dial that fails counts, and so does a connection that broke before any
// offered batch was answered or timed out: a server that accepts connections and then drops them is no better
// than one that refuses them. A connection on which nothing was offered proves nothing bad, so it starts the count
// again, as an answer does.
//
// When the run is over nothing is dialled any more, but the coroutine stays until leave(), so that close and clear_up
// happen in one place.
net::Task<void> Equipment::live(Nanos after) {
    while (now() < shard_.dials_at(after) && !leaving_) {
        co_await changed_.until(shard_.dials_at(after));
    }
    std::uint32_t failures = 0;
    while (!leaving_) {
        if (shard_.phase == Shard::Phase::over) {
            co_await changed_.until(never);
            continue;
        }
        const Instant dialled = now();
        const error_code failure =
            co_await session_->open(std::min(dialled + shard_.lot.delivery.connect_timeout, shard_.drain_ends()));
        if (failure) {
            shard_.books.failed(&Books::connect_failures, failure);
            failed(now());
        } else {
            opened(now() - dialled);
            while (link_ != Link::down && !leaving_) {
                co_await changed_.until(never);
            }
            if (talk_ != Talk::offered) {
                failures = 0;
            }
        }
        const Instant again = std::max(now() + backoff(failures++), breaker_.opens_until());
        while (now() < again && !leaving_) {
            co_await changed_.until(again);
        }
    }
    if (link_ != Link::down) {
        set_link(Link::closing);
        co_await session_->close(has_debris() ? goodbye_by() : leave_by_);
        set_link(Link::down);
    }
    if (has_debris()) {
        co_await clear_up();
    }
    if (says_bye_) {
        --shard_.saying_bye;
        shard_.room.wake();
    }
}

bool Equipment::has_debris() const {
    return shard_.lot.debris == plan::Debris::removed && session_->is_kept();
}

// The goodbye gets at most a quarter of the time left: a silent connection would use up all of it, though the server
// may answer on the new connection that clear_up() makes.
Instant Equipment::goodbye_by() const {
    return now() + std::min(goodbye_patience, std::max(leave_by_ - now(), Nanos{0}) / 4);
}

// Has the server forget the session. An offline equipment tries too, since the server may be back. It tries a few
// times, because a server may refuse some connections when a whole fleet says goodbye at once; and only a few times, so
// that a server that is gone does not delay the end of the run.
net::Task<void> Equipment::clear_up() {
    for (std::uint32_t tries = 0; tries < most_clearing_tries; ++tries) {
        const Instant again = now() + clearing_pause * tries;
        while (now() < again) {
            co_await changed_.until(again);
        }
        if (!co_await session_->forget(leave_by_)) {
            co_return;
        }
        if (now() >= leave_by_) {
            break;
        }
    }
    ++shard_.books.counts.sessions_left;
}

void Equipment::opened(Nanos took) {
    auto& books = shard_.books;
    books.connect.record(took);
    ++books.counts.connects;
    if (opens_++ > 0) {
        ++books.counts.reconnects;
    } else {
        books.connecting = now() - shard_.dials_from;
    }
    set_link(Link::up);
    books.counts.connected_max = std::max<std::uint64_t>(books.counts.connected_max, shard_.connected);
    talk_ = Talk::none;
    held_back_until_ = now();
    shard_.ready.wake();
    pump(now());
    set_alarm();
}

// The only place that changes link_, so that shard.connected counts each connected equipment once.
void Equipment::set_link(Link link) {
    shard_.roll(now());
    shard_.connected += link_ == Link::down && link != Link::down ? 1 : 0;
    shard_.connected -= link_ != Link::down && link == Link::down ? 1 : 0;
    link_ = link;
}

// The driver has settled every offered batch as broken before it calls this. The order matters: batches that wait are
// released for the next connection first, then live() is woken to dial again.
void Equipment::broken(const error_code& cause) {
    check(link_ == Link::up || link_ == Link::breaking, "only what is open breaks");
    set_link(Link::down);
    shard_.books.failed(&Books::lost_connections, cause);
    failed(now());
    window_.resend_at_once();
    set_alarm();
    changed_.wake();
}

void Equipment::stray(const error_code& cause) {
    shard_.books.failed(&Books::delivery_failures, cause);
}

void Equipment::said(const error_code& cause, std::string_view words) {
    shard_.books.words.said(cause, words);
}

void Equipment::leave(Instant deadline) {
    leaving_ = true;
    leave_by_ = deadline;
    if (link_ != Link::down || has_debris()) {
        says_bye_ = true;
        ++shard_.saying_bye;
    }
    changed_.wake();
}

// Exponential back-off: retry.base doubled for each of `failures`, at most retry.max; with jitter a random share of it.
Nanos Equipment::backoff(std::uint32_t failures) {
    const plan::Retry& retry = shard_.lot.delivery.retry;
    Nanos wait = std::max(std::min(retry.base, retry.max), Nanos{1});
    while (failures-- > 0 && wait < retry.max) {
        wait = wait > retry.max / 2 ? retry.max : wait * 2;
    }
    if (retry.jitter == plan::Jitter::none) {
        return wait;
    }
    return Nanos{static_cast<std::int64_t>(random_.uniform() * static_cast<double>(wait.count()))};
}

// The schedule. In an open loop act_at_ is when the next batch is complete, and the alarm rings then, connected or not;
// an answer never moves it. In a closed loop act_at_ is the equipment's start; after it has rung once, act_at_ is
// `never` and each answer makes room for new validations, which are due at that instant.

void Equipment::start() {
    const Nanos begin = plan::start_of(shard_.lot.start, id_);
    cache_.begin(shard_.lot.schedule.begin(id_, begin));
    if (shard_.closed_loop) {
        act_at_ = shard_.instant_of(begin);
    } else {
        turning_ = true;
        ++shard_.turning;
        look_ahead();
    }
    set_alarm();
    changed_.wake();  // with a start by steps, dialling begins now
}

void Equipment::shorten() {
    if (!shard_.closed_loop) {
        look_ahead();
        set_alarm();
    }
}

// Turns to everything that is due before the end of generation, without the alarm: nothing of it can be offered, but it
// counts as generated, and what is above the cache's capacity as discarded.
void Equipment::give_up() {
    if (!shard_.closed_loop) {
        turn_to(never, now());
        discard_oldest();
    }
    act_at_ = never;
    set_alarm();
}

bool Equipment::more() const {
    return !cache_.newest().ended() && cache_.newest().due() < shard_.generation_end;
}

// A batch is complete when its max-th validation is due, or `linger` after its first one is due if that comes sooner. A
// copy of the cursor walks ahead to find the max-th due time; if generation ends before it, linger decides.
Instant Equipment::completion_of_next_batch() const {
    auto cursor = cache_.newest();
    if (!shard_.lingers) {
        return shard_.instant_of(cursor.due());
    }
    const Nanos latest = cursor.due() + shard_.lot.delivery.batch.linger;
    for (std::uint32_t held = 1; held < shard_.lot.delivery.batch.max; ++held) {
        shard_.lot.schedule.advance(cursor);
        if (cursor.ended() || cursor.due() >= shard_.generation_end || cursor.due() > latest) {
            return shard_.instant_of(latest);
        }
    }
    return shard_.instant_of(cursor.due());
}

// Plans the next turn. Once there is none, the equipment leaves shard.turning, on which the end of the drain depends.
void Equipment::look_ahead() {
    act_at_ = more() ? completion_of_next_batch() : never;
    if (act_at_ == never && turning_) {
        turning_ = false;
        --shard_.turning;
        shard_.drained.wake();
    }
}

// Takes from the schedule every batch that is complete by `until`. If the loop is late, several batches are: they are
// taken one after the other, since act_at_ says when the loop should have turned to each, and now - act_at_ is the
// generator's lag for its validations.
//
// These groups only decide when to act. The validations go into the cache uncut; pump() cuts the batches that are
// really sent, and if it has to wait meanwhile, it cuts larger ones.
//
// Overflow `newest` checks each group against the cache's capacity by itself, after pump() has moved what it can into
// the window. Overflow `oldest` needs no check here, since ring() discards once at the end.
void Equipment::turn_to(Instant until, Instant now) {
    const auto& lot = shard_.lot;
    auto& books = shard_.books;
    while (act_at_ != never && act_at_ <= until) {
        const auto first = cache_.newest();
        std::uint64_t measured = 0;
        std::uint32_t turned = 0;
        do {
            measured += books.generated(cache_.newest().due()) == arrival::Measure::on ? 1 : 0;
            cache_.turn(lot.schedule);
        } while (++turned < lot.delivery.batch.max && more() && shard_.instant_of(cache_.newest().due()) <= act_at_);
        books.generator_lag.record(std::max(now - act_at_, Nanos{0}), measured);
        if (lot.delivery.overflow == plan::Overflow::newest && cache_.size() > shard_.cache) {
            pump(now);  // validations that fit into the window need no place in the cache
            discard_newest(first, turned);
        }
        look_ahead();
    }
}

// Closed loop: fills the window with full batches whose validations are all due at `due`. They are cut at once, whether
// or not they can be offered now, so that the window is full and the next ones become due only when it has room again.
void Equipment::fill_window(Nanos due, Instant now) {
    const auto& lot = shard_.lot;
    auto& books = shard_.books;
    while (window_.size() < lot.delivery.in_flight && due < shard_.generation_end) {
        std::uint64_t measured = 0;
        for (std::uint32_t i = 0; i < lot.delivery.batch.max; ++i) {
            measured += books.generated(due) == arrival::Measure::on ? 1 : 0;
            cache_.turn(lot.schedule);
        }
        books.generator_lag.record(now - shard_.instant_of(due), measured);
        shard_.note_closed_loop(id_, due, lot.delivery.batch.max);
        cut().closed_loop_due = due;
    }
}

// The order is the policy: first turn to what is due, then offer what the window takes, and discard only what is still
// above the cache's capacity after that.
void Equipment::ring(Instant now) {
    shard_.roll(now);
    if (!shard_.closed_loop) {
        turn_to(now, now);
    } else if (act_at_ <= now) {
        const Nanos begin = act_at_ - shard_.t0;
        act_at_ = never;
        fill_window(begin, now);
    }
    pump(now);
    discard_oldest();
    set_alarm();
}

// Sets the alarm to the earliest instant at which time alone allows something: a batch is complete; or, with the link
// up, pace, throttling or breaker end for a new batch, or a retry's wait does. A full window and a broken link end with
// an answer or a new connection, which call pump() themselves, so they set no alarm. Nor does anything but act_at_
// while the half-open breaker's attempt is under way: its answer decides.
//
// A new batch that may begin now sets no alarm either: pump() has offered it, or a retry keeps it back.
void Equipment::set_alarm() {
    Instant at = act_at_;
    if (link_ == Link::up && shard_.phase == Shard::Phase::running && !probes(now())) {
        if (has_something_new() && may_begin_from() > now()) {
            at = std::min(at, may_begin_from());
        }
        if (const Instant next = window_.next_offer(shard_.lot.delivery.order); next != never) {
            at = std::min(at, std::max(next, may_offer_from()));
        }
    }
    if (at == never) {
        cancel();
    } else if (!armed() || this->at() != at) {
        shard_.loop.timers().set(*this, at);
    }
}

// Offering.

// Offers every batch that may be offered now, retries before new ones.
//
// It also keeps the record on which `sent_late` rests. held_back_ says that something stayed behind for a reason that
// is not the generator's (window full, link down, throttled, breaker, pace, strict order). As long as it does, each
// call moves held_back_until_ to now. A validation that was due before held_back_until_ and is first sent late was
// delayed by one of those reasons; one that was due after it was delayed by the generator.
void Equipment::pump(Instant now) {
    if (shard_.closed_loop && shard_.started() && act_at_ == never && shard_.phase == Shard::Phase::running) {
        fill_window(now - shard_.t0, now);
    }
    if (link_ != Link::up || shard_.phase == Shard::Phase::over) {
        held_back_ = !cache_.empty();
        return;
    }
    if (held_back_) {
        held_back_until_ = now;
    }
    if (may_offer_from() > now) {
        held_back_ = !cache_.empty() || window_.waiting() > 0;
        return;
    }
    const bool free = pump_retries(now);
    while (free && has_something_new() && may_begin_from() <= now && !probes(now)) {
        offer(cut(), now);
    }
    held_back_ = !cache_.empty() || !free;
}

// Offers the batches in the window that wait and whose time has come, in the order of sequences. Returns false if no
// new batch may follow: in strict order an older batch still waits, or the half-open breaker already has its one
// attempt.
bool Equipment::pump_retries(Instant now) {
    for (Flight* flight = window_.first_waiting(); flight != nullptr; flight = window_.next_waiting(*flight)) {
        if (probes(now)) {
            return false;
        }
        if (flight->until <= now) {
            offer(*flight, now);
        } else if (shard_.lot.delivery.order == plan::Order::strict) {
            return false;
        }
    }
    return true;
}

bool Equipment::has_something_new() const {
    return !cache_.empty() && window_.size() < shard_.lot.delivery.in_flight;
}

Instant Equipment::may_offer_from() const {
    return std::max(throttled_until_, breaker_.opens_until());
}

Instant Equipment::may_begin_from() const {
    return std::max(may_offer_from(), paced_from_);
}

bool Equipment::probes(Instant now) const {
    return breaker_.is_half_open(now) && window_.offered() > 0;
}

void Equipment::failed(Instant now) {
    shard_.books.counts.breaker_openings += breaker_.failed(shard_.lot.delivery.breaker, now) ? 1 : 0;
}

// Moves the next batch from the cache into the window. From here on its boundaries are fixed: a retry sends the same.
Flight& Equipment::cut() {
    const auto [first, count] = cache_.cut(shard_.lot.schedule, shard_.lot.delivery.batch.max);
    Flight& flight = window_.add(shard_.flights, first, count);
    flight.lot = &shard_.lot;
    flight.session = session_.get();
    return flight;
}

// Makes one attempt. A first attempt also takes its place in the pace and earns its share of a retry.
void Equipment::offer(Flight& flight, Instant now) {
    if (flight.attempt == 0) {
        flight.held_back_until = held_back_until_;
        if (const Nanos pace = shard_.pace; pace > Nanos{0}) {
            paced_from_ = std::max(paced_from_, now) + flight.count * pace;
        }
        if (const auto& share = shard_.lot.delivery.retry.budget) {
            budget_.earn(share->of_one);
        }
    }
    if (talk_ == Talk::none) {
        talk_ = Talk::offered;
    }
    window_.offer(shard_.flights, flight, now + shard_.lot.delivery.timeout);
    shard_.deadlines.add(flight);
    session_->offer({.equipment = id_,
                     .first = flight.sequence(),
                     .count = flight.count,
                     .attempt = flight.attempt,
                     .deadline = flight.until,
                     .body = &flight});
}

void Equipment::discard_oldest() {
    const auto& lot = shard_.lot;
    if (lot.delivery.overflow == plan::Overflow::oldest && cache_.size() > shard_.cache) {
        count_discarded(cache_.discard_oldest(lot.schedule, shard_.cache,
                                              [this](Nanos due) { ++shard_.books.part(due).counts.discarded; }));
    }
}

// Discards as many of the last `turned` validations, which begin at `first`, as are above the cache's capacity.
void Equipment::discard_newest(const arrival::Cursor& first, std::uint32_t turned) {
    const auto& lot = shard_.lot;
    if (cache_.size() > shard_.cache) {
        count_discarded(cache_.discard_newest(lot.schedule, shard_.cache, first, turned,
                                              [this](Nanos due) { ++shard_.books.part(due).counts.discarded; }));
    }
}

void Equipment::count_discarded(const Cache::Range& range) {
    record_exception(range.first, range.count, State::discarded);
    shard_.books.counts.discarded += range.count;
}

// Answers.

// An attempt has ended, in whatever way. `outcome.sent` is unset if none of its bytes was written; such an attempt
// counts neither as sent nor as a retry, however many times the batch was offered. The answer then decides: the flight
// ends here (acknowledged, rejected, or sent under QoS 0, where no answer will come), or it waits to be offered again.
// An answer makes room in the window, so pump() follows, and it may be the last thing that the drain waited for.
void Equipment::settled(Sequence first, const driver::Outcome& outcome) {
    const Instant now = this->now();
    auto& books = shard_.books;
    shard_.roll(now);
    Flight& flight = window_.offered_at(first);
    shard_.deadlines.remove(flight);
    if (outcome.answer != driver::Answer::broken) {
        talk_ = Talk::settled;
    }
    if (outcome.sent != Instant{}) {
        ++books.counts.sent_batches;
        if (flight.was_sent()) {
            ++books.counts.retries;
            ++books.part(shard_.closed_loop ? flight.closed_loop_due : flight.first.due()).counts.retries;
        } else {
            flight.sent = outcome.sent;
            record_first_sent(flight);
        }
    }
    switch (outcome.answer) {
        case driver::Answer::acknowledged:
            breaker_.answered();
            record_acknowledged(flight, outcome);
            window_.remove(shard_.flights, flight);
            break;
        case driver::Answer::sent:
            record_exception(first, flight.count, State::unacknowledged);
            books.counts.unacknowledged += flight.count;
            window_.remove(shard_.flights, flight);
            break;
        case driver::Answer::rejected:
            breaker_.answered();
            books.failed(&Books::delivery_failures, outcome.cause);
            record_exception(first, flight.count, State::rejected);
            books.counts.rejected += flight.count;
            flight.for_each([&](Nanos due) { ++books.part(due).counts.rejected; });
            window_.remove(shard_.flights, flight);
            break;
        default:
            wait_to_retry(flight, outcome, now);
    }
    pump(now);
    set_alarm();
    if (shard_.settled()) {
        shard_.drained.wake();
    }
}

// A validation is late by the generator's fault only if it was first sent a second or more after it was due (linger
// aside) and nothing held the equipment back since: see pump(). If an earlier attempt ended before it was written (a
// break, say), nothing of the batch counts as late.
void Equipment::record_first_sent(const Flight& flight) {
    auto& books = shard_.books;
    const Nanos sent = flight.sent - shard_.t0;
    const Nanos held_back_until = flight.attempt == 1 ? flight.held_back_until - shard_.t0 : Nanos::max();
    const Nanos tolerated = late + (shard_.lingers ? shard_.lot.delivery.batch.linger : Nanos{0});
    flight.for_each([&](Nanos due) {
        Part& part = books.part(due);
        part.lateness.record(sent - due);
        if (part.measure == arrival::Measure::on) {
            books.sent_late += sent - due >= tolerated && due >= held_back_until ? 1 : 0;
        }
    });
}

void Equipment::record_acknowledged(const Flight& flight, const driver::Outcome& outcome) {
    check(outcome.sent != Instant{}, "what is acknowledged was sent");
    auto& books = shard_.books;
    const Nanos answered = outcome.answered - shard_.t0;
    // Due times within a batch never decrease and mostly lie in one segment, so neighbours are counted together.
    Part* part = nullptr;
    std::uint64_t together = 0;
    const auto count_together = [&] {
        if (together > 0) {
            part->counts.acknowledged += together;
            part->service.record(outcome.answered - outcome.sent, together);
        }
    };
    flight.for_each([&](Nanos due) {
        Part& here = books.part(due);
        if (&here != part) {
            count_together();
            part = &here;
            together = 0;
        }
        ++together;
        here.response.record(answered - due);
        books.series.response(answered - due, here.measure);
    });
    count_together();
    books.counts.acknowledged += flight.count;
    books.series.acknowledged(flight.count);
}

// The attempt failed, and the batch stays in the window. The two statuses differ at the next break: a flight that is
// `waiting` is then offered at once on the new connection, a `held` one still waits for its time.
//
//     closing                  waiting, at once: the run is over and nothing is offered; no failure is counted
//     broken                   waiting, at once: the batch goes as soon as there is a connection
//     retry_after was given    held until then
//     no retry budget left     held for the longest back-off
//     timed out                waiting for the back-off: a new connection may do better
//     any other answer         held for the back-off: the server has spoken, and a new connection does not change that
//
// For the breaker, throttled is an answer; try_again and timed_out are failures. A break is one failure for the whole
// connection, which broken() counts, not one for each batch on it.
void Equipment::wait_to_retry(Flight& flight, const driver::Outcome& outcome, Instant now) {
    using driver::Answer;
    using Status = Flight::Status;
    auto& books = shard_.books;
    const auto wait = [&](Status status, Instant until) { window_.wait(shard_.flights, flight, status, until); };
    if (link_ == Link::closing) {
        wait(Status::waiting, Flight::at_once);
        return;
    }
    books.failed(&Books::delivery_failures, outcome.cause);
    if (outcome.answer == Answer::broken) {
        wait(Status::waiting, Flight::at_once);
        if (link_ == Link::up) {
            set_link(Link::breaking);  // no pump() offers anything until broken() follows
        }
        return;
    }
    if (outcome.answer == Answer::throttled) {
        breaker_.answered();
        if (outcome.retry_after) {
            throttled_until_ = std::max(throttled_until_, now + *outcome.retry_after);
        }
    } else {
        failed(now);
    }
    if (outcome.retry_after) {
        wait(Status::held, now + *outcome.retry_after);
    } else if (shard_.lot.delivery.retry.budget && !budget_.spend()) {
        ++books.counts.retries_put_off;
        wait(Status::held, now + shard_.lot.delivery.retry.max);
    } else {
        const auto status = outcome.answer == Answer::timed_out ? Status::waiting : Status::held;
        wait(status, now + backoff(flight.attempt - 1));
    }
}

// If the new exception continues the equipment's latest one, that one becomes longer: a full cache that discards for
// hours makes one exception.
void Equipment::record_exception(Sequence first, std::uint64_t count, State state) {
    auto& exceptions = shard_.books.exceptions;
    const Sequence last = first + count - 1;
    if (exception_ > 0) {
        Exception& latest = exceptions[exception_ - 1];
        if (latest.state == state && latest.last + 1 == first) {
            latest.last = last;
            return;
        }
    }
    exceptions.push_back({.equipment = id_, .first = first, .last = last, .state = state});
    exception_ = static_cast<std::uint32_t>(exceptions.size());
}

void Equipment::list_unsettled(std::vector<Exception>& into) const {
    const auto list = [&](Sequence first, std::uint64_t count, State state) {
        into.push_back({.equipment = id_, .first = first, .last = first + count - 1, .state = state});
    };
    window_.for_each([&](const Flight& flight) {
        list(flight.sequence(), flight.count, flight.was_sent() ? State::unacknowledged : State::cached);
    });
    cache_.for_each_range([&](const Cache::Range& range) { list(range.first, range.count, State::cached); });
}

void Equipment::add_cached(std::vector<Part>& parts) const {
    const auto& segments = shard_.books.segments;
    std::uint32_t near = 0;
    window_.for_each([&](const Flight& flight) {
        if (!flight.was_sent()) {
            flight.for_each([&](Nanos due) {
                near = segments.at(due, near);
                ++parts[near].counts.cached;
            });
        }
    });
    cache_.count_by_segment(shard_.lot.schedule, segments,
                            [&](std::uint32_t place, std::uint64_t count) { parts[place].counts.cached += count; });
}

}  // namespace portillon::fleet
