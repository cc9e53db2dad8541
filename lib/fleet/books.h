#pragma once

// The records that a shard keeps while it runs: tally, histograms, causes of failures, and the series of intervals. The
// books know nothing of equipments.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrival/stages.h"
#include "base/error.h"
#include "base/units.h"
#include "fleet/result.h"
#include "plan/segments.h"
#include "stats/histogram.h"

namespace portillon::fleet {

// Counts how often each cause occurred. There are few causes, so a list is searched.
class Causes {
public:
    void count(const error_code& cause);
    std::uint64_t total() const { return total_; }
    void add_to(std::map<std::string, std::uint64_t>& counts, const std::string& prefix) const;

private:
    std::vector<std::pair<error_code, std::uint64_t>> counts_;
    std::uint64_t total_ = 0;
};

// The servers' own words for each cause: the first driver::most_words_bytes of what was said first.
class Words {
public:
    void said(const error_code& cause, std::string_view words);
    const std::map<std::string, std::string>& by_cause() const { return by_cause_; }

private:
    std::vector<error_code> known_;  // searched first at each failure, so that a known cause makes no string
    std::map<std::string, std::string> by_cause_;
};

// The state at an instant. No gauge is stored: Shard::gauges() computes them from the books.
struct Gauges {
    std::uint64_t connected = 0;  // equipments
    std::uint64_t in_flight = 0;  // validations, as in Interval
    std::uint64_t cached = 0;     // validations
    bool operator==(const Gauges&) const = default;
};

// Records a Series while the run lasts. Code that changes what the gauges show calls Shard::roll() first, so that a
// gauge at an interval's end is the state before anything that happens at that very instant.
class SeriesRecorder {
public:
    void start(Instant t0);
    // Closes the intervals that have ended by `now`, with the gauges as they stand.
    void roll(Instant now, const Gauges& gauges) {
        if (has_ended(now)) [[unlikely]] {
            close_until(now, gauges);
        }
    }
    void finish(Instant now, const Gauges& gauges);  // closes the last interval, whole or not
    bool has_ended(Instant now) const { return now >= open_until_; }
    Instant next() const { return open_until_; }

    void due(Nanos at) {
        const std::size_t place = at >= open_from_ ? series_.intervals.size() - 1 : place_of(at);
        ++series_.intervals[place].due;
    }
    void acknowledged(std::uint64_t count) {
        if (!series_.intervals.empty()) {
            series_.intervals.back().acknowledged += count;
        }
    }
    void failed() {
        if (!series_.intervals.empty()) {
            ++series_.intervals.back().errors;
        }
    }
    void response(Nanos value, arrival::Measure measure) {
        (measure == arrival::Measure::on ? response_ : unmeasured_).record(value);
    }

    Series series() const;
    // The responses of the last closed interval, packed, warm-up included; empty if there were none.
    const std::string& last_response() const { return last_response_; }

private:
    void close_until(Instant now, const Gauges& gauges);
    void close_one(const Gauges& gauges);
    void open_next();
    void double_width();
    void pack_together();
    std::size_t place_of(Nanos at) const;

    Instant t0_{};
    Nanos open_from_{};           // begin of the last interval, since T0
    Instant open_until_ = never;  // end of the last interval; never: not started, or finished
    Series series_;               // its intervals' `response` stays empty until series(): see packs_
    // The packed histograms of each interval. Doubling the width only puts those of two intervals into one list; they
    // are merged later, a few whenever an interval closes, so that doubling does not stop the loop.
    std::vector<std::vector<std::string>> packs_;
    std::size_t together_ = 0;                // the interval at which pack_together() continues
    stats::Histogram response_, unmeasured_;  // of the open interval; unmeasured_: of warm-up
    std::string last_response_;
};

struct Books {
    explicit Books(plan::Segments what) : segments(std::move(what)), parts(segments.size()) {
        for (std::uint32_t i = 0; i < parts.size(); ++i) {
            parts[i].measure = segments.list()[i].measure;
        }
    }

    plan::Segments segments;
    account::Counts counts;   // `cached` is 0, and `unacknowledged` holds only QoS 0 until Engine::result()
    std::vector<Part> parts;  // one for each segment; `cached` and `unacknowledged` are 0 until Engine::result()
    std::uint64_t sent_late = 0;
    stats::Histogram connect, generator_lag;
    std::vector<Exception> exceptions;
    Nanos connecting{};
    Causes connect_failures;   // one for each failed dial
    Causes lost_connections;   // one for each open connection that broke, whether or not anything was in flight
    Causes delivery_failures;  // one for each failed attempt of a batch, and for each stray answer
    Words words;
    SeriesRecorder series;

    // Validations whose fate is still open: neither answered for good, nor discarded, nor sent by a protocol without
    // answers. The drain ends when there are none.
    std::uint64_t unsettled() const {
        return counts.generated - counts.acknowledged - counts.rejected - counts.discarded - counts.unacknowledged;
    }

    // The part of the run in which `due` lies, since T0.
    Part& part(Nanos due) {
        near_ = segments.at(due, near_);
        return parts[near_];
    }

    // Counts a failure of this kind by its cause, and in the series.
    void failed(Causes Books::*kind, const error_code& cause) {
        (this->*kind).count(cause);
        series.failed();
    }

    // Counts a validation that is due at `due`. Returns whether it is measured.
    arrival::Measure generated(Nanos due) {
        ++counts.generated;
        series.due(due);
        Part& here = part(due);
        ++here.counts.generated;
        return here.measure;
    }

private:
    std::uint32_t near_ = 0;  // the segment found last, where the next search begins
};

}  // namespace portillon::fleet
