#pragma once

// Whether two sets of runs differ, metric by metric. Pure arithmetic on figures of runs; knows no report.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace portillon::stats {

// Of a ratio; both ends belong to it.
struct Interval {
    double low = 1, high = 1;
    bool operator==(const Interval&) const = default;
};

// One metric: a figure > 0 of each run, at least two a side.
struct Observed {
    std::vector<double> base, candidate;
};

enum class Pairing : unsigned char {
    independent,
    by_round,  // as many on each side; those of the same index shared a round
};

struct Effect {
    double ratio = 1;    // candidate / base, of geometric means
    Interval interval;   // of the ratio
    double p = 1;        // of "the ratio is 1", two-sided, before any correction
    double spread = 0;   // standard deviation of one run's logarithm, pooled over both sides
    double error = 0;    // standard error of log(ratio)
    double freedom = 0;  // degrees of freedom of `error`
};

// One Effect per metric; the metrics are of the same runs, in the same order.
std::vector<Effect> effects(std::span<const Observed> metrics, Pairing pairing, double confidence);

// P values adjusted for all of them together (Holm 1979), in the order given: rejecting those at most `alpha` keeps the
// chance of even one false rejection at most `alpha`, whatever their dependence.
std::vector<double> holm(std::span<const double> p);

}  // namespace portillon::stats
