#include "fleet/equipment.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::fleet {

namespace {

// What is drawn from the seed for an equipment here; arrival draws for purposes of its own.
constexpr std::uint64_t backoff_purpose = 0xF1EE'0001;

constexpr Instant at_once = Instant::min();
constexpr std::uint32_t most_clearing_tries = 3;
constexpr Nanos clearing_pause = 200ms;
constexpr Nanos goodbye_patience = 1s;  // if something is to be done after it
constexpr Nanos late = 1s;              // design of the verdict: more than this is not the server's doing

}  // namespace

Equipment::Equipment(Shard& shard, EquipmentId id)
    : shard_(shard),
      session_(shard.driver.make_session(id, *this)),
      random_(scatter(scatter(shard.plan.seed, number_of(id)), backoff_purpose)),
      changed_(shard.loop),
      id_(id) {}

// The connection.

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
            co_await session_->open(std::min(dialled + shard_.plan.connect_timeout, shard_.drain_ends()));
        if (failure) {
            shard_.books.connect_failures.count(failure);
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
    return shard_.plan.debris == Debris::removed && session_->is_kept();
}

// A connection that has gone silent would take all the time there is, and the server is there for another one.
Instant Equipment::goodbye_by() const {
    return now() + std::min(goodbye_patience, std::max(leave_by_ - now(), Nanos{0}) / 4);
}

// Also when the equipment is offline: the server may be there again. A server that refuses is asked a few times, so
// that a burst of goodbyes does not leave something behind, but one that is gone does not hold up the end of the run.
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
    ++shard_.books.sessions_left;
}

void Equipment::opened(Nanos took) {
    auto& books = shard_.books;
    books.connect.record(took);
    ++books.connects;
    if (opens_++ > 0) {
        ++books.reconnects;
    } else {
        books.connecting = now() - shard_.dials_from;
    }
    set_link(Link::up);
    books.connected_max = std::max<std::uint64_t>(books.connected_max, shard_.connected);
    talk_ = Talk::none;
    held_back_until_ = now();
    shard_.ready.wake();
    pump(now());
    set_alarm();
}

// The only place where the link changes, so that the connected ones are counted once.
void Equipment::set_link(Link link) {
    shard_.roll(now());
    shard_.connected += link_ == Link::down && link != Link::down ? 1 : 0;
    shard_.connected -= link_ != Link::down && link == Link::down ? 1 : 0;
    link_ = link;
}

void Equipment::broken(const error_code& cause) {
    check(link_ == Link::up || link_ == Link::breaking, "only what is open breaks");
    set_link(Link::down);
    shard_.books.lost_connections.count(cause);
    failed(now());
    for (Flight* flight = oldest_; flight != nullptr; flight = flight->newer) {
        if (flight->stand == Flight::Stand::waiting) {
            flight->until = at_once;
        }
    }
    set_alarm();
    changed_.wake();
}

