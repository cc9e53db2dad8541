#pragma once

// The conductor leads one run from start to end: it makes plans, gives the start signal, collects accounts, reconciles
// and judges. Generators and target are handed in, and time is the loop's, so that on simulated time a run of minutes
// is over in milliseconds.

#include <memory>
#include <string>
#include <vector>

#include "net/signals.h"
#include "net/task.h"
#include "run/assemble.h"
#include "run/command_faults.h"
#include "run/conduct.h"
#include "run/generators.h"
#include "run/order.h"
#include "run/progress.h"
#include "run/target.h"

namespace portillon::run {

// A target to which no equipment ever connected so long after the first dial, and to which dials failed, is given up:
// the run ends, and its report says so. A target that is only late by less gets its run.
inline constexpr Nanos reach_patience = 5s;

class Conductor {
public:
    // The parts with which the conductor works. Loop, generators and target outlive it.
    struct Setup {
        net::Loop& loop;
        Generators& generators;
        Target& target;
        unsigned generator_shards = 1;
        unsigned ports_per_address = 28'000;  // on the machine that the generators run on
        std::string target_in_words;          // describe_target()
        unsigned server_shards = 0;           // of an embedded target; 0: the target is foreign
        Execute execute;                      // for the commands of the scenario's faults
        RunId run{};                          // the run of the first lot; further lots get the numbers after it
    };

    // Order and progress outlive the conductor, too.
    Conductor(const Order& order, Progress& progress, Setup setup);
    ~Conductor();
    Conductor(const Conductor&) = delete;

    // The whole run, from the start of the target to its end. Call it once.
    net::Task<RunOutcome> live();

    // Ends the run early, with a short drain and a report of what there is; `until` of command faults that are on is
    // executed at once. False: the user insists on an end at once; then the caller has to end the process.
    bool interrupt(const net::StopSignal& signal);

    // Call when the target lost a process or ended; `what` describes it for the user.
    void mourn(const std::string& what);

private:
    net::Task<bool> set_up();
    net::Task<bool> open_ledgers();
    void announce();
    net::Task<bool> connect();
    bool reaches_nobody() const;
    bool fault_has_begun() const;
    void give_up_target();
    net::Task<void> start_ledgers();
    net::Task<void> generate();
    net::Task<void> drain();
    net::Task<void> wait_for_silence(Instant deadline);
    net::Task<void> close_sessions();
    net::Task<void> collect();
    void collect_results(std::size_t lot);
    net::Task<void> reconcile_with_ledgers();
    net::Task<std::string> reconcile_with_ledger(std::size_t lot);
    void compare(const ServerFigures& before, const ServerFigures& after);
    net::Task<std::optional<ServerFigures>> server_figures();
    bool is_elsewhere(const std::optional<ServerFigures>& server) const;

    bool keeps_sessions() const;
    std::string clean_command() const;
    void tell_of_sessions_left();
    std::vector<std::string> tell_lost_generators() const;
    void look_at_machines();
    void watch();
    void show_progress();
    template <class Condition>
    net::Task<void> until(Instant deadline, Condition holds);
    bool given_up() const;
    bool fine();
    bool fail(const std::string& why);
    void note(const std::string& problem);

    // A lot: an order whose scenario has only this lot, and the ledger of its run.
    struct Lot {
        Order order;
        std::unique_ptr<Ledger> ledger;
    };

    const Order& order_;
    Progress& progress_;
    net::Loop& loop_;
    Generators& generators_;
    Target& target_;
    Setup setup_;
    net::Wakeup pause_;
    driver::Traits traits_;
    std::vector<Lot> lots_;
    std::uint32_t equipments_ = 0;      // in all lots together
    Nanos drain_{};                     // the longest drain of any lot
    Machines server_machines_;          // machines of the server on which no generator runs
    std::vector<LotAccount> accounts_;  // one for each lot
    Gathered gathered_;                 // what the lots share; live() puts in one lot's account after the other
    RunOutcome outcome_;
    Live live_;
    Instant dials_from_{};  // T0 if nothing is dialled before
    CommandFaults commands_;
    Instant t0_{}, end_{}, phase_ends_{}, shown_at_{};
    bool target_given_up_ = false;
    std::uint64_t counted_generated_ = 0, counted_acknowledged_ = 0;
    net::StopSignal interruption_;
    int interrupted_by_ = 0;
};

}  // namespace portillon::run
