// Measures how often a diff is wrong: simulated reports go through all of diff(), with all metrics.
//
// Each case is a kind of noise, a spread between runs, and a way in which metrics and rounds depend on each other. For
// each case some hundred pairs of sides are made that do not differ (how often is anything called better or worse?),
// and as many whose candidate is slower by 20 % (how often is that found?). The seeds are fixed, so the test never
// fails by chance.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "base/random.h"
#include "report/diff.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

std::uint64_t seed() {
    const char* given = std::getenv("PORTILLON_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 20;
}

enum class Tails { normal, heavy };

// Random numbers of mean 0 and variance 1.
class Noise {
public:
    Noise(std::uint64_t of, Tails tails) : random_(of), tails_(tails) {}

    double next() {
        if (tails_ == Tails::normal) {
            return normal();
        }
        // One draw in ten comes from a normal distribution three times as wide, as if another program had run.
        const double scale = random_.uniform() < 0.1 ? 3 : 1;
        return scale * normal() / std::sqrt(0.9 + 0.1 * 9);
    }

private:
    double normal() {  // Box and Muller
        const double radius = std::sqrt(2 * random_.exponential());
        return radius * std::cos(2 * M_PI * random_.uniform());
    }

    Random random_;
    Tails tails_;
};

enum class Dependence { one_noise_for_all_metrics, each_metric_its_own };

struct Cell {
    double spread;
    Dependence dependence;
    double shared_by_round;  // share of the variance that both sides of a round have in common
    Tails tails;
    unsigned repeats = 5;
    double few =
        0;  // expected number of duplicates, retries that failed and the like in a run; by chance, as Poisson says
};

// The number of random factors of one run: response and end to end (P50, P95, P99 each), rate, four costs.
constexpr std::size_t factors = 11;

Latency latency_of(const double* factor, double slowdown) {
    const auto at = [&](double usual_us, double own) { return Nanos{std::llround(usual_us * 1e3 * own * slowdown)}; };
    Latency latency;
    latency.histogram.record(at(4'000, factor[0]), 60);
    latency.histogram.record(at(8'000, factor[1]), 37);
    latency.histogram.record(at(16'000, factor[2]), 3);
    return latency;
}

// The parts of a run that do not vary. They are made once, since histograms take time.
const RunReport& plain_run() {
    static const auto plain = [] {
        auto run = healthy_run();
        run.latency = {};
        run.intervals.clear();
        run.thresholds.clear();
        return run;
    }();
    return plain;
}

class Simulation {
public:
    Simulation(const Cell& cell, std::uint64_t of) : cell_(cell), noise_(of, cell.tails), events_(scatter(of, 1)) {}

    Report report(double slowdown) {
        Comparison comparison;
        const auto draw = [this](double share) {
            std::vector<double> values(factors);
            const double common = noise_.next();
            for (auto& value : values) {
                const bool one = cell_.dependence == Dependence::one_noise_for_all_metrics;
                value = std::sqrt(share) * (one ? common : noise_.next());
            }
            return values;
        };
        for (unsigned repeat = 1; repeat <= cell_.repeats; ++repeat) {
            const auto round = draw(cell_.shared_by_round);
            unsigned order = 0;
            for (const char* name : {"base", "cand"}) {
                auto own = draw(1 - cell_.shared_by_round);
                for (std::size_t i = 0; i < factors; ++i) {
                    own[i] = std::exp(cell_.spread * (own[i] + round[i]));
                }
                auto run = plain_run();
                const double slow = *name == 'c' ? slowdown : 1;
                run.latency.response = latency_of(own.data(), slow);
                run.latency.end_to_end = latency_of(own.data() + 3, slow);
                run.throughput.acknowledged_per_s = 1e6 * own[6];
                run.throughput.delivered_per_s = 1e6 * own[6];
                run.resources.generator->cpu_us_per_validation = 6 * own[7];
                run.resources.server->cpu_us_per_validation = 5 * own[8];
                run.resources.generator->rss_bytes_per_equipment = static_cast<Count>(24'000 * own[9]);
                run.resources.server->rss_bytes_per_equipment = static_cast<Count>(18'000 * own[10]);
                if (cell_.few > 0) {
                    run.counts.duplicated = poisson(cell_.few);
                    run.counts.reordered = poisson(cell_.few);
                    run.errors = {{"deliver.timed_out", poisson(cell_.few)}};
                }
                comparison.runs.push_back({repeat, ++order, std::move(run), name});
            }
        }
        return comparison;
    }

private:
    Count poisson(double expected) {
        Count count = 0;
        for (double at = events_.exponential(); at < expected; at += events_.exponential()) {
            ++count;
        }
        return count;
    }

    Cell cell_;
    Noise noise_;
    Random events_;
};

struct Rates {
    double false_alarms = 0;  // share of diffs without a change that call any metric better or worse
    double found = 0;         // share of diffs with a slowdown that call any metric worse
    double turned_round = 0;  // share of diffs with a slowdown that call a slower metric, or the whole, better
};

Rates rates_of(const Cell& cell, int times) {
    Rates rates;
    const double each = 1.0 / times;
    for (int i = 0; i < times; ++i) {
        Simulation simulation(cell, scatter(seed(), static_cast<std::uint64_t>(i)));
        const auto nothing = diff(simulation.report(1), "base", "cand");
        const auto slower = diff(simulation.report(1.2), "base", "cand");
        const auto any = [](const Diff& diff, auto matches) {
            const auto& metrics = diff.groups.front().metrics;
            return std::any_of(metrics.begin(), metrics.end(), matches);
        };
        const bool alarmed = any(*nothing, [](const MetricDiff& row) {
            return row.change == Change::better || row.change == Change::worse;
        });
        const bool found = any(*slower, [](const MetricDiff& row) { return row.change == Change::worse; });
        const bool turned = slower->change == Change::better || any(*slower, [](const MetricDiff& row) {
                                return row.change == Change::better && row.key.starts_with("latency.");
                            });
        rates.false_alarms += alarmed ? each : 0;
        rates.found += found ? each : 0;
        rates.turned_round += turned ? each : 0;
    }
    return rates;
}

void expect_rates(Tails tails, double spread, int times, double least_found, unsigned repeats = 5, double few = 0) {
    for (const auto dependence : {Dependence::one_noise_for_all_metrics, Dependence::each_metric_its_own}) {
        for (const double shared : {0.0, 0.5, 0.9}) {
            const auto rates = rates_of({spread, dependence, shared, tails, repeats, few}, times);
            const auto cell = fmt::format(
                "{} repeats, spread {:.0f} %, {}, {:.0f} % shared by round, {} tails, seed {}", repeats, spread * 100,
                dependence == Dependence::one_noise_for_all_metrics ? "one noise" : "own noise", shared * 100,
                tails == Tails::normal ? "normal" : "heavy", seed());
            fmt::print("{}: {:.1f} % false alarms, {:.1f} % found, {:.1f} % turned round\n", cell,
                       rates.false_alarms * 100, rates.found * 100, rates.turned_round * 100);
            EXPECT_LE(rates.false_alarms, 0.05) << cell;
            EXPECT_GE(rates.found, least_found) << cell;
            EXPECT_EQ(rates.turned_round, 0) << cell;
        }
    }
}

int times() {
    const char* given = std::getenv("PORTILLON_SIMULATIONS");
    return given != nullptr ? std::atoi(given) : 400;
}

TEST(DiffSimulation, FindsASlowdownAtASpreadOf3Percent) {
    expect_rates(Tails::normal, 0.03, times(), 0.95);
}
// All metrics share one noise, and runs are not paired: for a corrected interval wholly beyond 5 % this is the hardest
// case.
TEST(DiffSimulation, FindsASlowdownAtASpreadOf5Percent) {
    expect_rates(Tails::normal, 0.05, times(), 0.85);
}
TEST(DiffSimulation, IsNeverWrongAboutASlowdownAtASpreadOf10Percent) {
    expect_rates(Tails::normal, 0.10, times(), 0);
}
TEST(DiffSimulation, HoldsWithHeavyTailsAtASpreadOf3Percent) {
    expect_rates(Tails::heavy, 0.03, times(), 0.95);
}
// The slowdowns that are not found are hidden by outliers in five runs.
TEST(DiffSimulation, HoldsWithHeavyTailsAtASpreadOf5Percent) {
    expect_rates(Tails::heavy, 0.05, times(), 0.80);
}
TEST(DiffSimulation, HoldsWithHeavyTailsAtASpreadOf10Percent) {
    expect_rates(Tails::heavy, 0.10, times(), 0);
}

TEST(DiffSimulation, HoldsWithFourRepeats) {
    expect_rates(Tails::normal, 0.03, times(), 0.90, 4);
}
TEST(DiffSimulation, HoldsWithFourRepeatsAndHeavyTails) {
    expect_rates(Tails::heavy, 0.05, times(), 0, 4);
}
// Figures that hardly vary, and counts so small that they are often the same by chance: neither may be taken for a
// figure that never varies.
TEST(DiffSimulation, HoldsForWhatHardlyVariesAndForFewEvents) {
    for (const double few : {0.3, 1.0, 3.0}) {
        expect_rates(Tails::normal, 0.0005, times() / 2, 1, 4, few);
    }
}

// Two repeats are too few to conclude anything, except for figures that do not vary; others must not be taken for such.
TEST(DiffSimulation, CallsNothingWithTwoRepeatsButWhatDoesNotVary) {
    for (const double spread : {0.0005, 0.01, 0.05}) {
        expect_rates(Tails::normal, spread, times() / 2, 0, 2, 1.0);
    }
}

}  // namespace
}  // namespace portillon::report
