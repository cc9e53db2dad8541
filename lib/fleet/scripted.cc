#include "fleet/scripted.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::fleet {

namespace errc = boost::system::errc;

error_code refused() {
    return errc::make_error_code(errc::connection_refused);
}
error_code reset() {
    return errc::make_error_code(errc::connection_reset);
}
error_code timed_out() {
    return errc::make_error_code(errc::timed_out);
}

class ScriptedSession final : public driver::Session, private Alarm {
public:
    ScriptedSession(ScriptedDriver& driver, EquipmentId id, driver::Receipts& receipts)
        : driver_(driver), id_(id), receipts_(receipts), dialled_(driver.loop_) {
        flights_.reserve(8);
        driver_.sessions_[id] = this;
    }
    ~ScriptedSession() override { driver_.sessions_.erase(id_); }

    net::Task<error_code> open(Instant deadline) override {
        check(!open_, "a session is opened once at a time");
        const Instant now = driver_.loop_.now();
        driver_.dials.emplace_back(id_, now);
        const auto dial = driver_.dial(id_, now);
        const Instant done = dial.takes == Nanos::max() || now + dial.takes > deadline ? deadline : now + dial.takes;
        co_await dialled_.until(done);
        if (done == deadline) {
            co_return timed_out();
        }
        open_ = !dial.failure;
        if (open_ && driver_.keeps == ScriptedDriver::Keeps::sessions && !is_kept()) {
            driver_.kept.push_back(id_);
        }
        driver_.open_now += open_ ? 1 : 0;
        co_return dial.failure;
    }

    void offer(const driver::Batch& batch) override {
        check(open_, "only while open");
        const Instant now = driver_.loop_.now();
        if (driver_.notes == ScriptedDriver::Notes::kept) {
            driver_.offers.push_back({now, batch.equipment, batch.first, batch.count, batch.attempt});
        }
        driver_.look(batch);
        for (const auto& flight : flights_) {
            check(flight.first != batch.first, "at most one batch of a name is in flight");
        }
        const auto reply = driver_.reply(batch, now);
        flights_.push_back(
            {.first = batch.first,
             .at = reply.after == ScriptedDriver::never_answered ? never : now + reply.after,
             .outcome = {.answer = reply.answer,
                         .cause = reply.cause,
                         .sent = reply.written == ScriptedDriver::Reply::Written::at_once ? now : Instant{},
                         .answered = {},
                         .retry_after = reply.retry_after},
             .words = reply.words});
        set_alarm();
    }

    void abandon(Sequence first) override {
        for (auto& flight : flights_) {
            if (flight.first == first && driver_.on_abandon != ScriptedDriver::Abandon::late) {
                flight.at = driver_.loop_.now();
                flight.outcome.answer = driver::Answer::timed_out;
                flight.outcome.cause = timed_out();
                breaks_ = driver_.on_abandon == ScriptedDriver::Abandon::drops_connection;
                set_alarm();
            }
        }
    }

    net::Task<void> close(Instant deadline) override {
        driver_.closing_most = std::max(driver_.closing_most, ++driver_.closing_now);
        settle_all(errc::make_error_code(errc::operation_canceled));
        const Instant done = driver_.loop_.now() + driver_.goodbye;
        co_await dialled_.until(std::min(done, deadline));
        --driver_.closing_now;
        --driver_.open_now;
        open_ = false;
    }

    bool is_kept() const override {
        return std::find(driver_.kept.begin(), driver_.kept.end(), id_) != driver_.kept.end();
    }

    net::Task<error_code> forget(Instant deadline) override {
        check(!open_, "only while closed");
        const Instant now = driver_.loop_.now();
        ++driver_.forgets;
        driver_.forgetting_most = std::max(driver_.forgetting_most, ++driver_.forgetting_now);
        const auto dial = driver_.forget(id_, now);
        const Instant done = dial.takes == Nanos::max() || now + dial.takes > deadline ? deadline : now + dial.takes;
        co_await dialled_.until(done);
        --driver_.forgetting_now;
        if (done == deadline) {
            co_return timed_out();
        }
        if (!dial.failure) {
            std::erase(driver_.kept, id_);
        }
        co_return dial.failure;
    }

    void break_now(error_code cause) {
        if (open_) {
            settle_all(cause);
            open_ = false;
            --driver_.open_now;
            receipts_.broken(cause);
        }
    }

private:
    struct Flight {
        Sequence first;
        Instant at;
        driver::Outcome outcome;
        std::string words;
    };

