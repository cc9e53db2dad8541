#pragma once

// What a slice of the fleet brings home: plain values, merged exactly. Only validations that are due in a measured
// stage go into the histograms (but for those of the parts) and the figures called measured; all others count all.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "account/figures.h"
#include "arrival/stages.h"
#include "base/units.h"
#include "fleet/exceptions.h"
#include "stats/histogram.h"

namespace portillon::fleet {

inline constexpr std::size_t most_intervals = 1'000;

// A part of the run, by the instant of the event.
struct Interval {
    std::uint64_t due = 0;  // by due time
    std::uint64_t acknowledged = 0;
    std::uint64_t connected = 0;  // equipments, at the interval's end, as the next two
    std::uint64_t in_flight = 0;  // validations sent or offered and not settled
    std::uint64_t cached = 0;     // validations due and never sent; not those whose batch still lingers
    std::string response;         // stats::pack() of measured validations; empty when none was acknowledged
    bool operator==(const Interval&) const = default;
};

// From T0 on without a hole; intervals[i] is [i x width, (i + 1) x width). The width is a second, doubled until there
// are at most most_intervals.
struct Series {
    Nanos width = 1s;
    std::vector<Interval> intervals;
    Nanos end{};  // of the last interval, which may be shorter than the others; 0: not known

    void double_width();
    bool operator==(const Series&) const = default;
};

struct Generated {
    EquipmentId equipment{};
    std::uint64_t count = 0;
    // Closed arrivals with several segments only: of each segment. All others can be recomputed from the schedule.
    std::vector<std::uint64_t> by_segment = {};
    bool operator==(const Generated&) const = default;
};

// What validations took.
struct Timings {
    stats::Histogram response;  // due -> acknowledged
    stats::Histogram service;   // sent (the attempt that was answered) -> acknowledged
    stats::Histogram lateness;  // due -> first sent

    void merge(const Timings& other);
    bool operator==(const Timings&) const = default;
};

// All of them, for whoever sends or adds them up.
inline constexpr std::array timings{&Timings::response, &Timings::service, &Timings::lateness};

// What became of the validations that were due in one segment (segments.h), measured or not. Of the counts it has those
// of the states, and retries: batches, by the first of their validations.
struct Part : Timings {
    arrival::Measure measure = arrival::Measure::on;
    account::Counts counts;
    bool operator==(const Part&) const = default;
};

// Of the counts a result has the tally and those of the fleet that a process can know: connected_max is its own.
struct Result : Timings {  // those of the measured parts
    account::Counts counts;
    std::vector<Part> parts;  // of each segment
    // What the measured parts add up to, as the timings are.
    std::uint64_t measured_generated = 0;
    std::uint64_t measured_acknowledged = 0;
    // What response ranks above every answer.
    std::uint64_t unanswered() const { return measured_generated - measured_acknowledged; }

    stats::Histogram connect;        // dial -> session usable; every success, whenever
    stats::Histogram generator_lag;  // when the equipment had to act -> when the loop turned to it (engine.h)

    // Measured validations first sent a second or more (beyond linger) after they were due, although nothing held them
    // back in between: window not full, connected, no earlier batch waiting under strict order.
    std::uint64_t sent_late = 0;

    std::vector<Generated> generated;   // every equipment, in order
    std::vector<Exception> exceptions;  // everything not acknowledged, in order

    Nanos connecting{};                                     // from the first dial to the last first session
    std::map<std::string, std::uint64_t> connect_failures;  // by cause; attempts
    // By "connect.<cause>": dials that failed; "connection.<cause>": open connections that were lost, each once,
    // whether or not something was in flight; "deliver.<cause>": attempts of batches that failed.
    std::map<std::string, std::uint64_t> errors;
    std::map<std::string, std::string> server_said;  // by cause: the server's own words, raw; merged: the lesser

    Series series;

    bool operator==(const Result&) const = default;
};

// Sets what follows from the parts, the tally apart.
void add_up(Result& result);

// As if one shard had held both slices, which must not overlap. A slice that ended earlier keeps its last gauges.
void merge(Result& into, const Result& other);

}  // namespace portillon::fleet
