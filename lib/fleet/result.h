#pragma once

// The result of a slice of the fleet: plain values that merge exactly. The histograms (except those of the parts) and
// the figures called measured contain only validations that are due in a measured stage; every other figure counts all.

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

// The figures of an interval of time. Each event belongs to the interval in which it happened.
struct Interval {
    std::uint64_t due = 0;  // validations whose due time lies in the interval
    std::uint64_t acknowledged = 0;
    std::uint64_t connected = 0;  // equipments; this and the next two are the state at the interval's end
    std::uint64_t in_flight = 0;  // validations sent or offered and not settled
    std::uint64_t cached = 0;     // validations due and never sent; not those whose batch still lingers
    std::string response;         // stats::pack() of measured validations; empty if none was acknowledged
    std::uint64_t errors = 0;     // as Result::errors, all together; dials before T0 are in no interval
    bool operator==(const Interval&) const = default;
};

// All intervals from T0 on, without a gap; intervals[i] is [i x width, (i + 1) x width). The width is a second, doubled
// until there are at most most_intervals of them.
struct Series {
    Nanos width = 1s;
    std::vector<Interval> intervals;
    Nanos end{};  // end of the last interval, which may be shorter than the others; 0: not known

    void double_width();
    bool operator==(const Series&) const = default;
};

// How many validations an equipment generated.
struct Generated {
    EquipmentId equipment{};
    std::uint64_t count = 0;
    // The count of each segment. Set only in a closed loop with several segments; otherwise the schedule says it.
    std::vector<std::uint64_t> by_segment = {};
    bool operator==(const Generated&) const = default;
};

// How long validations took.
struct Timings {
    stats::Histogram response;  // due -> acknowledged
    stats::Histogram service;   // sent (the attempt that was answered) -> acknowledged
    stats::Histogram lateness;  // due -> first sent

    void merge(const Timings& other);
    bool operator==(const Timings&) const = default;
};

// All members of Timings, for code that sends, adds up or merges them.
inline constexpr std::array timings{&Timings::response, &Timings::service, &Timings::lateness};

// The result of one segment (segments.h), measured or not: what became of the validations that were due in it. Of the
// counts only the states and `retries` are set; a retried batch counts in the segment of its first validation.
struct Part : Timings {
    arrival::Measure measure = arrival::Measure::on;
    account::Counts counts;
    bool operator==(const Part&) const = default;
};

// The result of a process. Of the counts the tally is set, and those of the fleet that one process can know;
// connected_max is the process's own. The timings are the sum of the measured parts.
struct Result : Timings {
    account::Counts counts;
    std::vector<Part> parts;  // one for each segment
    // Sums over the measured parts, like the timings.
    std::uint64_t measured_generated = 0;
    std::uint64_t measured_acknowledged = 0;
    // The validations that response ranks above every answered one.
    std::uint64_t unanswered() const { return measured_generated - measured_acknowledged; }

    stats::Histogram connect;        // dial -> session usable; every success, measured stage or not
    stats::Histogram generator_lag;  // when the equipment had to act -> when the loop turned to it (engine.h)

    // Measured validations first sent a second or more (beyond linger) after they were due, although nothing but the
    // generator held them back: the window was not full, the equipment connected and neither throttled, paced nor
    // stopped by its breaker, and no earlier batch was waiting under strict order.
    std::uint64_t sent_late = 0;

    std::vector<Generated> generated;   // one for every equipment, in order
    std::vector<Exception> exceptions;  // every validation that was not acknowledged, in order

    Nanos connecting{};                                     // from the first dial to the last first session
    std::map<std::string, std::uint64_t> connect_failures;  // failed dials, by cause
    // Failures by kind and cause. "connect.<cause>": dials that failed; "connection.<cause>": open connections that
    // were lost, each once, whether or not anything was in flight; "deliver.<cause>": attempts of batches that failed.
    std::map<std::string, std::uint64_t> errors;
    // The server's own words for each cause, unescaped. merge() keeps the words that sort first.
    std::map<std::string, std::string> server_said;

    Series series;

    bool operator==(const Result&) const = default;
};

// Sets the members that are sums over the measured parts. The tally is left alone.
void add_up(Result& result);

// Makes `into` the result of one shard that held both slices. They must not overlap. If one ended earlier, its last
// gauges stand for the time after.
void merge(Result& into, const Result& other);

}  // namespace portillon::fleet
