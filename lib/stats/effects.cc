#include "stats/effects.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/check.h"

namespace portillon::stats {

namespace {

// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
double beta_fraction(double a, double b, double x) {
    constexpr double tiny = 1e-300;
    constexpr int most_terms = 1'000;
    const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double value = d;
    for (int term = 1; term <= most_terms; ++term) {
        const double m = term;
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step = 1;
        for (const double coefficient : {even, odd}) {
            d = 1 / away_from_zero(1 + coefficient * d);
            c = away_from_zero(1 + coefficient / c);
            step = c * d;
            value *= step;
        }
        if (std::abs(step - 1) < 1e-14) {
            break;
        }
    }
    return value;
}

// The regularised incomplete beta function I_x(a, b).
double incomplete_beta(double a, double b, double x) {
    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    const double front =
        std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

// Both functions use a recurrence up to where the asymptotic series (DLMF 5.11.2, 5.15.8) is exact to 1e-10.
constexpr double asymptotic_from = 10;

double digamma(double x) {
    double below = 0;
    for (; x < asymptotic_from; ++x) {
        below -= 1 / x;
    }
    const double square = 1 / (x * x);
    return below + std::log(x) - 0.5 / x - square * (1.0 / 12 - square * (1.0 / 120 - square / 252));
}

double trigamma(double x) {
    double below = 0;
    for (; x < asymptotic_from; ++x) {
        below += 1 / (x * x);
    }
    const double inverse = 1 / x;
    const double square = inverse * inverse;
    return below + inverse + square / 2 + inverse * square * (1.0 / 6 - square * (1.0 / 30 - square / 42));
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The sum of squared deviations from the mean.
double scatter_of(const std::vector<double>& values) {
    const double middle = mean(values);
    return std::accumulate(values.begin(), values.end(), 0.0,
                           [middle](double sum, double value) { return sum + (value - middle) * (value - middle); });
}

double runs(const std::vector<double>& values) {
    return static_cast<double>(values.size());
}

// An estimate of the variance of one run, and its degrees of freedom.
struct Variance {
    double value = 0, freedom = 1;
};

Variance pooled(const Observed& metric) {
    const double base = runs(metric.base);
    const double candidate = runs(metric.candidate);
    if (metric.base.size() == metric.candidate.size()) {
        return {(scatter_of(metric.base) + scatter_of(metric.candidate)) / (2 * (base - 1)), 2 * (base - 1)};
    }
    // Unequal numbers of runs require Welch's error and Satterthwaite's degrees of freedom, because the spreads may
    // differ.
    const double of_base = scatter_of(metric.base) / (base - 1) / base;
    const double of_candidate = scatter_of(metric.candidate) / (candidate - 1) / candidate;
    const double error = of_base + of_candidate;
    const double blur = of_base * of_base / (base - 1) + of_candidate * of_candidate / (candidate - 1);
    return {error / (1 / base + 1 / candidate), blur > 0 ? error * error / blur : std::min(base, candidate) - 1};
}

std::vector<double> combined(const Observed& metric, double sign) {
    std::vector<double> values(metric.base.size());
    std::transform(metric.candidate.begin(), metric.candidate.end(), metric.base.begin(), values.begin(),
                   [sign](double candidate, double base) { return candidate + sign * base; });
    return values;
}

Variance paired(const Observed& metric) {
    const double freedom = runs(metric.base) - 1;
    return {scatter_of(combined(metric, -1)) / freedom / 2, freedom};
}

// Whether the runs of a round have more (or less) in common than chance explains.
bool rounds_matter(std::span<const Observed> metrics) {
    double log_ratios = 0;
    double count = 0;
    double freedom = 0;
    for (const auto& metric : metrics) {
        const double sums = scatter_of(combined(metric, 1));
        const double differences = scatter_of(combined(metric, -1));
        if (metric.scatter == Scatter::alike && sums > 0 && differences > 0) {
            log_ratios += std::log(sums / differences);
            count += 1;
            freedom = runs(metric.base) - 1;
        }
    }
    if (count == 0) {
        return false;
    }
    // F(f, f) lies above x and below 1 / x equally often; the chance of the former is I(f / 2, f / 2) at 1 / (1 + x).
    constexpr double one_tail = 0.025;
    return incomplete_beta(freedom / 2, freedom / 2, 1 / (1 + std::exp(std::abs(log_ratios / count)))) < one_tail;
}

// The x > 0 where trigamma, which decreases, is `value`.
double inverse_trigamma(double value) {
    double low = 1e-3;
    double high = 1e6;
    for (int i = 0; i < 80; ++i) {
        const double middle = std::sqrt(low * high);
        (trigamma(middle) > value ? low : high) = middle;
    }
    return low;
}

// What the metrics together say about the variance of one metric (Smyth 2004, section 6.2).
std::optional<Variance> prior_of(std::span<const Observed> metrics, const std::vector<Variance>& variances) {
    std::vector<double> logs;
    double noise = 0;  // the scatter of log variances that are only estimates
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        const auto& [value, freedom] = variances[i];
        if (metrics[i].scatter == Scatter::alike && value > metrics[i].least_spread * metrics[i].least_spread) {
            logs.push_back(std::log(value) - digamma(freedom / 2) + std::log(freedom / 2));
            noise += trigamma(freedom / 2);
        }
    }
    constexpr std::size_t least_metrics = 3;
    if (logs.size() < least_metrics) {
        return std::nullopt;
    }
    const double excess = scatter_of(logs) / (runs(logs) - 1) - noise / runs(logs);
    const double freedom = excess > 0 ? 2 * inverse_trigamma(excess) : 1e6;
    const double value = std::exp(mean(logs) + digamma(freedom / 2) - std::log(freedom / 2));
    return Variance{value, std::min(freedom, most_prior)};
}

}  // namespace

namespace {

// The chance of t or more.
double upper_tail(double t, double freedom) {
    const double half = student_tails(t, freedom) / 2;
    return t >= 0 ? half : 1 - half;
}

// Visits the p values from the greatest down, with the number of those that are as great or greater.
template <class Visit>
void walk_down(std::span<const double> p, Visit visit) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [p](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    double hypotheses_left = 1;
    for (const auto index : order) {
        visit(index, hypotheses_left++);
    }
}

}  // namespace

double student_tails(double t, double freedom) {
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

double student_quantile(double p, double freedom) {
    check(p > 0 && p <= 1, "a chance outside of (0, 1]");
    const double log_density_of_0 =
        std::lgamma((freedom + 1) / 2) - std::lgamma(freedom / 2) - 0.5 * std::log(freedom * M_PI);
    // Newton's method on log(tails) over log(t), which falls ever more steeply; bracketed by the bounds known so far.
    double low = 0;
    double high = 1e12;
    double t = 2;
    for (int i = 0; i < 100; ++i) {
        const double tails = student_tails(t, freedom);
        (tails > p ? low : high) = t;
        const double density = std::exp(log_density_of_0 - (freedom + 1) / 2 * std::log1p(t * t / freedom));
        double next = tails > 0 ? t * std::exp(std::log(tails / p) * tails / (2 * t * density)) : 0;
        if (!(next > low && next < high)) {
            next = std::min((low + high) / 2, 2 * low + 1);
        }
        if (std::abs(next - t) <= 1e-12 * t) {
            return next;
        }
        t = next;
    }
    return t;
}

Interval Effect::ratio_at(double confidence) const {
    const double reach = student_quantile(1 - confidence, freedom) * error;
    return {std::exp(change - reach), std::exp(change + reach)};
}

double Effect::p_beyond(double least_change) const {
    const double size = std::abs(change);
    if (error <= 0) {
        return size > least_change ? 0 : 1;
    }
    return upper_tail((size - least_change) / error, freedom) + upper_tail((size + least_change) / error, freedom);
}

Interval Effect::deciding(double least_change, double alpha) const {
    if (error <= 0) {
        return {std::exp(change), std::exp(change)};
    }
    // The second of p_beyond()'s two tails is at least 0 and at most as great as the first, so the reach lies between
    // those of one tail of `alpha` and of two.
    const double between = 2 * least_change / error;
    double low = student_quantile(std::min(2 * alpha, 1.0), freedom);
    double high = student_quantile(alpha, freedom);
    constexpr int halvings = 30;
    for (int i = 0; i < halvings; ++i) {
        const double middle = (low + high) / 2;
        const bool within = upper_tail(middle, freedom) + upper_tail(middle + between, freedom) > alpha;
        (within ? low : high) = middle;
    }
    return {std::exp(change - low * error), std::exp(change + low * error)};
}

std::vector<Effect> effects(std::span<const Observed> metrics, Pairing pairing) {
    for (const auto& metric : metrics) {
        check(metric.base.size() >= 2 && metric.candidate.size() >= 2, "a spread needs two runs a side");
        check(pairing == Pairing::independent || metric.base.size() == metric.candidate.size(), "a run without a pair");
    }
    const bool in_pairs = pairing == Pairing::by_round && rounds_matter(metrics);
    std::vector<Variance> variances;
    std::transform(metrics.begin(), metrics.end(), std::back_inserter(variances), in_pairs ? paired : pooled);
    const auto prior = prior_of(metrics, variances);
    std::vector<Effect> found;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        const auto& metric = metrics[i];
        auto [value, freedom] = variances[i];
        if (prior && metric.scatter == Scatter::alike) {
            value = (freedom * value + prior->freedom * prior->value) / (freedom + prior->freedom);
            freedom += prior->freedom;
        }
        Effect effect;
        effect.change = mean(metric.candidate) - mean(metric.base);
        effect.freedom = freedom;
        effect.spread = std::max(std::sqrt(value), metric.least_spread);
        effect.error = effect.spread * std::sqrt(1 / runs(metric.base) + 1 / runs(metric.candidate));
        found.push_back(effect);
    }
    return found;
}

std::vector<double> adjusted(std::span<const double> p) {
    std::vector<double> result(p.size());
    double least = 1;
    walk_down(p, [&](std::size_t index, double hypotheses_left) {
        least = std::min(least, p[index] * hypotheses_left);
        result[index] = least;
    });
    return result;
}

std::vector<double> levels(std::span<const double> p, double alpha) {
    std::vector<double> result(p.size());
    std::optional<double> of_rejected;
    walk_down(p, [&](std::size_t index, double hypotheses_left) {
        const double own = alpha / hypotheses_left;
        if (!of_rejected && p[index] <= own) {
            of_rejected = own;
        }
        result[index] = of_rejected.value_or(own);
    });
    return result;
}

unsigned runs_needed(const Effect& effect, double least_change, double alpha, std::size_t tests, unsigned least,
                     unsigned most) {
    constexpr double power_quantile = 0.8416;  // of the normal distribution, for 4 out of 5
    const double size = std::abs(effect.change);
    const double to_bound = std::abs(size - least_change);
    const bool beyond = size > least_change;
    const auto suffices = [&](unsigned n) {
        const double freedom = 2.0 * (n - 1);
        const double error = effect.spread * std::sqrt(2.0 / n);
        const auto reaches = [&](double distance, double p) {
            return distance >= (student_quantile(p, freedom) + power_quantile) * error;
        };
        return reaches(to_bound, 2 * alpha / (beyond ? static_cast<double>(tests) : 1.0));
    };
    unsigned too_few = least - 1;
    unsigned enough = most + 1;
    while (too_few + 1 < enough) {
        const unsigned n = too_few + (enough - too_few) / 2;
        (suffices(n) ? enough : too_few) = n;
    }
    return enough;
}

}  // namespace portillon::stats
