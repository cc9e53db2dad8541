#pragma once

// The faults of a report: the time around each, what it did, and how long it was felt. Pure.

#include <map>
#include <span>
#include <vector>

#include "fleet/result.h"
#include "net/faults/faulty_dialer.h"
#include "report/model.h"
#include "run/ledger_client.h"
#include "scenario/scenario.h"

namespace portillon::run {

// The time around a fault, since T0, within the stages: [before, begin), [begin, end), [end, after). Other faults cut
// it off: `before` is the end of one that was over when this began, or the end of the warm-up; `after` the begin of the
// next.
struct Surroundings {
    Nanos before{}, begin{}, end{}, after{};
    bool operator==(const Surroundings&) const = default;
};

// More segments than this are not worth their memory (a histogram or three each, in every process): the phases of the
// faults are left out then.
inline constexpr std::size_t most_cut_segments = 500;

// By the faults' places; none if there would be too many segments.
std::vector<Surroundings> surroundings_of(const scenario::Scenario& scenario);

// By the faults' places. `injected`: by those of the network; `struck`: those of the server, by their places in the
// scenario; `phases`: the run's, with those of the faults.
std::vector<report::Fault> faults_of(const scenario::Scenario& scenario, const fleet::Series& series,
                                     std::span<const net::Injected> injected,
                                     const std::map<std::size_t, Struck>& struck,
                                     const std::vector<report::Phase>& phases);

}  // namespace portillon::run
