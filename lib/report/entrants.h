#pragma once

// Who takes part in a report: all runs of one protocol, variant and target are one entrant, a row of its tables. A lone
// run is the one entrant of its report.
//
// What is said of several repeats is said here, for every table, page and gate alike:
// - A repeat counts when its run came to its end (or a threshold ended it) and its measurement is not invalid. Where
// none
//   counts, all of them are shown, and the row is invalid.
// - Times, rates and costs are measured, and one repeat in which the machine had something else to do says nothing of
// the
//   program: the median of the repeats that count is told, with their range.
// - Counts of validations, batches and connections are facts, and no repeat hides that of another: they are added up,
//   and a threshold on a count must hold in every repeat that counts.

#include <optional>
#include <string>
#include <vector>

#include "gate/threshold.h"
#include "report/model.h"
#include "report/spread.h"

namespace portillon::report {

// Whether its measurement was good enough to count.
bool counts(const RunReport& run);

struct Entrant {
    std::string name;  // "mqtt QoS 0"; "cand", or "cand mqtt" when targets were named; short and unique
    std::vector<const RunReport*> runs;   // its repeats, as they ran; at least one; without those that were run again
    std::vector<unsigned> repeats = {};   // which repeat each of them is, from 1
    std::vector<const Turn*> again = {};  // those that were run again, for their measurement was invalid
    unsigned asked = 1;                   // how many repeats there should be

    // The repeats that count; all of them where none does.
    std::vector<const RunReport*> counting() const;
    unsigned valid() const;  // how many count

    // Of the row as a whole. invalid: no repeat counts. suspect: fewer than half of those asked for do, or one that
    // does is suspect. Incomplete: a threshold ended one that counts, or none counts and one was interrupted. The
    // reasons name the repeat where there are several, those that do not count too.
    Verdict verdict() const;
    // "valid"; of several repeats "4 of 5 valid", "suspect, 1 of 5 valid", "invalid, 0 of 5 valid".
    std::string verdict_text() const;

    // The repeats that count as one run, for what needs one: counts are added up, rates and costs are their medians,
    // histograms are merged, and the verdict is the row's. Absent where it is absent in any of them, but costs and
    // rates. Without intervals, phases, thresholds and exceptions; its latencies are no place to take percentiles from,
    // which are medians as well: spread_of().
    RunReport whole() const;
};

// A figure over the repeats that count.
Spread spread_of(const Entrant& entrant, const gate::Threshold& question);

// A threshold over the repeats that count: the median is judged, of a counter the worst repeat. Fails closed: what is
// unknown in a repeat ranks where it does not hold.
struct JudgedRepeats {
    JudgedThreshold judged;
    std::size_t repeats = 0, held = 0;  // in how many it holds
    std::string how;                    // "median of 5 repeats (1.90-105 ms)", "worst of 5 repeats"; empty of one
};
JudgedRepeats judge(const Entrant& entrant, const gate::Threshold& threshold);

// Those by which its own runs were judged, each once. Those that cannot be read are left out.
std::vector<gate::Threshold> own_thresholds(const Entrant& entrant);

// In the order in which they first ran. `report` must outlive them.
std::vector<Entrant> entrants_of(const Comparison& comparison);
std::vector<Entrant> entrants_of(const Report& report);

// The first of these named targets that nobody could connect to in one of its runs; empty: there is none. What was
// never reached cannot be compared with what was.
std::string unreachable_in(const Comparison& comparison, const std::vector<std::string>& names);

// A part of a run over the repeats that count.
struct WholePhase {
    const Phase* first = nullptr;                  // of the first repeat that has it
    std::size_t place = 0;                         // of that one in its run
    account::KnownCounts counts;                   // added up, as those of whole() are
    std::vector<const Latencies*> latencies = {};  // of each repeat
};

// The stages of the traffic by name, in the order of time.
std::vector<WholePhase> stages_of(const Entrant& entrant);

// The histograms of the repeats that count, as one; absent if it is so in any of them.
std::optional<Latency> merged(const Entrant& entrant, std::optional<Latency> Latencies::*which);

// What was lost in repeats that do not count: a sentence for each, for a bad measurement excuses no broken promise.
std::vector<std::string> losses_beside(const Entrant& entrant);

// A name for a file: "cand-mqtt-qos-0".
std::string file_name_of(const Entrant& entrant);

}  // namespace portillon::report
