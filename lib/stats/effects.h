#pragma once

// Whether two sets of runs differ, metric by metric. Pure arithmetic on figures; knows no report.
//
// The run is the unit of replication: n runs a side are n observations, whatever each of them counted. With the usual n
// = 5 resampling has nothing to work with: a percentile bootstrap of five runs covers far less than its nominal level,
// and no permutation of 5 against 5 has a p below 2 / 252, which no correction for 15 metrics survives. So the spread
// is estimated from a model that uses all the information there is about it:
//
//   x = log(figure) = metric's mean on this side + round + run,   round and run random, of variances R and S
//
// 1. The estimate is the difference of the sides' means; exp() of it is the ratio of geometric means.
// 2. Its variance is 2 S / n when the rounds are shared (they cancel), 2 (R + S) / n when they are not. Paired
//    differences estimate 2 S with n - 1 degrees of freedom only; where rounds have nothing in common, both sides
//    pooled estimate the same with 2 (n - 1). To choose, note that the ratio of the variances of sums and differences
//    is (2 R + S) / S, and is distributed as F(n - 1, n - 1) when R = 0. If its geometric mean over the metrics lies
//    within the central 95 % of F, the sides are pooled; otherwise (R > 0, or the runs of a round disturb each other)
//    they are paired. All metrics decide together, since they share the machine and its state. Pooling although R is a
//    little above 0 is only too careful, by the factor sqrt(1 + R / S).
// 3. Latencies of one run have similar spreads, so each variance is shrunk towards the geometric mean of all
//    (moderated t: Smyth, Stat. Appl. Genet. Mol. Biol. 3(1), 2004): with d0 degrees of freedom for that mean, the
//    posterior (d s^2 + d0 s0^2) / (d + d0) has d + d0. d0 is estimated from how much the log variances scatter beyond
//    trigamma(d / 2), and is capped at most_prior: metrics that share the same noise do not scatter at all, and would
//    seem to have infinitely many. Metrics marked Scatter::own neither give nor take.
// 4. Interval and p come from Student's t and agree: p tests "the change is no greater than the least change of
//    interest", and p at most `alpha` means that the interval at `alpha` lies wholly beyond that least change. The
//    `alpha` of each metric is corrected for their number (levels()), so the interval that is shown is the one that
//    decides. "No change" is concluded when the interval with 95 % confidence at each end lies within it (two
//    one-sided tests, TOST).
//
// For the properties of the whole diff, found by simulation, see report/diff_simulation_test.cc.

#include <span>
#include <vector>

namespace portillon::stats {

// An interval of a ratio; both ends are included.
struct Interval {
    double low = 1, high = 1;
    bool operator==(const Interval&) const = default;
};

enum class Scatter : unsigned char {
    alike,  // has the same spread as the other metrics so marked
    own,    // its spread says nothing about the others'
};

// One metric: log(figure) of each run, at least two a side.
struct Observed {
    std::vector<double> base, candidate;
    Scatter scatter = Scatter::alike;
    double least_spread = 0;  // of one run: the least that the figure's resolution, or Poisson, implies
};

enum class Pairing : unsigned char {
    independent,
    by_round,  // as many on each side; runs of the same index shared a round
};

inline constexpr double most_prior = 12;

struct Effect {
    double change = 0;   // log(candidate / base)
    double error = 0;    // its standard error
    double freedom = 1;  // degrees of freedom of `error`
    double spread = 0;   // of one run, for planning: error = spread * sqrt(1 / base runs + 1 / candidate runs)

    Interval ratio_at(double confidence) const;

    // The chance of an estimate as far from 0 as this one, in either direction, if the true change is `least_change` (a
    // logarithm): with 0 it is the two-sided p of "no change". Not corrected.
    double p_beyond(double least_change) const;
    // The interval that lies wholly beyond `least_change`, on one side, exactly when p_beyond(least_change) <= alpha.
    Interval deciding(double least_change, double alpha) const;
};

// One effect for each metric. All metrics are of the same runs in the same order, except where a run had no figure.
std::vector<Effect> effects(std::span<const Observed> metrics, Pairing pairing);

// P values corrected for their number, in the order given: with Holm's thresholds alpha / m, alpha / (m - 1), ...,
// walked from the greatest p down (Hochberg, Biometrika 75, 1988). Rejecting those at most `alpha` keeps the chance of
// even one false rejection at most `alpha` when the tests are independent or positively dependent, as those of one
// run's figures are. Holm's own walk from the least p up needs no such assumption, but makes each of eight percentiles
// that moved together pay for all fifteen metrics, which costs a power of 2 to 3 % that five runs cannot spare.
std::vector<double> adjusted(std::span<const double> p);

// The threshold of each p on that walk: one value for all that are rejected, alpha / (number of those with a p as great
// or greater) for the others. A p is rejected exactly when it is at most its level.
std::vector<double> levels(std::span<const double> p, double alpha);

// How many runs a side distinguish a change of `change` from none, and from `least_change` (logarithms; the smaller of
// the two distances decides), 4 times out of 5, at the observed spread. A change beyond `least_change` is tested with
// `alpha` divided by `tests`; no change with a confidence of 1 - `alpha` at each end of the interval. At least `least`
// and at most `most`; one more than `most` when that does not suffice.
unsigned runs_needed(const Effect& effect, double least_change, double alpha, std::size_t tests, unsigned least,
                     unsigned most);

// Student's t with `freedom` degrees of freedom: the chance of |t| or more, and the t whose chance is `p`.
double student_tails(double t, double freedom);
double student_quantile(double p, double freedom);

}  // namespace portillon::stats
