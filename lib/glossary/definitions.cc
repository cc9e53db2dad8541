#include "glossary/definitions.h"

namespace portillon::glossary {

namespace {

constexpr Definition written[] = {
    // --- the fleet and its traffic ---
    {Group::fleet, "equipment", "equipments",
     "One emulated device, such as a ticket validator: it has an identity, a schedule, a cache, and a connection of "
     "its "
     "own."},
    {Group::fleet, "fleet", "", "All equipments of a run."},
    {Group::fleet, "validation", "validations, event, message",
     "One event that an equipment produces and that the server is to receive, such as a validated ticket. Run, "
     "equipment and sequence number identify it; the sequence numbers of an equipment start at 1 and have no holes."},
    {Group::fleet, "batch", "batches",
     "One or more consecutive validations of an equipment that travel in one request or message (delivery.batch). A "
     "batch is answered as a whole."},
    {Group::fleet, "session", "connection", "One equipment's connection over one protocol."},
    {Group::fleet, "due", "due time",
     "The instant at which a validation's schedule says that it happens. What the server does never changes it: a "
     "server that freezes makes validations late, never fewer."},
    {Group::fleet, "arrival", "arrivals, periodic, poisson, burst, trace, closed",
     "The pattern of due times (traffic.arrival). periodic: even gaps. poisson: independent random gaps. burst: "
     "several "
     "together. trace: recorded times from a file. closed: the next one as soon as there is room, for comparison with "
     "closed-loop tools."},
    {Group::fleet, "stage", "stages",
     "A part of the traffic with its own duration and rate (traffic.stages). A stage with measure: false is a "
     "warm-up."},
    {Group::fleet, "warm-up", "warmup",
     "A stage that is not measured: its validations count in the delivery account, but their times are left out of "
     "latencies and rates."},
    {Group::fleet, "start", "T0",
     "The instant from which the run counts time. With fleet.start.rate all equipments connect before it; with "
     "fleet.start.step it is the first step."},
    {Group::fleet, "drain", "",
     "The time after the last stage, at most delivery.drain, in which equipments send what is left and wait for "
     "answers. It is not part of any rate."},
    {Group::fleet, "cache", "",
     "The validations that an equipment keeps while they cannot be sent or are not acknowledged (delivery.cache). From "
     "a "
     "full cache validations are discarded."},
    {Group::fleet, "payload", "", "What one validation carries; payload.bytes is its size in the protobuf form."},
    {Group::fleet, "seed", "",
     "The number from which everything random follows: the same seed makes the same schedules, identities, payloads "
     "and "
     "faults."},
    {Group::fleet, "workload digest", "workload_digest, workload",
     "A fingerprint of everything that decides what is sent when. Reports with the same one are of the same workload "
     "and "
     "can be compared."},

    // --- what became of each validation ---
    {Group::delivery, "delivery account", "books, account",
     "What became of each validation: the generator's tally and the server's record, compared validation by validation "
     "after the run."},
    {Group::delivery, "tally", "",
     "What the generator knows of each validation. At the end of a run each one is in exactly one of five states: "
     "acknowledged, rejected, discarded, unacknowledged or cached."},
    {Group::delivery, "server's record", "ledger, servers record",
     "What the server says has arrived, for each run. Without it (a target whose --ledger is not named) lost, "
     "undelivered "
     "and the like are not known."},
    {Group::delivery, "generated", "", "The number of validations that were due according to the schedule."},
    {Group::delivery, "acknowledged", "",
     "The number of validations for which the protocol's own answer was read: PUBACK or PUBCOMP, an HTTP status 2xx, "
     "the "
     "gRPC status OK."},
    {Group::delivery, "rejected", "", "The number of validations that the server has refused for good."},
    {Group::delivery, "discarded", "",
     "The number of validations that were dropped from the full cache of their equipment (delivery.cache)."},
    {Group::delivery, "unacknowledged", "",
     "The number of validations that were sent and whose fate is unknown at the end of the run. At MQTT QoS 0 every "
     "sent "
     "validation is one of them."},
    {Group::delivery, "cached", "", "The number of validations that were due and still unsent at the end of the run."},
    {Group::delivery, "delivered", "",
     "The number of validations whose first copy reached the server, according to the server's record."},
    {Group::delivery, "lost", "loss",
     "The number of validations that were acknowledged and never arrived: a broken promise, which must be 0."},
    {Group::delivery, "undelivered", "",
     "The number of validations that were generated and never arrived, acknowledged or not."},
    {Group::delivery, "unconfirmed", "",
     "The number of validations that arrived and were never acknowledged: harmless, but the source of duplicates."},
    {Group::delivery, "duplicated", "duplicates",
     "The number of further copies of validations that reached the server."},
    {Group::delivery, "reordered", "",
     "The number of validations whose first copy arrived after a later one of the same equipment (RFC 4737)."},
    {Group::delivery, "unexpected", "",
     "The number of arrivals that nobody sent like this: an unknown equipment, an impossible sequence number, or bytes "
     "that differ from those that the seed makes."},
    {Group::delivery, "errors", "",
     "Attempts that ended otherwise than acknowledged, by their cause: a failed dial, a lost connection, a batch with "
     "a "
     "time-out or an answer that says no. An attempt that fails is tried again, so that errors need not mean losses."},
    {Group::delivery, "retries", "retry", "The number of batches that were sent again."},
    {Group::delivery, "retry budget", "budget",
     "Retries, as a share of first attempts, that an equipment may make (delivery.retry.budget). Retries beyond it "
     "wait; retries_put_off "
     "counts them."},
    {Group::delivery, "circuit breaker", "breaker",
     "An equipment's rule to stop trying for a while after several failures in a row (delivery.breaker). "
     "breaker_openings counts how often one opened."},

    // --- latencies ---
    {Group::latency, "response", "response time",
     "The time from the instant at which a validation was due to its acknowledgement: what the equipment's owner "
     "waits. "
     "It includes every queue and every stall, and is free of coordinated omission by construction."},
    {Group::latency, "service", "service time",
     "The time from the write of the attempt that was answered to its acknowledgement: what network and server take."},
    {Group::latency, "send delay", "lateness",
     "The time from the instant at which a validation was due to its first write: queueing in the equipment, while it "
     "is "
     "offline, waits for a batch, or has its window full."},
    {Group::latency, "end to end", "end_to_end",
     "The time from the instant at which a validation was due until the server has it for good. It needs the server's "
     "record."},
    {Group::latency, "connect", "connect time",
     "The time from dialling to a usable session: TCP and the protocol's handshake."},
    {Group::latency, "scheduling delay", "generator_lag, generator lag, scheduling delay of the generator",
     "The time from the instant at which a validation was due until the generator turned to it: the tool's own "
     "lateness, "
     "recorded for every validation. When it is large the measurement is suspect or invalid."},
    {Group::latency, "percentile", "percentiles, p50, p95, p99, p(95), median, med",
     "P95 is the time that 95 of 100 validations do not exceed. Percentiles are read from HDR histograms with 3 "
     "digits, "
     "which are merged before they are asked."},
    {Group::latency, "unanswered", "never",
     "A validation that was never acknowledged. It ranks above every other one: a percentile that falls among the "
     "unanswered, and the maximum, is shown as never, and no threshold on it passes."},
    {Group::latency, "coordinated omission", "omission",
     "The mistake of sending less while the server is slow, so that its slowest moments are hardly measured. Schedules "
     "that do not depend on the server avoid it."},

    // --- what it costs ---
    {Group::cost, "encoding", "",
     "How a validation is written on the wire: protobuf or JSON. native is what the protocol's users would send: JSON "
     "over HTTP/2, protobuf over MQTT and gRPC."},

    // --- whether to trust it, whether it is good ---
    {Group::measurement, "measurement", "verdict",
     "The tool's judgement of its own work: valid, suspect or invalid, with reasons. It says whether the figures can "
     "be "
     "trusted, not whether they are good."},
    {Group::measurement, "valid", "", "A measurement about which nothing is in doubt."},
    {Group::measurement, "suspect", "",
     "A measurement whose figures may be distorted a little: the generator was late, the processor was busy, the clock "
     "was set. It passes with a warning, unless --strict."},
    {Group::measurement, "invalid", "",
     "A measurement whose figures must not be trusted: the tool was the bottleneck, or lost a process, or its account "
     "does not balance. The exit code is 3."},
    {Group::measurement, "complete", "incomplete",
     "A run that reached its planned end. A run that was interrupted leaves a report of what was measured so far."},
    {Group::measurement, "threshold", "thresholds, promise",
     "A condition that a figure must meet, in k6's syntax: response: p(95)<50ms. A figure that is not known never "
     "passes."},
    {Group::measurement, "gate", "",
     "The judgement whether a report's figures meet their thresholds; the exit code is 99 when one does not."},
    {Group::measurement, "comparison", "league table, league",
     "A table of several runs of one workload: protocols, variants, or servers in turn."},
    {Group::measurement, "variant", "variants",
     "What distinguishes two runs of one protocol, such as QoS 0 and QoS 1."},
    {Group::measurement, "repeat", "repeats",
     "One of several runs of the same thing (--repeat). Times and costs are the medians of the valid repeats; of "
     "counts "
     "such as lost the worst repeat is judged."},
    {Group::measurement, "superseded", "",
     "A repeat whose measurement was invalid and that was run again. It stays in the report and counts nowhere."},
    {Group::measurement, "better", "worse",
     "The whole confidence interval of the ratio of two sides lies beyond the minimum effect."},
    {Group::measurement, "same", "", "The difference of two sides lies within the minimum effect, for sure."},
    {Group::measurement, "inconclusive", "",
     "The repeats do not tell whether two sides differ; diff says how many repeats would."},
    {Group::measurement, "incomparable", "",
     "Two reports whose workload, machine or build type differ, so that a difference of their figures says nothing."},
    {Group::measurement, "minimum effect", "min-effect",
     "The smallest difference that matters to you (--min-effect); smaller ones count as none, however certain they "
     "are."},

    // --- processes ---
    {Group::processes, "process", "shard, shards, processes",
     "A part of the generator or of the server: one process with one thread and a slice of the equipments or of the "
     "connections."},
    {Group::processes, "generator", "", "The side that emulates the equipments."},
    {Group::processes, "server", "embedded server, reference server",
     "The side that receives. portillon brings its own, which run and compare start unless --target names another."},
    {Group::processes, "target", "", "The server that is loaded: --target SCHEME://HOST:PORT, or the embedded one."},
    {Group::processes, "driver", "", "The client end of one protocol."},
    {Group::processes, "protocol", "protocols",
     "How equipments and server talk: mqtt, http2, grpc (calls) or grpc-stream (one stream for each equipment)."},
    {Group::processes, "QoS", "qos 0, qos 1, qos 2",
     "MQTT's quality of service. 0: no acknowledgement, so that there is no response time. 1: acknowledged, may arrive "
     "twice. 2: acknowledged in two steps, arrives once."},
    {Group::processes, "admin endpoint", "admin",
     "The HTTP address at which a server says what arrived and takes orders for faults (--ledger, serve --admin)."},

    // --- faults ---
    {Group::faults, "fault", "faults",
     "Something that goes wrong on purpose, at an instant of the run (faults): of the server, or of the network "
     "between "
     "equipments and server."},
    {Group::faults, "affected", "struck",
     "The messages, connections or processes that a fault has hit; the report counts them for each fault."},
};

}  // namespace

std::span<const Definition> definitions() {
    return written;
}

}  // namespace portillon::glossary
