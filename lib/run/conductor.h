#pragma once

// The life of one run: makes plans, gives the start signal, collects accounts, reconciles, judges. It is given what it
// conducts, and its time is its loop's: on simulated time a run of minutes is over in milliseconds.

#include <memory>
#include <string>
#include <vector>

#include "net/signals.h"
#include "net/task.h"
#include "run/assemble.h"
#include "run/conduct.h"
#include "run/generators.h"
#include "run/order.h"
#include "run/progress.h"
#include "run/target.h"

namespace portillon::run {

class Conductor {
public:
    // What a run is conducted with.
    struct Hands {
        net::Loop& loop;
        Generators& generators;
        Target& target;
        unsigned generator_shards = 1;
        unsigned ports_per_address = 28'000;  // of the machine that the generators run on
        std::string target_in_words;          // describe_target()
        unsigned server_shards = 0;           // of an embedded target; 0: it is somebody else's
        RunId run{};                          // of the first lot; the others' follow
    };

    // Everything outlives it.
    Conductor(const Order& order, Progress& progress, Hands hands);
    ~Conductor();
    Conductor(const Conductor&) = delete;

    // From the start of the target to its end. Once.
    net::Task<Conducted> live();

    // Ends the run early, with a short drain and a report of what there is. False: the user insists, and wants the end
    // at once, which is for the caller to bring about.
    bool interrupt(const net::StopSignal& signal);

    // Of the target: told when it happens.
    void mourn(const std::string& what);

private:
    net::Task<bool> set_up();
    net::Task<bool> open_ledgers();
    void announce();
    net::Task<bool> connect();
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

    // A lot, alone, and the server's account of its run.
    struct Lot {
        Order order;
        std::unique_ptr<Ledger> ledger;
    };

    const Order& order_;
    Progress& progress_;
    net::Loop& loop_;
    Generators& generators_;
    Target& target_;
    Hands hands_;
    net::Wakeup pause_;
    driver::Traits traits_;
    std::vector<Lot> lots_;
    std::uint32_t equipments_ = 0;      // of all lots
    Nanos drain_{};                     // the longest of the lots'
    Machines server_machines_;          // where no generator runs
    std::vector<LotAccount> accounts_;  // of the lots
    Gathered gathered_;                 // what they share
    Conducted conducted_;
    Live live_;
    Instant t0_{}, end_{}, shown_at_{};
    std::uint64_t counted_generated_ = 0, counted_acknowledged_ = 0;
    net::StopSignal interruption_;
    int interrupted_by_ = 0;
};

}  // namespace portillon::run
