#pragma once

// The faults of a report: the time around each, what it did, and how long it was felt. Pure.

#include <map>
#include <optional>
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

// What the P95 of response was like before a fault, of each interval, and up to what it counts as back to normal: twice
// the usual one, or as far above it as four times the spread of those before, and 10 ms at least. `usual` is their
// median and the spread is robust, too (1.4826 times the median absolute deviation), so that one noisy interval moves
// neither.
struct Normal {
    Nanos usual{}, limit{};
    bool operator==(const Normal&) const = default;
};

// Nothing when nothing was answered before.
std::optional<Normal> normal_of(std::vector<Nanos> p95_before);

// From which interval on all is well again, given whether each was within the limit: the first good one after which,
// to the end, no more than one in five is beyond the limit, never three in a row, and at most one of the first five. A
// single noisy interval is no relapse.
std::optional<std::size_t> settled_from(const std::vector<bool>& good);

// By the faults' places; none if there would be too many segments.
std::vector<Surroundings> surroundings_of(const scenario::Scenario& scenario);

// By the faults' places. `injected`: by those of the network; `struck`: those of the server, by their places in the
// scenario; `phases`: the run's, with those of the faults. `ended`: when the run was over, its drain included; a fault
// that would have begun later did not happen.
std::vector<report::Fault> faults_of(const scenario::Scenario& scenario, const fleet::Series& series,
                                     std::span<const net::Injected> injected,
                                     const std::map<std::size_t, Struck>& struck,
                                     const std::vector<report::Phase>& phases, Nanos ended = Nanos::max());

}  // namespace portillon::run
