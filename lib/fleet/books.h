#pragma once

// The shard's account of itself: tally, histograms, causes, and the series of intervals. Knows no equipment.

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

// How often each cause occurred; few causes, so a list.
class Causes {
public:
    void count(const error_code& cause);
    std::uint64_t total() const { return total_; }
    void add_to(std::map<std::string, std::uint64_t>& counts, const std::string& prefix) const;

private:
    std::vector<std::pair<error_code, std::uint64_t>> counts_;
    std::uint64_t total_ = 0;
};

// What servers said of causes in their own words: the first driver::most_words_bytes of the first words for each cause.
class Words {
public:
    void said(const error_code& cause, std::string_view words);
    const std::map<std::string, std::string>& by_cause() const { return by_cause_; }

private:
    std::vector<error_code> known_;  // looked through for each failure, so that words that are known cost no string
    std::map<std::string, std::string> by_cause_;
};

// How things stand at an instant. Nobody keeps a gauge: Shard::gauges() works it out from the accounts.
struct Gauges {
    std::uint64_t connected = 0;  // equipments
    std::uint64_t in_flight = 0;  // validations, as in Interval
    std::uint64_t cached = 0;     // validations
    bool operator==(const Gauges&) const = default;
};

// Records a Series while it happens. Whatever changes what the gauges show calls Shard::roll() first, so that a gauge
// at an interval's end is the state before everything that happens at that very instant.
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
    void response(Nanos value) { response_.record(value); }

    Series series() const;
    const std::string& last_response() const { return last_response_; }

private:
    void close_until(Instant now, const Gauges& gauges);
    void close_one(const Gauges& gauges);
    void open_next();
    void double_width();
    void pack_together();
    std::size_t place_of(Nanos at) const;

    Instant t0_{};
    Nanos open_from_{};           // since T0, of the last of intervals
    Instant open_until_ = never;  // never: not started, or finished
    Series series_;               // responses lie apart, in packs_, until the end
    // Doubling the width only gathers the packs of two intervals; they are merged a few at a time as intervals close,
    // so that it makes no pause.
    std::vector<std::vector<std::string>> packs_;
    std::size_t together_ = 0;  // where pack_together goes on
    stats::Histogram response_;
    std::string last_response_;
};

struct Books {
    explicit Books(plan::Segments what) : segments(std::move(what)), parts(segments.size()) {
        for (std::uint32_t i = 0; i < parts.size(); ++i) {
            parts[i].measure = segments.list()[i].measure;
        }
    }

    plan::Segments segments;
    account::Counts counts;   // cached and unacknowledged: only what is known before the end
    std::vector<Part> parts;  // of each segment; cached: only at the end
    std::uint64_t sent_late = 0;
    stats::Histogram connect, generator_lag;
    std::vector<Exception> exceptions;
    Nanos connecting{};
    Causes connect_failures;   // dials
    Causes lost_connections;   // connections that were open, whether or not something was in flight
    Causes delivery_failures;  // attempts
    Words words;
    SeriesRecorder series;

    // Validations whose fate is still open: neither answered for good, nor discarded, nor sent without a hope of an
    // answer. The drain ends when there are none.
    std::uint64_t unsettled() const {
        return counts.generated - counts.acknowledged - counts.rejected - counts.discarded - counts.unacknowledged;
    }

    // The part of a due time.
    Part& part(Nanos due) {
        near_ = segments.at(due, near_);
        return parts[near_];
    }

    // Returns whether it is measured.
    arrival::Measure generated(Nanos due) {
        ++counts.generated;
        series.due(due);
        Part& here = part(due);
        ++here.counts.generated;
        return here.measure;
    }

private:
    std::uint32_t near_ = 0;  // the segment that was asked for last
};

}  // namespace portillon::fleet
