#include "fleet/result.h"

#include <algorithm>

#include "base/check.h"
#include "stats/histogram_codec.h"

namespace portillon::fleet {

namespace {

std::string merged_packs(const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) {
        return a.empty() ? b : a;
    }
    auto histogram = stats::unpack(a);
    const auto other = stats::unpack(b);
    check(static_cast<bool>(histogram) && static_cast<bool>(other), "a histogram that was packed here");
    histogram->merge(*other);
    return stats::pack(*histogram);
}

void add(std::map<std::string, std::uint64_t>& into, const std::map<std::string, std::uint64_t>& other) {
    for (const auto& [name, count] : other) {
        into[name] += count;
    }
}

void add(std::vector<Part>& into, const std::vector<Part>& other) {
    if (into.empty()) {
        into = other;  // the first slice; all slices of a run have the same segments
        return;
    }
    check(into.size() == other.size() || other.empty(), "slices of one run");
    for (std::size_t i = 0; i < other.size(); ++i) {
        account::add(into[i].counts, other[i].counts);
        into[i].merge(other[i]);
    }
}

void extend(std::vector<Interval>& intervals, std::size_t size) {
    while (intervals.size() < size) {
        Interval last;
        if (!intervals.empty()) {
            last.connected = intervals.back().connected;
            last.in_flight = intervals.back().in_flight;
            last.cached = intervals.back().cached;
        }
        intervals.push_back(std::move(last));
    }
}

void add(Series& into, Series other) {
    while (into.width < other.width) {
        into.double_width();
    }
    while (other.width < into.width) {
        other.double_width();
    }
    into.end = std::max(into.end, other.end);
    extend(into.intervals, other.intervals.size());
    extend(other.intervals, into.intervals.size());
    for (std::size_t i = 0; i < into.intervals.size(); ++i) {
        auto& interval = into.intervals[i];
        const auto& more = other.intervals[i];
        interval.due += more.due;
        interval.acknowledged += more.acknowledged;
        interval.connected += more.connected;
        interval.in_flight += more.in_flight;
        interval.cached += more.cached;
        interval.errors += more.errors;
        interval.response = merged_packs(interval.response, more.response);
    }
}

// Merges two lists that are in order; the result is in order.
template <class Value, class Before>
void add_in_order(std::vector<Value>& into, const std::vector<Value>& other, Before before) {
    const auto middle = static_cast<std::ptrdiff_t>(into.size());
    into.insert(into.end(), other.begin(), other.end());
    std::inplace_merge(into.begin(), into.begin() + middle, into.end(), before);
}

}  // namespace

void Timings::merge(const Timings& other) {
    for (const auto histogram : timings) {
        (this->*histogram).merge(other.*histogram);
    }
}

void put_in_order(std::vector<Exception>& exceptions) {
    std::sort(exceptions.begin(), exceptions.end());
    std::size_t kept = 0;
    for (const Exception& next : exceptions) {
        if (kept > 0) {
            Exception& last = exceptions[kept - 1];
            check(last.equipment != next.equipment || last.last < next.first, "a validation is in one state");
            if (last.equipment == next.equipment && last.state == next.state && last.last + 1 == next.first) {
                last.last = next.last;
                continue;
            }
        }
        exceptions[kept++] = next;
    }
    exceptions.resize(kept);
}

void Series::double_width() {
    width *= 2;
    std::vector<Interval> halved;
    for (std::size_t i = 0; i < intervals.size(); i += 2) {
        Interval pair = std::move(intervals[i]);
        if (i + 1 < intervals.size()) {
            auto& second = intervals[i + 1];
            pair.due += second.due;
            pair.acknowledged += second.acknowledged;
            pair.connected = second.connected;
            pair.in_flight = second.in_flight;
            pair.cached = second.cached;
            pair.errors += second.errors;
            pair.response = merged_packs(pair.response, second.response);
        }
        halved.push_back(std::move(pair));
    }
    intervals = std::move(halved);
}

void add_up(Result& result) {
    result.measured_generated = result.measured_acknowledged = 0;
    static_cast<Timings&>(result) = {};
    for (const Part& part : result.parts) {
        if (part.measure == arrival::Measure::on) {
            result.measured_generated += part.counts.generated;
            result.measured_acknowledged += part.counts.acknowledged;
            result.merge(part);
        }
    }
}

void merge(Result& into, const Result& other) {
    account::add(into.counts, other.counts);
    add(into.parts, other.parts);
    into.measured_generated += other.measured_generated;
    into.measured_acknowledged += other.measured_acknowledged;
    static_cast<Timings&>(into).merge(other);
    into.connect.merge(other.connect);
    into.generator_lag.merge(other.generator_lag);
    into.sent_late += other.sent_late;
    add_in_order(into.generated, other.generated,
                 [](const Generated& a, const Generated& b) { return a.equipment < b.equipment; });
    add_in_order(into.exceptions, other.exceptions, std::less<>{});
    into.connecting = std::max(into.connecting, other.connecting);
    add(into.connect_failures, other.connect_failures);
    add(into.errors, other.errors);
    for (const auto& [cause, words] : other.server_said) {
        const auto [said, is_new] = into.server_said.try_emplace(cause, words);
        if (!is_new && words < said->second) {
            said->second = words;
        }
    }
    add(into.series, other.series);
}

}  // namespace portillon::fleet
