#pragma once

// Judges from what was observed whether a run's measurement can be trusted, and if not, why. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "report/model.h"

namespace portillon::run {

struct Observed {
    std::vector<std::string> lost_shards;  // "generator shard 2 (pid 4711) killed by signal 9: equipments 3, 6, ..."
    std::vector<std::string> unbalanced;   // identities of the counts that do not hold
    std::string unread_ledger;             // why the ledger could not be read; empty: it was, or there is none
    std::uint64_t no_descriptors = 0;      // connects that failed because a process had no descriptor left
    std::uint64_t turned_away = 0;         // connections that a full shard of the embedded server did not take
    std::uint64_t no_ports = 0;            // connects that failed because a source address had no port left
    std::optional<Nanos> lag_p99;          // P99 of generator_lag
    std::optional<Nanos> response_p99;     // P99 of response; of end_to_end if the protocol acknowledges nothing
    std::vector<std::string> failed_commands;  // commands of faults, each with how it ended
    bool nothing_due = false;                  // the run is over, and nothing was due in a measured stage
    std::uint64_t measured = 0;                // validations that were due in measured stages
    std::uint64_t late_unhindered = 0;         // fleet::Result::sent_late
    double cpu_share = 0;                      // CPU used on the busiest machine since T0; 0..1
    Nanos clock_step{};                        // the largest step of a wall clock during the run
    std::uint64_t listen_overflows = 0;        // connections that found a listen queue full, on any machine
};

using report::Measurement;

struct Judgement {
    Measurement measurement = Measurement::valid;
    std::vector<std::string> reasons;  // the most serious first
};

Judgement judge(const Observed& observed);

}  // namespace portillon::run
