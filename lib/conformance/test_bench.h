#pragma once

// A driver and its real peer on simulated time, with everything around them under the test's control: the equipments
// that offer, the cable between the two, and the ingest behind the listener.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/cable.h"
#include "conformance/candidate.h"
#include "net/task_group.h"
#include "server/figures.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::conformance {

// Decides as the test says.
class ScriptedIngest final : public server::Ingest {
public:
    struct Arrival {
        Instant at{};
        EquipmentId equipment{};
        Sequence first = 0;
        std::uint32_t count = 0;
    };
    static constexpr Nanos never_decided = Nanos::max();
    struct Verdict {
        server::Disposition disposition = server::Disposition::accepted;  // malformed: at once
        std::optional<Nanos> retry_after = std::nullopt;
        Nanos after{};
    };

    explicit ScriptedIngest(net::Loop& loop);
    ~ScriptedIngest() override;

    std::function<Verdict(const Arrival&)> decide = [](const Arrival&) { return Verdict{}; };

    std::vector<Arrival> arrivals;
    std::size_t undecided_most = 0;  // at once

    std::size_t times(Sequence first) const;  // how often the batch of this name arrived, of any equipment
    void forget();                            // drops the undecided arrivals: nobody waits for them any more
    void accept_undecided();

    void arrived(std::span<const std::byte> body, server::Answers& answers, const server::Ticket& ticket) override;

private:
    struct Wait;
    net::Loop& loop_;
    std::deque<std::unique_ptr<Wait>> waits_;
    std::size_t undecided_ = 0;
};

// A batch as a fleet would make it. Fails the test when it is asked for bytes after it was settled.
class Body;

class TestBench;

// An equipment that does only what the test says. It holds the session to the contract of driver.h: in every test it
// fails if a batch is settled twice, from inside a call, after the break or with impossible instants.
class ScriptedEquipment final : public driver::Receipts {
public:
    ScriptedEquipment(TestBench& bench, EquipmentId id);
    ~ScriptedEquipment() override;

    // These wait for completion, for which a few round trips must suffice.
    void open();
    void close();

    // These begin in the next turn of the loop, and continue while time passes.
    void begin_to_open(Nanos within);
    void begin_to_close(Nanos within);
    std::optional<error_code> opened;  // the result
    std::optional<Instant> closed;     // when it completed
    void begin_to_open_unjoined();     // for tests that destroy the session before it can complete

    void offer(Sequence first, std::uint32_t count = 1, Nanos within = 1h);
    void offer_all(Sequence first, Sequence last);  // batches of one
    void abandon(Sequence first);
    void destroy();  // the session

    bool is_open() const { return link_ == Link::open; }
    bool is_at_rest() const { return link_ == Link::closed; }
    std::size_t in_flight() const { return in_flight_.size(); }
    std::vector<Sequence> firsts_in_flight() const;

    // The last answer for a batch: "acknowledged", "throttled after 2s"; "nothing" if it was never settled.
    std::string answered_with(Sequence first) const;
    const driver::Outcome& outcome(Sequence first) const;
    bool all_said(Sequence first, Sequence last, const std::string& what) const;

    struct Settled {
        Sequence first = 0;
        driver::Outcome outcome;
    };
    std::vector<Settled> settlements;  // in order
    std::vector<std::string> breaks;   // their causes
    std::vector<std::string> strays;   // the causes of stray answers

    // Called last within the functions of driver.h.
    std::function<void(Sequence)> on_settled;
    std::function<void()> on_broken;

private:
    enum class Link : std::uint8_t { closed, opening, open, closing, destroyed };
    enum class Inside : std::uint8_t { no, yes };

    struct Offer {
        Instant at{};
        std::unique_ptr<Body> body;
    };

    void settled(Sequence first, const driver::Outcome& outcome) override;
    void broken(const error_code& cause) override;
    void stray(const error_code& cause) override;
    void check_outcome(Instant offered_at, const driver::Outcome& outcome) const;
    static net::Task<void> open_into(driver::Session& session, Instant deadline, ScriptedEquipment& self);
    static net::Task<void> close_into(driver::Session& session, Instant deadline, ScriptedEquipment& self);

    TestBench& bench_;
    EquipmentId id_;
    std::unique_ptr<driver::Session> session_;
    Link link_ = Link::closed;
    Inside inside_ = Inside::no;
    std::map<Sequence, Offer> in_flight_;
    std::vector<std::unique_ptr<Body>> settled_bodies_;
};

class TestBench {
public:
    static constexpr Nanos latency = 1ms;  // one way

    explicit TestBench(const Candidate& candidate, std::uint32_t in_flight = 8, server::Limits limits = {});
    ~TestBench();  // destroys what was left open; fails the test if anything of it is left behind
    TestBench(const TestBench&) = delete;

    ScriptedEquipment& equipment(std::uint32_t number = 1);
    driver::Driver& driver() { return *driver_; }
    server::Listener& listener() { return *listener_; }
    void replace_listener();  // like a restarted server: it knows nothing

    Instant now() const { return simulation.now(); }
    void pass(Nanos time) { simulation.run_for(time); }
    // Runs until a batch that is offered now, and decided at once, has been answered.
    void pass_round_trips() { pass(40 * latency); }

    const Candidate& candidate;
    testing::Simulation simulation;
    net::TaskGroup tasks{simulation.loop()};
    ScriptedIngest ingest{simulation.loop()};

private:
    server::Limits limits_;
    server::Figures figures_;
    net::Url target_{"test", "localhost", 1, ""};
    std::unique_ptr<server::Listener> listener_;
    testing::PipeDialer dialer_{
        simulation.loop(), latency,
        [this](EquipmentId, std::unique_ptr<net::Transport> transport) { listener_->accepted(std::move(transport)); }};

public:
    Cable cable{simulation.loop(), dialer_};

private:
    std::unique_ptr<driver::Driver> driver_;
    std::map<std::uint32_t, std::unique_ptr<ScriptedEquipment>> equipments_;
};

}  // namespace portillon::conformance
