#pragma once

// The entrants of a report: all runs of one protocol, variant and target are one entrant, which is a row of its tables.
// A single run is the only entrant of its report.
//
// The rules for several repeats are kept here, for every table, page and gate:
// - A repeat counts if its run came to its end (or a threshold ended it) and its measurement is not invalid. If none
//   counts, all of them are shown, and the row is invalid.
// - Times, rates and costs are measured, and a repeat in which the machine was busy with something else says nothing
//   about the program. So the median of the repeats that count is shown, with their range.
// - Counts of validations, batches and connections are facts, and one repeat must not hide those of another. So they
//   are added up, and a threshold on a count must hold in every repeat that counts.

#include <optional>
#include <string>
#include <vector>

#include "gate/threshold.h"
#include "report/model.h"
#include "report/spread.h"

namespace portillon::report {

// Whether the run counts, by the first rule above.
bool counts(const RunReport& run);

struct Entrant {
    std::string name;  // "mqtt QoS 0"; with named targets "cand", or "cand mqtt"; short and unique
    std::vector<const RunReport*>
        runs;  // its repeats in the order in which they ran, at least one; not those in `again`
    std::vector<unsigned> repeats = {};   // the number of each repeat, from 1
    std::vector<const Turn*> again = {};  // runs with an invalid measurement, whose repeats were run again
    unsigned asked = 1;                   // how many repeats the user asked for

    // The repeats that count; all of them if none counts.
    std::vector<const RunReport*> counting() const;
    unsigned valid() const;  // how many repeats count

    // The verdict of the row. invalid: no repeat counts. suspect: fewer than half of the repeats asked for count, or a
    // repeat that counts is suspect. Incomplete: a threshold ended a repeat that counts, or none counts and one was
    // interrupted. If there are several repeats, the reasons name the repeat, also those that do not count.
    Verdict verdict() const;
    // "valid"; for several repeats "4 of 5 valid", "suspect, 1 of 5 valid", "invalid, 0 of 5 valid".
    std::string verdict_text() const;

    // The repeats that count as one run, for code that needs a single run: counts are added up, rates and costs are
    // medians, histograms are merged, and the verdict is the row's. A figure is absent if any repeat lacks it, except
    // costs and rates. Intervals, phases, thresholds and exceptions are left out. Do not take percentiles from its
    // histograms: percentiles over repeats are medians, see spread_of().
    RunReport whole() const;
};

// The spread of a figure over the repeats that count.
Spread spread_of(const Entrant& entrant, const gate::Threshold& question);

// A threshold judged over the repeats that count: by their median, or for a counter by the worst repeat. It fails
// closed: a figure that is unknown in a repeat ranks as one for which the threshold does not hold.
struct JudgedRepeats {
    JudgedThreshold judged;
    std::size_t repeats = 0, held = 0;  // how many repeats there are, and in how many of them it holds
    std::string how;                    // "median of 5 repeats (1.90-105 ms)", "worst of 5 repeats"; empty for one
};
JudgedRepeats judge(const Entrant& entrant, const gate::Threshold& threshold);

// The thresholds by which the entrant's own runs were judged, each once. Thresholds that cannot be read are left out.
std::vector<gate::Threshold> own_thresholds(const Entrant& entrant);

// The entrants in the order in which they first ran. The report outlives them.
std::vector<Entrant> entrants_of(const Comparison& comparison);
std::vector<Entrant> entrants_of(const Report& report);

// The first of these named targets that no equipment could connect to in one of its runs; empty if there is none. A
// target that was not reached cannot be compared.
std::string unreachable_in(const Comparison& comparison, const std::vector<std::string>& names);

// A phase of a run over the repeats that count.
struct WholePhase {
    const Phase* first = nullptr;                  // the phase in the first repeat that has it
    std::size_t place = 0;                         // its place among the phases of that repeat
    account::KnownCounts counts;                   // sums over the repeats, as in whole()
    std::vector<const Latencies*> latencies = {};  // one for each repeat
};

// The stages of the traffic by name, in the order of time.
std::vector<WholePhase> stages_of(const Entrant& entrant);

// The merged histograms of the repeats that count; absent if any of them lacks the latency.
std::optional<Latency> merged(const Entrant& entrant, std::optional<Latency> Latencies::*which);

// A sentence for each repeat that does not count but lost validations: a bad measurement excuses no broken promise.
std::vector<std::string> losses_beside(const Entrant& entrant);

// The entrant's name as part of a file's name: "cand-mqtt-qos-0".
std::string file_name_of(const Entrant& entrant);

}  // namespace portillon::report
