#pragma once

// What a run will do, worked out without doing it: when equipments start and how much is due when, and what the machine
// has to hold for it. The counts are those of the schedules themselves.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "plan/sizing.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// A part of the run, [from, to) since T0; before T0 when connecting comes first.
struct PlanRow {
    Nanos from{};
    Nanos to{};
    std::uint32_t started = 0;      // equipments whose schedule begins here
    std::uint32_t dialled = 0;      // connections begun here, if none fails
    std::uint64_t validations = 0;  // due here
    Bytes payload;                  // of them
};

// exact: counted on the schedules. expected: poisson with more than can be drawn in a moment; the mean. unknown:
// closed.
enum class Counting : std::uint8_t { exact, expected, unknown };

struct Plan {
    std::vector<PlanRow> rows;
    Counting counting = Counting::exact;
    Nanos duration{};    // from T0 to the end of the stages
    Nanos measured{};    // of which in the histograms
    Nanos connecting{};  // before T0
    std::uint64_t validations = 0;
    std::uint64_t fewest = 0;  // of one equipment; fewest and most are 0 unless exact
    std::uint64_t most = 0;
    double peak_per_s = 0;  // due, of the whole fleet, expected
    Nanos peak_at{};        // when that is first reached
    double peak_batches_per_s = 0;
    double busy_cores = 0;  // at the peak, both sides on this machine; by rule of thumb
    Bytes payload;
    Bytes ledger;  // one bit per validation
    plan::Sizing sizing;
    std::vector<std::string> warnings;
};

// Of a machine's cores: above it timers are late, and what is measured is the machine.
inline constexpr double busiest_useful_share = 0.7;

// At most `most_rows` (at least 2) of equal width, a whole number of seconds. `scenario` is the compressed one.
Plan plan(const Scenario& scenario, unsigned descriptors_per_session, plan::Server server, const plan::Machine& machine,
          std::size_t most_rows = 30);

// The faults in the order of time: when, what, and how many equipments each hits; empty if there are none.
std::string fault_lines(const Scenario& scenario);

}  // namespace portillon::scenario
