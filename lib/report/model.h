#pragma once

// What a run leaves behind. The names and units are those of the JSON report (reports/report.schema.json); what was not
// measured is absent, never 0. Filled by the run, read back from a file, and never changed in between.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "account/account.h"
#include "gate/threshold.h"

namespace portillon::report {

inline constexpr int schema_version = 1;
inline constexpr std::size_t most_exceptions = 1000;
inline constexpr std::size_t most_intervals = 1000;

using account::Account;
using account::Costs;
using account::Count;
using account::Fleet;
using account::Latencies;
using account::Latency;
using account::Resources;
using account::Throughput;
using account::Wire;

struct Context {
    std::string version, commit, compiler, build_type, kernel, cpu_model;
    unsigned cores = 0;
    std::map<std::string, std::string> libraries;  // name: version
    unsigned shards = 0;                           // of the generator
    std::string started_at;                        // RFC 3339, UTC
};

struct Scenario {
    std::string name;
    std::string workload_digest;
    std::string resolved;  // the scenario as it was run, a JSON object; may be empty
};

enum class Measurement : std::uint8_t { valid, suspect, invalid };

struct Verdict {
    Measurement measurement = Measurement::valid;
    std::vector<std::string> reasons;  // why it is not valid; each a sentence without its full stop
    bool complete = true;              // false when interrupted
    std::string aborted_by = {};       // the threshold that ended it ("response: p(95)<50ms"); empty: none did
};

enum class State : std::uint8_t { lost, undelivered, unconfirmed, duplicated, reordered, unexpected };

// Consecutive validations of one equipment that share a state.
struct Exceptional {
    std::uint32_t equipment = 0;
    std::uint64_t first = 0, last = 0;  // sequences, both included
    State state{};
};

// The validations that are not simply acknowledged and delivered, by name.
struct Delivery {
    std::vector<Exceptional> exceptions;  // at most most_exceptions
    Count exceptions_omitted = 0;
};

// The validations that were due in [from_s, to_s) since T0, whenever they were sent and answered. Stages never overlap,
// and their counts add up to the run's; histograms of the measured stages merge to the run's. Of the account a phase
// has what reaches to stages (account/figures.h), and retries. Counts of the ledger are absent where the run's own are;
// duplicated also where the server does not tell copies by due time, as end_to_end then is. Throughput: what was due
// here and ever acknowledged, over its length.
struct Phase : Account {
    // stage: of the traffic. fault: the time around one fault. Readers skip the kinds they do not know; more may come
    // within this schema.
    std::string kind = "stage";
    std::string name;  // "stage 2" where the scenario gives none
    double from_s = 0, to_s = 0;
    bool measured = true;  // false: warm-up, in the run's counts but not in its latencies

    // Of kind fault only: its number, from 1, and which part of the time around it.
    std::optional<unsigned> fault = {};
    std::string part = {};  // "before", "during", "after"
};

// Equipments first..last.
struct EquipmentRange {
    std::uint32_t first = 0, last = 0;
    bool operator==(const EquipmentRange&) const = default;
};

inline constexpr std::size_t most_ranges = 100;

// What a fault of the server has struck.
struct Injected {
    std::string what;  // "validations", "messages", "connections", "shards"
    Count count = 0;
    bool operator==(const Injected&) const = default;
};

// A fault that the scenario asked for: what it did, and how long it was felt. What was due around it: its phases.
struct Fault {
    unsigned number = 1;        // in the scenario, from 1
    std::string kind, what;     // what: in a few words, "latency 50ms"
    double at_s = 0, to_s = 0;  // since T0; the same for one that lasts an instant
    // False: the run was over before it began, and nothing else here says anything.
    bool happened = true;

    // Of the network only.
    std::optional<Count> equipments = {};                      // that it hits
    std::string equipments_digest = {};                        // of which; the same for the same ones
    std::vector<EquipmentRange> which = {};                    // the first most_ranges of them
    std::optional<Count> connections = {};                     // that it struck, each time it did
    std::optional<Count> dials_refused = {}, dials_hung = {};  // until their time was up