void Equipment::stray(const error_code& cause) {
    shard_.books.delivery_failures.count(cause);
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

Nanos Equipment::backoff(std::uint32_t failures) {
    const Retry& retry = shard_.plan.retry;
    Nanos wait = std::max(std::min(retry.base, retry.max), Nanos{1});
    while (failures-- > 0 && wait < retry.max) {
        wait = wait > retry.max / 2 ? retry.max : wait * 2;
    }
    if (retry.jitter == Jitter::none) {
        return wait;
    }
    return Nanos{static_cast<std::int64_t>(random_.uniform() * static_cast<double>(wait.count()))};
}

// The schedule.

void Equipment::start() {
    const Nanos begin = start_of(shard_.plan, id_);
    newest_ = shard_.plan.schedule.begin(id_, begin);
    next_ = newest_;
    if (shard_.closed) {
        closing_ = shard_.instant_of(begin);
    } else {
        turning_ = true;
        ++shard_.turning;
        look_ahead();
    }
    set_alarm();
    changed_.wake();  // dialling by steps begins now
}

void Equipment::shorten() {
    if (!shard_.closed) {
        look_ahead();
        set_alarm();
    }
}

void Equipment::give_up() {
    if (!shard_.closed) {
        turn_to(never, now());
        discard_oldest();
    }
    closing_ = never;
    set_alarm();
}

bool Equipment::more() const {
    return !newest_.ended() && newest_.due() < shard_.generation_end;
}

Instant Equipment::closing() const {
    if (!shard_.lingers) {
        return shard_.instant_of(newest_.due());
    }
    const auto& schedule = shard_.plan.schedule;
    const Nanos latest = newest_.due() + shard_.plan.batch.linger;
    auto cursor = newest_;
    for (std::uint32_t held = 1; held < shard_.plan.batch.max; ++held) {
        schedule.advance(cursor);
        if (cursor.ended() || cursor.due() >= shard_.generation_end || cursor.due() > latest) {
            return shard_.instant_of(latest);
        }
    }
    return shard_.instant_of(cursor.due());
}

void Equipment::look_ahead() {
    closing_ = more() ? closing() : never;
    if (closing_ == never && turning_) {
        turning_ = false;
        --shard_.turning;
        shard_.drained.wake();
    }
}

// Batch by batch as they close, so that each validation's lag is known.
void Equipment::turn_to(Instant until, Instant now) {
    const auto& schedule = shard_.plan.schedule;
    auto& books = shard_.books;
    while (closing_ != never && closing_ <= until) {
        const auto first = newest_;
        std::uint64_t measured = 0;
        std::uint32_t held = 0;
        do {
            measured += books.generated(newest_.due()) == arrival::Measure::on ? 1 : 0;
            schedule.advance(newest_);
        } while (++held < shard_.plan.batch.max && more() && shard_.instant_of(newest_.due()) <= closing_);
        books.generator_lag.record(std::max(now - closing_, Nanos{0}), measured);
        if (shard_.plan.overflow == Overflow::discards_newest && pending() > shard_.plan.cache) {
            pump(now);
            discard_newest(first, held);
        }
        look_ahead();
    }
}

// Closed arrivals: as many batches are due as the window has places.
void Equipment::fill_window(Nanos due, Instant now) {
    const auto& plan = shard_.plan;
    auto& books = shard_.books;
    while (window_used_ < plan.in_flight && due < shard_.generation_end) {
        const auto first = newest_;
        std::uint64_t measured = 0;
        for (std::uint32_t i = 0; i < plan.batch.max; ++i) {
            measured += books.generated(due) == arrival::Measure::on ? 1 : 0;
            plan.schedule.advance(newest_);
        }
        books.generator_lag.record(now - shard_.instant_of(due), measured);
        shard_.note_closed(id_, due, plan.batch.max);
        cut(first, plan.batch.max);
        latest_->closed_due = due;
        next_ = newest_;
    }
}

void Equipment::ring(Instant now) {
    shard_.roll(now);
    if (!shard_.closed) {
        turn_to(now, now);
    } else if (closing_ <= now) {
        const Nanos begin = closing_ - shard_.t0;
        closing_ = never;
        fill_window(begin, now);
    }
    pump(now);
    discard_oldest();
    set_alarm();
}

void Equipment::set_alarm() {
    Instant at = closing_;
    const bool offers = link_ == Link::up && shard_.phase == Shard::Phase::running && !probes(now());
    if (offers && pending() > 0 && window_used_ < shard_.plan.in_flight && may_begin_from() > now()) {
        at = std::min(at, may_begin_from());
    }
    if (offers && waiting_ > 0) {
        for (const Flight* flight = oldest_; flight != nullptr; flight = flight->newer) {
            if (flight->stand != Flight::Stand::offered) {
                at = std::min(at, std::max(flight->until, may_offer_from()));
                if (shard_.plan.order == Order::strict) {
                    break;
                }
            }
        }
    }
    if (at == never) {
        cancel();
    } else if (!armed() || this->at() != at) {
        shard_.loop.timers().set(*this, at);
    }
}

// Offering.

void Equipment::pump(Instant now) {
    if (shard_.closed && shard_.started() && closing_ == never && shard_.phase == Shard::Phase::running) {
        fill_window(now - shard_.t0, now);
    }
    if (link_ != Link::up || shard_.phase == Shard::Phase::over) {
        held_back_ = pending() > 0;
        return;
    }
    if (held_back_) {
        held_back_until_ = now;
    }
    if (may_offer_from() > now) {
        held_back_ = pending() > 0 || waiting_ > 0;
        return;
    }
    const bool free = pump_retries(now);
    while (free && pending() > 0 && window_used_ < shard_.plan.in_flight && may_begin_from() <= now && !probes(now)) {
        const auto first = next_;
        const std::uint32_t count = next_count();
        if (count == pending() && holes_ == nullptr) {
            next_ = newest_;
        } else {
            for (std::uint32_t i = 0; i < count; ++i) {
                shard_.plan.schedule.advance(next_);
            }
            step_over_hole();
        }
        cut(first, count);
        offer(*latest_, now);
    }
    held_back_ = pending() > 0 || !free;
}

std::uint32_t Equipment::next_count() const {
    const std::uint64_t together =
        holes_ == nullptr ? pending() : std::min(pending(), holes_->list.front().first - next_.sequence());
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(shard_.plan.batch.max, together));
}

