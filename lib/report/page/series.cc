#include "report/page/series.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "report/intervals.h"

namespace portillon::report::page {

namespace {

// The figures of one run in one column.
struct Cell {
    Count due = 0, acknowledged = 0, delivered = 0;
    bool has_delivered = true;
    Count errors = 0;
    bool has_errors = true;
    double width_s = 0, due_width_s = 0;             // sums over its intervals
    Count connected = 0, in_flight = 0, cached = 0;  // gauges of the latest interval in it
    double latest_s = 0;
};

struct Column {
    std::map<std::size_t, Cell> cells;  // by the run's place in the row
    std::vector<std::pair<const RunReport*, const Interval*>> answered;
};

using Columns = std::map<std::int64_t, Column>;

// The mean of the repeats' rates in a column.
class Mean {
public:
    void add(Count count, double over_s, double least_s) {
        if (over_s > 0 && over_s >= least_s) {
            sum_ += static_cast<double>(count) / over_s;
            ++runs_;
        }
    }
    std::optional<double> rate() const { return runs_ > 0 ? std::optional(sum_ / runs_) : std::nullopt; }

private:
    double sum_ = 0;
    int runs_ = 0;
};

std::int64_t column_of(double at_s, double width_s) {
    constexpr double most = 1e15;  // hundreds of millions of years in seconds: only a forged report has more
    return static_cast<std::int64_t>(std::clamp(std::floor(at_s / width_s + 1e-9), -most, most));
}

Columns columns_of(const std::vector<RowRun>& runs, double width_s) {
    Columns columns;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        for (const auto& interval : runs[i].run->intervals) {
            auto& column = columns[column_of(interval.at_s, width_s)];
            auto& cell = column.cells[i];
            cell.width_s += width_of(*runs[i].run, interval);
            cell.due_width_s += due_width_of(*runs[i].run, interval);
            cell.due += interval.due;
            cell.acknowledged += interval.acknowledged;
            cell.delivered += interval.delivered.value_or(0);
            cell.has_delivered = cell.has_delivered && interval.delivered.has_value();
            cell.errors += interval.errors.value_or(0);
            cell.has_errors = cell.has_errors && interval.errors.has_value();
            if (interval.at_s >= cell.latest_s) {
                cell.latest_s = interval.at_s;
                cell.connected = interval.connected;
                cell.in_flight = interval.in_flight;
                cell.cached = interval.cached;
            }
            if (!interval.response_histogram.empty()) {
                column.answered.emplace_back(runs[i].run, &interval);
            }
        }
    }
    return columns;
}

std::optional<double> us(std::optional<Nanos> value) {
    return value ? std::optional(static_cast<double>(value->count()) / 1e3) : std::nullopt;
}

// Sets the response times of a moment. `merged` is scratch space, so that its memory is allocated only once.
void measure(const Column& column, stats::Histogram& merged, Moment& moment) {
    merged.reset();
    for (const auto& [run, interval] : column.answered) {
        if (const auto histogram = response_of(*run, *interval)) {
            merged.merge(*histogram);
        }
    }
    if (merged.empty()) {
        return;
    }
    moment.p50_us = us(merged.percentile(50));
    moment.p95_us = us(merged.percentile(95));
    moment.p99_us = us(merged.percentile(99));
    moment.max_us = us(merged.max());
    for (const auto& bucket : merged.buckets()) {
        const int at = heat_bucket(bucket.highest);
        if (moment.heat.empty() || moment.heat.back().first != at) {
            moment.heat.emplace_back(at, 0);
        }
        moment.heat.back().second += bucket.count;
    }
}

}  // namespace

int heat_bucket(Nanos value) {
    const double value_us = std::max(1.0, static_cast<double>(value.count()) / 1e3);
    return static_cast<int>(std::floor(10 * std::log10(value_us) + 1e-9));
}

Series series_of(const std::vector<RowRun>& runs, std::size_t most) {
    Series series{.width_s = 0, .moments = {}};
    for (const auto& entry : runs) {
        series.width_s = std::max(series.width_s, entry.run->interval_s);
    }
    if (!(series.width_s > 0)) {
        series.width_s = 1;
    }
    auto columns = columns_of(runs, series.width_s);
    while (columns.size() > most) {
        series.width_s *= 2;
        columns = columns_of(runs, series.width_s);
    }
    stats::Histogram merged;
    std::map<std::size_t, double> pending;
    bool has_ledger = true;
    for (const auto& [index, column] : columns) {
        Moment moment;
        moment.at_s = static_cast<double>(index) * series.width_s;
        const auto runs_here = static_cast<double>(column.cells.size());
        Mean due, acknowledged, delivered, errors;
        for (const auto& [run, cell] : column.cells) {
            const double least_s = series.width_s / 4;
            due.add(cell.due, cell.due_width_s, least_s);
            acknowledged.add(cell.acknowledged, cell.width_s, least_s);
            delivered.add(cell.delivered, cell.width_s, least_s);
            if (cell.has_errors) {
                errors.add(cell.errors, cell.width_s, least_s);
            }
            moment.connected += static_cast<double>(cell.connected) / runs_here;
            moment.in_flight += static_cast<double>(cell.in_flight) / runs_here;
            moment.cached += static_cast<double>(cell.cached) / runs_here;
            pending[run] += static_cast<double>(cell.due) - static_cast<double>(cell.delivered);
            has_ledger = has_ledger && cell.has_delivered;
        }
        if (has_ledger) {
            double sum = 0;
            for (const auto& [run, cell] : column.cells) {
                sum += pending[run];
            }
            moment.delivered_per_s = delivered.rate();
            moment.pending = std::max(0.0, sum / runs_here);
        }
        moment.due_per_s = due.rate();
        moment.acknowledged_per_s = acknowledged.rate();
        moment.errors_per_s = errors.rate();
        measure(column, merged, moment);
        series.moments.push_back(std::move(moment));
    }
    return series;
}

std::vector<SpectrumPoint> spectrum_of(const Latency& latency) {
    const auto& histogram = latency.histogram;
    const auto all = static_cast<double>(histogram.count() + latency.unanswered);
    std::vector<SpectrumPoint> points;
    if (histogram.empty()) {
        return points;
    }
    constexpr double steps_per_decade = 24;
    const auto add = [&](double x) {
        const auto value = latency.percentile(100 * (1 - 1 / x));
        if (value && *value > Nanos{0}) {  // a logarithmic axis has no 0
            points.push_back({.x = x, .us = static_cast<double>(value->count()) / 1e3});
        }
        return value.has_value();
    };
    const auto measured = static_cast<double>(histogram.count() - histogram.overflow());
    // The end of the axis: the rank at which unanswered validations begin; otherwise 1 in `all`, beyond which there is
    // no value.
    const double end = measured < all ? all / (all - measured) : all;
    // The lower half of the values needs finer steps, since the first decade of x holds nine tenths of them.
    constexpr double fine = 1.03;
    const double coarse = std::pow(10, 1 / steps_per_decade);
    for (double x = 1; x < end && add(x); x *= x < 2 ? fine : coarse) {
    }
    if (measured > 0 && (points.empty() || end > points.back().x)) {
        const auto highest = latency.percentile(100 * measured / all);
        if (highest) {
            points.push_back({.x = end, .us = static_cast<double>(highest->count()) / 1e3});
        }
    }
    return points;
}

}  // namespace portillon::report::page
