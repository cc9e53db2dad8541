#pragma once

// Did this change make it worse? Two sides, base and candidate, each some runs of one workload, compared metric by
// metric. A run is one observation, however many validations it holds: what differs between two runs of the same
// program (the machine's mood, the order of events) does not shrink with more validations in each, only with more runs.
// So every figure is taken from each run, the figures are compared on the logarithmic scale, and what is told of a
// metric is the ratio of the geometric means, candidate / base, with its interval. How: stats/effects.h.
//
// A plain value without I/O: terminal, Markdown, HTML and the gate say what stands in it and work out nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/metric.h"
#include "report/model.h"
#include "stats/effects.h"

namespace portillon::report {

enum class Change : std::uint8_t {
    better,        // for sure, and by more than the minimum effect
    same,          // for sure within the minimum effect
    inconclusive,  // the spread between the runs is too great, or the runs too few, to say
    worse,         // for sure, and by more than the minimum effect; or a promise that base kept is broken
    incomparable,  // there is nothing to compare, or it would compare two different things
};

const char* name_of(Change change);

enum class Better : std::uint8_t { lower, higher };

// One figure of one run.
struct RunFigure {
    unsigned repeat = 1;
    std::optional<double> value;  // in the unit of the metric
    std::string absent_because;   // "the target has no ledger"
    bool never = false;           // absent because it fell among what was never answered: above everything
};

struct MetricDiff {
    std::string name;   // for people: "response P95", "server CPU/validation", "lost"
    std::string key;    // where a run's report has it: "latency.response.p95_us"
    gate::Kind kind{};  // for humanize_figure(); times in us; counter: a share of the validations generated
    Better better{};    // which way is better
    Change change = Change::incomparable;
    std::string why;  // a clause without its full stop: "between -3.1 % and +9.4 %"

    // Geometric means over the runs (arithmetic means of shares); absent where there is none.
    std::optional<double> base, candidate;
    std::string base_text, candidate_text;  // the same for people: "31.2 ms", "12 (600 ppm)", "never", "-"
    std::optional<double> ratio;            // candidate / base; absent where one of them is absent or 0
    // Of the ratio, and the one that decides: wholly beyond the minimum effect where it is better or worse, wholly
    // within where it is the same, neither where it is inconclusive. Of "same" each end is at the confidence of the
    // options, else both are corrected for all figures of the diff. A point where the figure never varies. Absent with
    // fewer than least_repeats a side, which tell too little of the spread.
    std::optional<stats::Interval> interval;
    std::optional<double> p;  // of "no change beyond the minimum effect", adjusted for all figures of the diff

    // Each run's own, in the order of the runs; paired: those at the same place make a pair.
    std::vector<RunFigure> base_runs, candidate_runs;

    // Where it is inconclusive: about how many repeats a side would settle it, given the change and the spread seen.
    // Absent where one run a side shows no spread, and where most_repeats would not settle it.
    std::optional<unsigned> repeats_needed;
};

inline constexpr unsigned least_repeats = 4;  // a side; with fewer nothing is more than inconclusive
inline constexpr unsigned most_repeats = 100;

// What is told about the same protocol and variant on both sides; or about two of them, where that is what was asked.
struct GroupDiff {
    std::string base_name, candidate_name;             // "mqtt", "mqtt QoS 0"; the same unless an axis is compared
    bool paired = false;                               // by the rounds of one interleaved comparison
    unsigned base_repeats = 0, candidate_repeats = 0;  // those used
    Change change = Change::incomparable;
    std::string why;                    // one sentence without its full stop, for the group as a whole
    std::vector<MetricDiff> metrics;    // in the order of the report; without those that neither side measured
    std::vector<std::string> warnings;  // suspect measurements, runs left out and why; without full stop
};

// Who was compared.
struct DiffSide {
    std::string label;   // as the user named it: "comparison.json#cand/mqtt"
    std::string target;  // of its first run, as are the next two
    Scenario scenario;   // without `resolved`
    Context context;
    unsigned runs = 0;      // found
    unsigned left_out = 0;  // of those: invalid or incomplete
};

struct DiffOptions {
    double min_effect = 0.05;  // a change below it is none: 0.05 means ratios from 1/1.05 to 1.05
    // Of "better" and "worse": not one of all is wrong in 19 of 20 diffs in which nothing changed. And of each end of
    // the interval of what is "same", as tests of equivalence do.
    double confidence = 0.95;
    bool force = false;  // compare what is incomparable; Diff::forced says what was overlooked
};

struct Diff {
    DiffSide base, candidate;
    DiffOptions options;
    Change change = Change::incomparable;  // worse before incomparable before inconclusive before better before same
    std::string why;                       // one sentence without its full stop
    std::vector<std::string> forced;       // what makes the sides incomparable and was overlooked; goes to the top
    std::vector<std::string> notes;        // what differs and may: commits, compilers, targets
    std::vector<std::string> warnings;     // groups that only candidate has
    std::vector<GroupDiff> groups;
    std::size_t tests = 0;  // figures that statistics had to decide, for which the intervals are corrected
};

// What "better" and "worse" mean and which interval is shown, in a sentence or two for below the table.
std::string how_decided(const Diff& diff);

// Whether every metric that one side of the group measured could be compared. Of two different protocols it need not:
// one may lack what the other has.
bool comparable(const GroupDiff& group);

// Some runs of one report, for one side of a diff. The report must outlive it.
struct Selection {
    struct Entry {
        unsigned repeat = 1;
        const RunReport* run = nullptr;
    };
    std::string label;
    const Report* report = nullptr;
    std::vector<Entry> runs;  // by repeat
};

// The part of `report` that `selector` names: empty for all of it, else "NAME" of a target; "PROTOCOL VARIANT", or
// "PROTOCOL" for that without a variant or, where there is none, for all its variants; or "NAME/" and one of these.
// Problems, with what there is to choose from: nothing of that name; several targets where none is named.
Checked<Selection> select(const Report& report, const std::string& selector, const std::string& label);

// The names of the targets of a comparison, in the order in which they first ran; empty where there is but the one.
std::vector<std::string> target_names(const Report& report);

// Groups are matched by protocol and variant; where each side has exactly one and they differ, these two are compared.
// Sides out of one and the same Report are paired by repeat.
Diff diff(const Selection& base, const Selection& candidate, const DiffOptions& options = {});

// Two targets of one comparison.
Checked<Diff> diff(const Report& comparison, const std::string& base_name, const std::string& candidate_name,
                   const DiffOptions& options = {});

}  // namespace portillon::report