Instant Equipment::may_offer_from() const {
    return std::max(throttled_until_, breaker_.opens_until());
}

Instant Equipment::may_begin_from() const {
    return std::max(may_offer_from(), paced_from_);
}

bool Equipment::probes(Instant now) const {
    return breaker_.is_half_open(now) && window_used_ > waiting_;
}

void Equipment::failed(Instant now) {
    shard_.books.tally.breaker_openings += breaker_.failed(shard_.plan.breaker, now) ? 1 : 0;
}

// False if strict order keeps new batches back.
bool Equipment::pump_retries(Instant now) {
    if (waiting_ == 0) {
        return true;
    }
    for (Flight* flight = oldest_; flight != nullptr; flight = flight->newer) {
        if (flight->stand == Flight::Stand::offered) {
            continue;
        }
        if (probes(now)) {
            return false;
        }
        if (flight->until <= now) {
            offer(*flight, now);
        } else if (shard_.plan.order == Order::strict) {
            return false;
        }
    }
    return true;
}

void Equipment::cut(const arrival::Cursor& first, std::uint32_t count) {
    Flight& flight = shard_.flights.take();
    flight.plan = &shard_.plan;
    flight.session = session_.get();
    flight.first = first;
    flight.count = count;
    flight.until = at_once;
    flight.older = latest_;
    flight.newer = nullptr;
    (latest_ == nullptr ? oldest_ : latest_->newer) = &flight;
    latest_ = &flight;
    ++window_used_;
    ++waiting_;
}

void Equipment::offer(Flight& flight, Instant now) {
    if (flight.attempt == 0) {
        flight.held_back_until = held_back_until_;
        if (const Nanos pace = shard_.plan.pace; pace > Nanos{0}) {
            paced_from_ = std::max(paced_from_, now) + flight.count * pace;
        }
        if (const auto& share = shard_.plan.retry.budget) {
            budget_.earn(*share);
        }
    }
    --waiting_;
    if (talk_ == Talk::none) {
        talk_ = Talk::offered;
    }
    shard_.flights.set_stand(flight, Flight::Stand::offered);
    flight.until = now + shard_.plan.timeout;
    ++flight.attempt;
    shard_.deadlines.add(flight);
    session_->offer({.equipment = id_,
                     .first = flight.sequence(),
                     .count = flight.count,
                     .attempt = flight.attempt,
                     .deadline = flight.until,
                     .body = &flight});
}