    std::optional<Injected> injected =
        {};  // of the server only; absent in older reports, and where the server is silent

    // From its end to the first interval from which on the P95 of response stays within `normal_p95_us`, but for single
    // intervals (run/phases_of_faults.h). Absent with the reason.
    std::optional<double> back_to_normal_s = {};
    std::string back_to_normal_reason = {};
    std::optional<double> normal_p95_us = {};
    std::optional<double> usual_p95_us = {};  // the median of the intervals before it; absent in older reports
    Count cached_max = 0;                     // at the end of an interval, from its begin until the next fault's
};

// Events by the instant at which they happened, over [at_s, at_s + interval_s); gauges as they stood at its end.
struct Interval {
    double at_s = 0;  // since T0
    Count due = 0, acknowledged = 0;
    std::optional<Count> delivered;
    Count connected = 0, in_flight = 0, cached = 0;
    std::string response_histogram;  // stats::encode_deflated() of those acknowledged in it; empty when there are none
    std::optional<Nanos> response_min = {}, response_max = {};  // theirs, exact; absent in older reports
    std::optional<double> width_s = {};                         // where it is shorter than the others: the last one
};

struct JudgedThreshold {
    std::string metric, expression;  // metric: with its stage, if it speaks of one: "response{stage:peak}"
    std::optional<double> observed;  // us, bytes, or the bare number; absent when there was no data
    bool passed = false;
    std::string reason;  // why it did not pass, or why it was skipped; else empty
    gate::Origin origin = gate::Origin::written;
    // A default threshold on what this target cannot tell: not judged, and said. `passed` is true, so that readers who
    // do not know of skipping do not take it for a breach.
    bool skipped = false;
};

// The counts of the tally, and of the fleet's equipments, connected_max, connects and reconnects, are always there.
struct RunReport : Account {
    std::string protocol;
    std::string variant;  // what sets it apart from another run over this protocol ("QoS 0"); may be empty
    std::string target;   // "embedded", or the URL that was given
    std::uint64_t seed = 0;
    std::string run;                   // 16 hexadecimal digits, as servers see it; may be empty
    std::vector<std::string> command;  // as typed
    Scenario scenario;
    Context context;
    Verdict verdict;
    Delivery delivery;
    std::vector<Phase> phases;       // in the order of time; one that an interrupted run never reached has no length
    std::vector<Fault> faults = {};  // as the scenario lists them
    Fleet fleet;
    Costs resources;
    Wire wire;
    // "connect.cause": dials that failed; "connection.cause": open connections that were lost; "deliver.cause":
    // attempts of batches that failed.
    std::map<std::string, Count> errors;
    std::map<std::string, std::string> server_said = {};  // cause: the server's own words, the first that were heard
    double interval_s = 1;
    std::vector<Interval> intervals;  // at most most_intervals; interval_s doubles until they suffice
    std::vector<JudgedThreshold> thresholds;
};

// One run of a comparison: its `repeat`, and its place in the order of that repeat; both from 1.
struct Turn {
    unsigned repeat = 1, order = 1;
    RunReport run;
    std::string name = {};  // the name its target was given, where a comparison has several; empty for the one
    // Its measurement was invalid, and the repeat was run again: this one is kept for the record only.
    bool superseded = false;
};

struct Comparison {
    Scenario scenario;
    std::vector<std::string> command;
    std::vector<Turn> runs;
    unsigned repeats = 0;  // how many were asked for; 0: not known, so as many as there are
};

using Report = std::variant<RunReport, Comparison>;

// "pass", "FAIL" or "skip".
const char* word_of(const JudgedThreshold& threshold);

const char* name_of(Measurement measurement);
const char* name_of(State state);

// What failed, by "phase.cause", each failure once: `errors`, in which reports up to 0.2 may lack the dials.
std::map<std::string, Count> failures_of(const RunReport& run);

// "http_404" of the error "deliver.http_404": what the server's words are kept by.
std::string cause_of(const std::string& error);

// "the run was interrupted", "ended early by the threshold response: p(95)<50ms"; empty of a complete one.
std::string why_incomplete(const Verdict& verdict);

}  // namespace portillon::report
