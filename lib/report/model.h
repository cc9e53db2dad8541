#pragma once

// The model of a report. Names and units are those of the JSON report (reports/report.schema.json). A figure that was
// not measured is absent, never 0. The run fills in a report, or it is read from a file; after that it is not changed.

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
    bool complete = true;              // false: the run was interrupted
    std::string aborted_by = {};       // the threshold that ended the run ("response: p(95)<50ms"); empty: none did
    // The reason for which the run ended early although nobody interrupted it, without a full stop: "no equipment could
    // connect". Empty if there is none.
    std::string ended_because = {};
};

enum class State : std::uint8_t { lost, undelivered, unconfirmed, duplicated, reordered, unexpected };

// Consecutive validations of one equipment that share a state.
struct Exceptional {
    std::uint32_t equipment = 0;
    std::uint64_t first = 0, last = 0;  // sequences, both included
    State state{};
};

// Lists the validations that were not simply acknowledged and delivered.
struct Delivery {
    std::vector<Exceptional> exceptions;  // at most most_exceptions
    Count exceptions_omitted = 0;
};

// The account of the validations that were due in [from_s, to_s) since T0, whenever they were sent and answered. Stages
// never overlap; their counts add up to the run's, and the histograms of measured stages merge to the run's. A phase
// has the figures that reach to stages (account/figures.h), and retries. Counts of the ledger are absent if the run's
// own are; `duplicated` and end_to_end are also absent if the server does not tell them by due time. Throughput:
// validations that were due in the phase and acknowledged at any time, divided by its length.
struct Phase : Account {
    // stage: a stage of the traffic. fault: a time around one fault. Readers skip kinds that they do not know, because
    // more may be added within this schema.
    std::string kind = "stage";
    std::string name;  // "stage 2" if the scenario gives none
    double from_s = 0, to_s = 0;
    bool measured = true;  // false: warm-up, which is part of the run's counts but not of its latencies

    // For kind fault only: the fault's number, from 1, and which time around it.
    std::optional<unsigned> fault = {};
    std::string part = {};  // "before", "during", "after"
};

// Equipments first..last.
struct EquipmentRange {
    std::uint32_t first = 0, last = 0;
    bool operator==(const EquipmentRange&) const = default;
};

inline constexpr std::size_t most_ranges = 100;

// How much a fault of the server has struck.
struct Injected {
    std::string what;  // "validations", "messages", "connections", "shards"
    Count count = 0;
    bool operator==(const Injected&) const = default;
};

// A command that a fault executed on the conductor's machine.
struct ExecutedCommand {
    std::string key;                      // of the fault: "run" or "until"
    std::string command;                  // as the scenario has it
    double at_s = 0, took_s = 0;          // at_s: since T0
    std::optional<int> exit_status = {};  // absent: the command was killed, or could not be started
    std::string ended;                    // "exited with 0", "could not be started: no such file", ...
    std::string last_line = {};           // of its output; empty if there was none
    bool operator==(const ExecutedCommand&) const = default;

    bool succeeded() const { return exit_status == 0; }
};

// A fault of the scenario: what it did, and how long its effect lasted. Its phases have the validations due around it.
struct Fault {
    unsigned number = 1;        // in the scenario, from 1
    std::string kind, what;     // what: a short description, "latency 50ms"
    double at_s = 0, to_s = 0;  // since T0; equal for a fault that is an instant
    // False: the run was over before the fault began, and the members below mean nothing.
    bool happened = true;

    // For network faults only.
    std::optional<Count> equipments = {};    // how many equipments it hits
    std::string equipments_digest = {};      // digest of their numbers: equal for the same equipments
    std::vector<EquipmentRange> which = {};  // their numbers, up to most_ranges ranges
    std::optional<Count> connections = {};   // connections that it struck, each time counted
    std::optional<Count> dials_refused = {},
                         dials_hung = {};  // dials that it refused, or let hang until their time-out

    // For server faults only; absent in older reports, and if the server does not tell it.
    std::optional<Injected> injected = {};

    // Time from the end of the fault to the first interval from which on the P95 of response stays within
    // `normal_p95_us`, single intervals excepted (run/phases_of_faults.h). Absent with the reason.
    std::optional<double> back_to_normal_s = {};
    std::string back_to_normal_reason = {};
    std::optional<double> normal_p95_us = {};
    std::optional<double> usual_p95_us = {};  // the median of the intervals before the fault; absent in older reports
    std::vector<ExecutedCommand> commands = {};  // for kind command only, in the order of time
    Count cached_max = 0;  // the largest `cached` of any interval between the begin of this fault and that of the next
};

