#pragma once

// Makes the faults of a report: the time around each, what it did, and how long its effect lasted. Pure.

#include <map>
#include <optional>
#include <vector>

#include "fleet/result.h"
#include "net/faults/faulty_dialer.h"
#include "report/model.h"
#include "run/command_faults.h"
#include "run/ledger_client.h"
#include "scenario/scenario.h"

namespace portillon::run {

// The times before, during and after a fault, since T0, within the stages: [before, begin), [begin, end), [end, after).
// Other faults limit them: `before` is the end of the latest fault that was over when this one began, or the end of the
// warm-up; `after` is the begin of the next fault, or the end of the stages.
struct FaultPeriods {
    Nanos before{}, begin{}, end{}, after{};
    bool operator==(const FaultPeriods&) const = default;
};

// The most segments into which a run is cut. More are not worth their memory (up to three histograms each, in every
// process); the phases of the faults are left out then.
inline constexpr std::size_t most_cut_segments = 500;

// The normal range for the P95 of response, taken from the intervals before a fault. `usual` is the median of their
// P95s. `limit` is the highest P95 that counts as back to normal: twice the usual one, or the usual one plus four times
// the spread if that is more, and 10 ms at least. The spread is 1.4826 times the median absolute deviation: like the
// median it is robust, so one noisy interval moves neither.
struct Normal {
    Nanos usual{}, limit{};
    bool operator==(const Normal&) const = default;
};

// Nothing if there is no P95, because nothing was answered before the fault.
std::optional<Normal> normal_of(std::vector<Nanos> p95_before);

// The interval from which on all is well again; `good` says for each interval whether it was within the limit. It is
// the first good interval from which to the end at most one in five is beyond the limit, never three in a row, and at
// most one of the first five. So a single noisy interval is no relapse.
std::optional<std::size_t> settled_from(const std::vector<bool>& good);

// One for each fault of the scenario, in order; none if there would be too many segments.
std::vector<FaultPeriods> fault_periods_of(const scenario::Scenario& scenario);

// The effects of the faults, each kind as told by the side that executes it.
struct Effects {
    std::vector<net::faults::Injected> injected = {};     // network faults, in the order of network_faults_of()
    std::map<std::size_t, report::Injected> struck = {};  // server faults, by their place in the scenario
    ExecutedCommands commands = {};                       // command faults, by their place in the scenario
};

// One for each fault of the scenario, in order. `phases`: all phases of the run. `ended`: when the run was over, its
// drain included; a fault that would have begun later did not happen, nor did one whose command was not executed.
std::vector<report::Fault> faults_of(const scenario::Scenario& scenario, const fleet::Series& series,
                                     const Effects& effects, const std::vector<report::Phase>& phases,
                                     Nanos ended = Nanos::max());

}  // namespace portillon::run