void Equipment::discard_oldest() {
    if (pending() <= shard_.plan.cache || shard_.plan.overflow != Overflow::discards_oldest) {
        return;
    }
    const std::uint64_t excess = pending() - shard_.plan.cache;
    except(next_.sequence(), excess, State::discarded);
    shard_.books.tally.discarded += excess;
    for (std::uint64_t i = 0; i < excess; ++i) {
        ++shard_.books.part(next_.due()).discarded;
        shard_.plan.schedule.advance(next_);
    }
}

// Of the `held` validations from `first` on, to which the equipment has just turned, those that have no place.
void Equipment::discard_newest(const arrival::Cursor& first, std::uint32_t held) {
    if (pending() <= shard_.plan.cache) {
        return;
    }
    const auto excess = static_cast<std::uint32_t>(std::min<std::uint64_t>(pending() - shard_.plan.cache, held));
    auto cursor = first;
    for (std::uint32_t i = 0; i < held - excess; ++i) {
        shard_.plan.schedule.advance(cursor);
    }
    if (holes_ == nullptr) {
        holes_ = std::make_unique<Holes>();
    }
    const Sequence begin = cursor.sequence(), end = begin + excess - 1;
    if (!holes_->list.empty() && holes_->list.back().last + 1 == begin) {
        holes_->list.back().last = end;
    } else {
        holes_->list.push_back({begin, end});
    }
    holes_->size += excess;
    except(begin, excess, State::discarded);
    shard_.books.tally.discarded += excess;
    for (std::uint32_t i = 0; i < excess; ++i) {
        ++shard_.books.part(cursor.due()).discarded;
        shard_.plan.schedule.advance(cursor);
    }
}

void Equipment::step_over_hole() {
    if (holes_ == nullptr || next_.sequence() != holes_->list.front().first) {
        return;
    }
    const Hole hole = holes_->list.front();
    holes_->size -= hole.last + 1 - hole.first;
    holes_->list.pop_front();
    if (holes_->list.empty()) {
        holes_ = nullptr;
    }
    if (hole.last + 1 == newest_.sequence()) {
        next_ = newest_;
        return;
    }
    while (next_.sequence() <= hole.last) {
        shard_.plan.schedule.advance(next_);
    }
}

// Answers.