// Counts the events that happened in [at_s, at_s + interval_s); gauges are the state at its end.
struct Interval {
    double at_s = 0;  // since T0
    Count due = 0, acknowledged = 0;
    std::optional<Count> delivered;
    Count connected = 0, in_flight = 0, cached = 0;
    std::string
        response_histogram;  // stats::encode_deflated() of validations acknowledged in it; empty if there are none
    std::optional<Nanos> response_min = {}, response_max = {};  // exact extremes of these; absent in older reports
    std::optional<double> width_s = {};                         // its length, if the run's end cut it short
    std::optional<Count> errors = {};                           // as errors_of(); absent in older reports
};

struct JudgedThreshold {
    std::string metric, expression;  // the metric includes a stage, if there is one: "response{stage:peak}"
    std::optional<double> observed;  // in us, in bytes, or a plain number; absent if there was no data
    bool passed = false;
    std::string reason;  // why it did not pass, or why it was skipped; otherwise empty
    gate::Origin origin = gate::Origin::written;
    // A default threshold that was not judged because this target cannot tell its figure. `passed` is true then, so
    // that readers that do not know of skipping do not take it for a breach.
    bool skipped = false;
};

// The rows with which `portillon reconcile` has completed a report.
struct Reconciliation {
    Count rows = 0, of_other_runs = 0;  // rows: of this run
    bool operator==(const Reconciliation&) const = default;
};

// The report of one run. The counts of the tally are always known, and of the fleet's counts equipments, connected_max,
// connects and reconnects.
struct RunReport : Account {
    std::string protocol;
    std::string variant;  // options that distinguish it from other runs over the same protocol ("QoS 0"); may be empty
    std::string target;   // "embedded", or the URL that was given
    std::uint64_t seed = 0;
    std::string run;                   // the RunId in 16 hexadecimal digits, as servers see it; may be empty
    std::vector<std::string> command;  // as typed
    Scenario scenario;
    Context context;
    Verdict verdict;
    Delivery delivery;
    std::vector<Phase> phases;       // in the order of time; a phase that an interrupted run never reached has length 0
    std::vector<Fault> faults = {};  // in the order of the scenario
    Fleet fleet;
    Costs resources;
    Wire wire;
    // "connect.cause": dials that failed; "connection.cause": open connections that were lost; "deliver.cause":
    // attempts of batches that failed.
    std::map<std::string, Count> errors;
    std::map<std::string, std::string> server_said = {};  // cause -> the server's own words
    double interval_s = 1;
    std::vector<Interval> intervals;  // at most most_intervals; for longer runs interval_s is doubled
    std::vector<JudgedThreshold> thresholds;
    // account::encode() of what the generator knows of each equipment, for a run against a target without a ledger;
    // otherwise empty, and in older reports.
    std::string equipment_account = {};
    std::optional<Reconciliation> reconciliation = {};
};

// "mqtt QoS 0": the protocol, and the variant if the run has one.
inline std::string protocol_and_variant(const RunReport& run) {
    return run.variant.empty() ? run.protocol : run.protocol + " " + run.variant;
}

// One run of a comparison: its `repeat`, and its place in the order of that repeat; both from 1.
struct Turn {
    unsigned repeat = 1, order = 1;
    RunReport run;
    std::string name = {};  // the name of its target in a comparison of several targets; otherwise empty
    // The measurement was invalid, and the repeat was run again; this run is kept only for the record.
    bool superseded = false;
};

struct Comparison {
    Scenario scenario;
    std::vector<std::string> command;
    std::vector<Turn> runs;
    unsigned repeats = 0;  // how many repeats were asked for; 0: not known, take as many as there are
};

using Report = std::variant<RunReport, Comparison>;

// "pass", "FAIL" or "skip".
const char* word_of(const JudgedThreshold& threshold);

const char* name_of(Measurement measurement);
const char* name_of(State state);

// All failures by "kind.cause", each once: `errors`, completed by the failed dials, which reports up to version 0.2 may
// lack there.
std::map<std::string, Count> failures_of(const RunReport& run);

// Returns the number of attempts that failed: the sum of failures_of().
Count errors_of(const RunReport& run);

// "http_404" for the error "deliver.http_404"; the key of server_said.
std::string cause_of(const std::string& error);

// "the run was interrupted", "ended early by the threshold response: p(95)<50ms"; empty for a complete run.
std::string why_incomplete(const Verdict& verdict);

}  // namespace portillon::report
