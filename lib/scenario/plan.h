#pragma once

// Plans a run without starting it: when equipments start, how many validations are due when, and what the machine must
// have for it. The counts come from the schedules themselves.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "plan/sizing.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// A row of the plan: the time [from, to) since T0. If equipments connect before T0, the first row is before T0.
struct PlanRow {
    Nanos from{};
    Nanos to{};
    std::uint32_t started = 0;      // equipments whose schedule begins in this time
    std::uint32_t dialled = 0;      // connections begun in this time, if none fails
    std::uint64_t validations = 0;  // validations due in this time
    Bytes payload;                  // payload of these validations
};

// How validations were counted. exact: on the schedules. expected: the mean, for a Poisson schedule too long to draw.
// unknown: with closed arrivals the server decides.
enum class Counting : std::uint8_t { exact, expected, unknown };

struct Plan {
    std::vector<PlanRow> rows;
    Counting counting = Counting::exact;
    Nanos duration{};    // from T0 to the end of the stages
    Nanos measured{};    // the measured part of duration
    Nanos connecting{};  // the time before T0 in which equipments connect
    std::uint64_t validations = 0;
    std::uint64_t fewest = 0;  // the smallest count of any equipment; fewest and most are 0 unless counting is exact
    std::uint64_t most = 0;    // the largest count of any equipment
    double peak_per_s = 0;     // highest expected rate of the whole fleet, in validations due
    Nanos peak_at{};           // when peak_per_s is first reached
    double peak_batches_per_s = 0;
    double busy_cores = 0;  // at the peak, with both sides on this machine; a rule of thumb
    Bytes payload;
    Bytes ledger;  // memory of the ledger: one bit per validation
    plan::Sizing sizing;
    std::vector<std::string> warnings;
};

// The share of a machine's cores that may be busy. Above it timers are late, and the run measures the machine instead
// of the server.
inline constexpr double busiest_useful_share = 0.7;

// The plan has at most `most_rows` rows (2 or more), all of the same whole number of seconds. `scenario` is already
// compressed.
Plan plan(const Scenario& scenario, unsigned descriptors_per_session, plan::Server server, const plan::Machine& machine,
          std::size_t most_rows = 30);

// A table of the faults in the order of time: when and what each is, and how many equipments it hits; empty if there
// are none.
std::string fault_lines(const Scenario& scenario);

}  // namespace portillon::scenario
