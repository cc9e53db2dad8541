#pragma once

// For the tests of fleet: a driver whose sessions answer by a script, and the rehearsal of a whole run on simulated
// time.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrival/schedule.h"
#include "base/timers.h"
#include "driver/driver.h"
#include "fleet/engine.h"
#include "net/task_group.h"
#include "net/wakeup.h"
#include "testing/simulation.h"

namespace portillon::fleet {

inline constexpr EquipmentId one{1};
inline const arrival::Arrival periodic{};

class ScriptedSession;

class ScriptedDriver final : public driver::Driver {
public:
    explicit ScriptedDriver(net::Loop& loop) : loop_(loop) {}

    // The script's answer to an offered batch.
    struct Reply {
        driver::Answer answer = driver::Answer::acknowledged;
        Nanos after = 1ms;  // Nanos::max(): never
        error_code cause{};
        std::optional<Nanos> retry_after{};
        enum class Written : std::uint8_t { at_once, never } written = Written::at_once;
        std::string words{};  // what the server says of the cause
    };
    static constexpr Nanos never_answered = Nanos::max();

    struct Dial {
        error_code failure{};
        Nanos takes = 2ms;  // Nanos::max(): until the deadline, and fails with it
    };

    // How a time-out acts on the connection. late: it does nothing, and the answer may still come.
    enum class Abandon : std::uint8_t { cancels, drops_connection, late };

    struct Offer {
        Instant at{};
        EquipmentId equipment{};
        Sequence first = 0;
        std::uint32_t count = 0;
        std::uint32_t attempt = 0;
        bool operator==(const Offer&) const = default;
    };

    // The script; asked at every offer and every open.
    std::function<Reply(const driver::Batch&, Instant now)> reply = [](const auto&, Instant) { return Reply{}; };
    std::function<Dial(EquipmentId, Instant now)> dial = [](EquipmentId, Instant) { return Dial{}; };
    std::function<void(const driver::Batch&)> look = [](const auto&) {};
    Abandon on_abandon = Abandon::cancels;
    Nanos goodbye = 1ms;
    // Whether the server keeps a session that was opened until it is told to forget it, and how it answers that.
    enum class Keeps : std::uint8_t { nothing, sessions } keeps = Keeps::nothing;
    std::function<Dial(EquipmentId, Instant now)> forget = [](EquipmentId, Instant) { return Dial{}; };
    enum class Notes : std::uint8_t { kept, none } notes = Notes::kept;

    void break_connection(EquipmentId equipment, error_code cause);
    void break_all(error_code cause);

    std::vector<Offer> offers;
    std::vector<std::pair<EquipmentId, Instant>> dials;
    std::uint32_t open_now = 0;
    std::uint32_t closing_now = 0;
    std::uint32_t closing_most = 0;
    std::vector<EquipmentId> kept;  // by the server
    std::uint32_t forgetting_now = 0, forgetting_most = 0, forgets = 0;

    driver::Traits traits() const override { return {}; }
    std::unique_ptr<driver::Session> make_session(EquipmentId equipment, driver::Receipts& receipts) override;

private:
    friend class ScriptedSession;
    net::Loop& loop_;
    std::map<EquipmentId, ScriptedSession*> sessions_;
};

error_code refused();
error_code reset();
error_code timed_out();

// A plan of one equipment with plain settings; a test changes what it is about.
plan::Lot plain_plan(arrival::Arrival arrival, std::vector<arrival::Stage> stages);
arrival::Stage steady(Nanos duration, double rate, arrival::Measure measure = arrival::Measure::on);

// The due times of the equipment's validations, since T0.
std::vector<Nanos> dues_of(const plan::Lot& plan, EquipmentId id);

// The run of one shard, from connect() to result().
class Rehearsal {
public:
    explicit Rehearsal(const plan::Lot& plan);
    ~Rehearsal();

    void connect();  // until ready
    void start();    // T0 is now
    void run_to(Nanos since_t0);
    void drain();  // until drained
    Result close(Nanos within = 5s);
    Result whole();  // all of it

    Instant now() const { return simulation.now(); }
    Nanos since_t0() const { return now() - t0; }
    Engine& engine() { return *engine_; }

    testing::Simulation simulation;
    ScriptedDriver driver;
    Instant t0{};

private:
    enum class Done : std::uint8_t { no, yes };
    static net::Task<void> note(net::Task<void> task, Done& done);
    void run_until_done(net::Task<void> task);

    std::unique_ptr<Engine> engine_;
    net::TaskGroup tasks_;
    Done closed_ = Done::no;
};

}  // namespace portillon::fleet
