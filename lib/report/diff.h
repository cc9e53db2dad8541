#pragma once

// Answers the question: did this change make it worse? Two sides, base and candidate, each some runs of one workload,
// are compared metric by metric. A run is one observation, however many validations it has: what differs between two
// runs of the same program (the state of the machine, the order of events) does not shrink with more validations in
// each run, only with more runs. So each run gives one value of a metric, the values are compared on the logarithmic
// scale, and the result is the ratio of the geometric means, candidate / base, with its confidence interval. The
// statistics are in stats/effects.h.
//
// A Diff is a plain value without I/O. Terminal, Markdown, HTML and the gate only show it; they compute nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/metric.h"
#include "report/model.h"
#include "report/scenario_keys.h"
#include "stats/effects.h"

namespace portillon::report {

enum class Change : std::uint8_t {
    better,        // certainly better, by more than the minimum effect
    same,          // the change is certainly within the minimum effect
    inconclusive,  // the runs differ too much among themselves, or are too few, to tell
    worse,         // certainly worse, by more than the minimum effect; or a promise that base kept is broken
    incomparable,  // there is nothing to compare, or the sides are two different things
};

const char* name_of(Change change);

enum class Better : std::uint8_t { lower, higher };

// One figure of one run.
struct RunFigure {
    unsigned repeat = 1;
    std::optional<double> value;  // in the unit of the metric
    std::string absent_because;   // "the target has no ledger"
    bool never = false;           // absent because it falls among unanswered validations: it ranks above every value
};

struct MetricDiff {
    std::string name;   // shown to the user: "response P95", "server CPU/validation", "lost"
    std::string key;    // key in the JSON report of a run: "latency.response.p95_us"
    gate::Kind kind{};  // for humanize_figure(); times are in us; a counter is a share of the validations generated
    Better better{};    // which direction is better
    Change change = Change::incomparable;
    std::string why;  // a clause without its full stop: "between -3.1 % and +9.4 %"

    // Geometric means over the runs (arithmetic means of shares); absent if there is none.
    std::optional<double> base, candidate;
    std::string base_text, candidate_text;  // the same as text: "31.2 ms", "12 (600 ppm)", "never", "-"
    std::optional<double> ratio;            // candidate / base; absent if one of them is absent or 0
    // The confidence interval of the ratio, which decides: it is wholly beyond the minimum effect for better and worse,
    // wholly within it for same, and neither for inconclusive. For "same" each end has the confidence of the options;
    // otherwise both ends are corrected for all figures of the diff. It is a point if the figure never varies. Absent
    // with fewer than least_repeats a side, from which the spread cannot be estimated.
    std::optional<stats::Interval> interval;
    std::optional<double> p;  // for "no change beyond the minimum effect", adjusted for all figures of the diff

    // The value of each run, in the order of the runs; if paired, values at the same place make a pair.
    std::vector<RunFigure> base_runs, candidate_runs;

    // If inconclusive: about how many repeats a side would decide it, given the change and the spread so far. Absent if
    // there is only one run a side, which shows no spread, and if most_repeats would not decide it.
    std::optional<unsigned> repeats_needed;
};

inline constexpr unsigned least_repeats = 4;  // on each side; with fewer, figures that vary are always inconclusive
inline constexpr unsigned most_repeats = 100;

// The comparison of one protocol and variant on both sides; or of two different ones, if the user asked for that.
struct GroupDiff {
    std::string base_name, candidate_name;             // "mqtt", "mqtt QoS 0"; the same unless an axis is compared
    bool paired = false;                               // the runs are paired by the rounds of an interleaved comparison
    unsigned base_repeats = 0, candidate_repeats = 0;  // the repeats that were used
    Change change = Change::incomparable;
    std::string why;                    // one sentence without its full stop, for the group as a whole
    std::vector<MetricDiff> metrics;    // in the order of the report, without those that neither side measured
    std::vector<std::string> warnings;  // suspect measurements, runs left out and why; without full stop
};

// One of the two sides of a diff.
struct DiffSide {
    std::string label;   // as the user named it: "comparison.json#cand/mqtt"
    std::string target;  // target, scenario and context are those of the first run
    Scenario scenario;   // without `resolved`
    Context context;
    unsigned runs = 0;      // runs found
    unsigned left_out = 0;  // runs left out because they are invalid or incomplete
};

struct DiffOptions {
    double min_effect = 0.05;  // a smaller change counts as none: 0.05 means ratios from 1/1.05 to 1.05
    // The confidence of "better" and "worse": if nothing changed, all of them together are right in 19 of 20 diffs. It
    // is also the confidence of each end of the interval for "same", as in tests of equivalence.
    double confidence = 0.95;
    // Keys of the scenario in which the sides may differ, or beginnings of keys; each is_allowable() (scenario_keys.h).
    std::vector<std::string> allow = {};
    bool force = false;  // compare incomparable sides, too; Diff::forced says what was overlooked
};

struct Diff {
    DiffSide base, candidate;
    DiffOptions options;
    Change change = Change::incomparable;  // worse before incomparable before inconclusive before better before same
    std::string why;                       // one sentence without its full stop
    std::vector<std::string> forced;       // overlooked reasons why the sides are incomparable; shown first
    std::vector<DifferingKey> keys;        // of the scenario, if the workloads differ
    std::vector<std::string> notes;        // differences that are allowed: commits, compilers, targets, keys
    std::vector<std::string> warnings;     // groups that only candidate has
    std::vector<GroupDiff> groups;
    std::size_t tests = 0;  // how many figures statistics had to decide; the intervals are corrected for so many
};

// One or two sentences for below the table: what "better" and "worse" mean, and which interval is shown.
std::string how_decided(const Diff& diff);

// Whether every metric that either side of the group measured could be compared. Two different protocols need not have
// the same metrics.
bool comparable(const GroupDiff& group);

// Some runs of one report, for one side of a diff. The report outlives the selection.
struct Selection {
    struct Entry {
        unsigned repeat = 1;
        const RunReport* run = nullptr;
    };
    std::string label;
    const Report* report = nullptr;
    std::vector<Entry> runs;  // by repeat
};

// The runs of `report` that `selector` names. Empty: all of them. "NAME": a target. "PROTOCOL VARIANT"; or "PROTOCOL"
// for the one without a variant or, if there is none, for all its variants. "NAME/" followed by one of these. Problems,
// which list the choices: there is nothing of that name; there are several targets and none is named.
Checked<Selection> select(const Report& report, const std::string& selector, const std::string& label);

// The names of the targets of a comparison, in the order in which they first ran; empty if there is only one target.
std::vector<std::string> target_names(const Report& report);

// Groups are matched by protocol and variant. If each side has exactly one group and they differ, these two are
// compared. Sides from the same Report are paired by repeat.
Diff diff(const Selection& base, const Selection& candidate, const DiffOptions& options = {});

// Compares two targets of one comparison.
Checked<Diff> diff(const Report& comparison, const std::string& base_name, const std::string& candidate_name,
                   const DiffOptions& options = {});

}  // namespace portillon::report