    void ring(Instant now) override {
        for (;;) {
            const auto due = std::find_if(flights_.begin(), flights_.end(),
                                          [now](const Flight& flight) { return flight.at <= now; });
            if (due == flights_.end()) {
                break;
            }
            Flight flight = *due;
            flights_.erase(due);
            flight.outcome.answered = now;
            if (!flight.words.empty()) {
                receipts_.said(flight.outcome.cause, flight.words);
            }
            receipts_.settled(flight.first, flight.outcome);
        }
        if (breaks_) {
            breaks_ = false;
            break_now(reset());
        }
        set_alarm();
    }

    void settle_all(const error_code& cause) {
        driver::Outcome outcome;
        outcome.cause = cause;
        while (!flights_.empty()) {
            const Flight flight = flights_.front();
            flights_.erase(flights_.begin());
            outcome.sent = flight.outcome.sent;
            outcome.answered = driver_.loop_.now();
            receipts_.settled(flight.first, outcome);
        }
        cancel();
    }

    void set_alarm() {
        Instant soonest = never;
        for (const auto& flight : flights_) {
            soonest = std::min(soonest, flight.at);
        }
        if (soonest == never) {
            cancel();
        } else if (!armed() || at() != soonest) {
            driver_.loop_.timers().set(*this, soonest);
        }
    }

    ScriptedDriver& driver_;
    EquipmentId id_;
    driver::Receipts& receipts_;
    net::Wakeup dialled_;
    std::vector<Flight> flights_;
    bool open_ = false;
    bool breaks_ = false;
};

std::unique_ptr<driver::Session> ScriptedDriver::make_session(EquipmentId equipment, driver::Receipts& receipts) {
    return std::make_unique<ScriptedSession>(*this, equipment, receipts);
}

void ScriptedDriver::break_connection(EquipmentId equipment, error_code cause) {
    sessions_.at(equipment)->break_now(cause);
}

void ScriptedDriver::break_all(error_code cause) {
    for (const auto& [equipment, session] : sessions_) {
        session->break_now(cause);
    }
}

plan::Lot plain_plan(arrival::Arrival arrival, std::vector<arrival::Stage> stages) {
    return {.run = RunId{1},
            .schedule = arrival::Schedule(arrival, arrival::Stages(std::move(stages)), 1),
            .start = plan::StartByRate{.rate = Rate{1'000}, .within = 10s}};
}

arrival::Stage steady(Nanos duration, double rate, arrival::Measure measure) {
    return {.duration = duration, .rate_from = rate, .rate_to = rate, .measure = measure};
}

std::vector<Nanos> dues_of(const plan::Lot& plan, EquipmentId id) {
    std::vector<Nanos> dues;
    for (auto cursor = plan.schedule.begin(id, start_of(plan.start, id)); !cursor.ended();
         plan.schedule.advance(cursor)) {
        dues.push_back(cursor.due());
    }
    return dues;
}

Rehearsal::Rehearsal(const plan::Lot& plan)
    : driver(simulation.loop()),
      engine_(std::make_unique<Engine>(simulation.loop(), driver, plan)),
      tasks_(simulation.loop()) {}

Rehearsal::~Rehearsal() {
    if (closed_ == Done::no) {
        run_until_done(engine_->close(now()));
    }
}

net::Task<void> Rehearsal::note(net::Task<void> task, Done& done) {
    co_await std::move(task);
    done = Done::yes;
}

void Rehearsal::run_until_done(net::Task<void> task) {
    Done done = Done::no;
    tasks_.spawn(note(std::move(task), done));
    simulation.settle();
    const Instant limit = now() + 100h;
    while (done == Done::no) {
        check(simulation.loop().timers().next() <= limit, "a rehearsal comes to its end");
        simulation.run_until(simulation.loop().timers().next());
    }
}

void Rehearsal::connect() {
    engine_->connect(now());
    run_until_done(engine_->ready());
}

void Rehearsal::start() {
    t0 = now();
    engine_->start(t0);
}

void Rehearsal::run_to(Nanos since) {
    simulation.run_until(t0 + since);
}

void Rehearsal::drain() {
    run_until_done(engine_->drained());
}

Result Rehearsal::close(Nanos within) {
    closed_ = Done::yes;
    run_until_done(engine_->close(now() + within));
    return engine_->result();
}

Result Rehearsal::whole() {
    connect();
    start();
    drain();
    return close();
}

}  // namespace portillon::fleet
