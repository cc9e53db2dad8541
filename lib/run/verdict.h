#pragma once

// Whether a run's measurement can be trusted, and why not. Pure: from what was observed to a judgement.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"

namespace portillon::run {

struct Observed {
    std::vector<std::string> lost_shards;  // "generator shard 2 (pid 4711) killed by signal 9: equipments 3, 6, ..."
    std::vector<std::string> unbalanced;   // identities of the books that do not hold
    std::string unread_ledger;             // why it could not be read; empty: it was, or there is none
    std::uint64_t no_descriptors = 0;      // connects that failed for want of descriptors
    std::uint64_t turned_away = 0;         // connections that a full shard of the embedded server did not take
    std::uint64_t no_ports = 0;            // connects that failed for want of ports
    std::optional<Nanos> lag_p99;          // generator_lag
    std::optional<Nanos> response_p99;     // end_to_end where nothing is acknowledged
    bool nothing_due = false;              // in any measured stage, by the end of the run
    std::uint64_t measured = 0;            // validations in the histograms
    std::uint64_t late_unhindered = 0;     // of which first sent 1 s late while window, link and breaker were open
    double cpu_share = 0;                  // of the whole machine, from T0 to the end of the drain; 0..1
    Nanos clock_step{};                    // the wall clock against the monotonic one over the run
    std::uint64_t listen_overflows = 0;    // of the machine, during the run
};

enum class Measurement : std::uint8_t { valid, suspect, invalid };

struct Judgement {
    Measurement measurement = Measurement::valid;
    std::vector<std::string> reasons;  // the gravest first
};

Judgement judge(const Observed& observed);

}  // namespace portillon::run