void Equipment::settled(Sequence first, const driver::Outcome& outcome) {
    const Instant now = this->now();
    auto& books = shard_.books;
    shard_.roll(now);
    Flight& flight = find(first);
    shard_.deadlines.remove(flight);
    if (outcome.answer != driver::Answer::broken) {
        talk_ = Talk::settled;
    }
    if (outcome.sent != Instant{}) {
        ++books.tally.sent_batches;
        if (flight.was_sent()) {
            ++books.tally.retries;
            ++books.part(shard_.closed ? flight.closed_due : flight.first.due()).retries;
        } else {
            flight.sent = outcome.sent;
            record_first_sent(flight);
        }
    }
    switch (outcome.answer) {
        case driver::Answer::acknowledged:
            breaker_.answered();
            record_acknowledged(flight, outcome);
            end(flight);
            break;
        case driver::Answer::sent:
            except(first, flight.count, State::unacknowledged);
            books.tally.unacknowledged += flight.count;
            end(flight);
            break;
        case driver::Answer::rejected:
            breaker_.answered();
            books.delivery_failures.count(outcome.cause);
            except(first, flight.count, State::rejected);
            books.tally.rejected += flight.count;
            flight.for_each([&](Nanos due) { ++books.part(due).rejected; });
            end(flight);
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

void Equipment::record_first_sent(const Flight& flight) {
    auto& books = shard_.books;
    const Nanos sent = flight.sent - shard_.t0;
    const Nanos held_back_until = flight.attempt == 1 ? flight.held_back_until - shard_.t0 : Nanos::max();
    const Nanos tolerated = late + (shard_.lingers ? shard_.plan.batch.linger : Nanos{0});
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
    // A batch lies in one segment, or in a few.
    Part* part = nullptr;
    std::uint64_t together = 0;
    const auto count_together = [&] {
        if (together > 0) {
            part->acknowledged += together;
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
        if (here.measure == arrival::Measure::on) {
            books.series.response(answered - due);
        }
    });
    count_together();
    books.tally.acknowledged += flight.count;
    books.series.acknowledged(flight.count);
}

void Equipment::wait_to_retry(Flight& flight, const driver::Outcome& outcome, Instant now) {
    using driver::Answer;
    auto& books = shard_.books;
    ++waiting_;
    shard_.flights.set_stand(flight, Flight::Stand::waiting);
    if (link_ == Link::closing) {
        return;  // nobody's failure: the run is over
    }
    books.delivery_failures.count(outcome.cause);
    if (outcome.answer == Answer::broken) {
        flight.until = at_once;
        if (link_ == Link::up) {
            set_link(Link::breaking);  // broken() follows
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
        shard_.flights.set_stand(flight, Flight::Stand::held);
        flight.until = now + *outcome.retry_after;
    } else if (shard_.plan.retry.budget && !budget_.spend()) {
        ++books.tally.retries_put_off;
        shard_.flights.set_stand(flight, Flight::Stand::held);
        flight.until = now + shard_.plan.retry.max;
    } else {
        // What the server has said holds beyond this connection; a time-out said nothing.
        shard_.flights.set_stand(flight,
                                 outcome.answer == Answer::timed_out ? Flight::Stand::waiting : Flight::Stand::held);
        flight.until = now + backoff(flight.attempt - 1);
    }
}

void Equipment::except(Sequence first, std::uint64_t count, State state) {
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

Flight& Equipment::find(Sequence first) {
    Flight* flight = oldest_;
    while (flight != nullptr && flight->sequence() != first) {
        flight = flight->newer;
    }
    check(flight != nullptr && flight->stand == Flight::Stand::offered, "settled exactly once");
    return *flight;
}

void Equipment::end(Flight& flight) {
    (flight.older == nullptr ? oldest_ : flight.older->newer) = flight.newer;
    (flight.newer == nullptr ? latest_ : flight.newer->older) = flight.older;
    --window_used_;
    shard_.flights.give_back(flight);
}

void Equipment::list_unsettled(std::vector<Exception>& into) const {
    for (const Flight* flight = oldest_; flight != nullptr; flight = flight->newer) {
        into.push_back({.equipment = id_,
                        .first = flight->sequence(),
                        .last = flight->sequence() + flight->count - 1,
                        .state = flight->was_sent() ? State::unacknowledged : State::cached});
    }
    Sequence from = next_.sequence();
    const auto list_up_to = [&](Sequence end) {
        if (from < end) {
            into.push_back({.equipment = id_, .first = from, .last = end - 1, .state = State::cached});
        }
    };
    if (holes_ != nullptr) {
        for (const Hole& hole : holes_->list) {
            list_up_to(hole.first);
            from = hole.last + 1;
        }
    }
    list_up_to(newest_.sequence());
}

void Equipment::add_cached(std::vector<Part>& parts) const {
    const auto& segments = shard_.books.segments;
    std::uint32_t near = 0;
    for (const Flight* flight = oldest_; flight != nullptr; flight = flight->newer) {
        if (!flight->was_sent()) {
            flight->for_each([&](Nanos due) {
                near = segments.at(due, near);
                ++parts[near].cached;
            });
        }
    }
    // Only what lies in other segments than the newest is walked through.
    auto cursor = next_;
    std::size_t hole = 0;
    for (std::uint64_t left = pending(); left > 0; --left) {
        while (holes_ != nullptr && hole < holes_->list.size() && cursor.sequence() >= holes_->list[hole].first) {
            if (cursor.sequence() > holes_->list[hole].last) {
                ++hole;
            } else {
                shard_.plan.schedule.advance(cursor);
            }
        }
        near = segments.at(cursor.due(), near);
        if (near + 1 == segments.size() || newest_.due() < segments.list()[near].to) {
            parts[near].cached += left;
            return;
        }
        ++parts[near].cached;
        shard_.plan.schedule.advance(cursor);
    }
}

}  // namespace portillon::fleet
