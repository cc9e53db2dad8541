#include "report/intervals.h"

#include <algorithm>

#include "stats/histogram_codec.h"

namespace portillon::report {

std::optional<stats::Histogram> response_of(const RunReport& run, const Interval& interval) {
    if (interval.response_histogram.empty()) {
        return std::nullopt;
    }
    auto decoded = stats::decode_deflated(interval.response_histogram);
    if (!decoded) {  // parse_report() refuses such a report
        return std::nullopt;
    }
    auto& histogram = *decoded;
    if (histogram.empty() || (interval.response_min && interval.response_max &&
                              histogram.restore(0, *interval.response_min, *interval.response_max))) {
        return std::move(histogram);
    }
    // An older report has only the buckets of an interval. Its extremes are bounded by those of the whole run.
    if (const auto& whole = run.latency.response; whole && !whole->histogram.empty()) {
        histogram.restore(0, std::max(*histogram.min(), *whole->histogram.min()),
                          std::min(*histogram.max(), *whole->histogram.max()));
    }
    return std::move(histogram);
}

double width_of(const RunReport& run, const Interval& interval) {
    return interval.width_s.value_or(run.interval_s);
}

double length_of(const RunReport& run) {
    return run.intervals.empty() ? 0 : run.intervals.back().at_s + width_of(run, run.intervals.back());
}

std::optional<double> end_of_stages(const RunReport& run) {
    std::optional<double> end;
    for (const auto& phase : run.phases) {
        if (phase.kind == "stage" && phase.to_s > phase.from_s) {
            end = std::max(end.value_or(phase.to_s), phase.to_s);
        }
    }
    return end;
}

double due_width_of(const RunReport& run, const Interval& interval) {
    const double width_s = width_of(run, interval);
    const auto end = end_of_stages(run);
    return end ? std::clamp(*end - interval.at_s, 0.0, width_s) : width_s;
}

}  // namespace portillon::report
