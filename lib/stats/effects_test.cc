#include "stats/effects.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/random.h"

namespace portillon::stats {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(Student, HasTheTailsOfTheTables) {
    struct Row {
        double freedom, p, t;
    };
    // Two-sided; NIST/SEMATECH e-Handbook, table 1.3.6.7.2.
    for (const auto& row : {Row{1, 0.05, 12.706}, Row{4, 0.05, 2.776}, Row{8, 0.05, 2.306}, Row{8, 0.002, 4.501},
                            Row{16, 0.01, 2.921}, Row{30, 0.1, 1.697}, Row{100, 0.05, 1.984}}) {
        EXPECT_NEAR(student_quantile(row.p, row.freedom), row.t, 0.0006) << row.freedom << " " << row.p;
        EXPECT_NEAR(student_tails(row.t, row.freedom), row.p, 0.001 * row.p) << row.freedom;
    }
    EXPECT_EQ(student_tails(0, 5), 1);
    EXPECT_NEAR(student_tails(1, 1), 0.5, 1e-12);
    EXPECT_NEAR(student_tails(-1, 1), 0.5, 1e-12);
    // Far out, where 1 - P would have no digits left.
    EXPECT_NEAR(student_tails(100, 10) / 2.46e-16, 1, 0.01);
}

TEST(Adjusted, WalksHolmsThresholdsFromTheGreatest) {
    const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
    EXPECT_THAT(adjusted(p), ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.04, 1e-12), DoubleNear(0.04, 1e-12),
                                         DoubleNear(0.02, 1e-12)));
    // Metrics that moved together do not pay for their number.
    EXPECT_THAT(adjusted(std::vector<double>(8, 0.04)), ::testing::Each(DoubleNear(0.04, 1e-12)));
    EXPECT_THAT(adjusted(std::vector<double>{0.04, 1.0}), ElementsAre(DoubleNear(0.08, 1e-12), 1.0));
    EXPECT_TRUE(adjusted({}).empty());
}

// A single metric has no others to learn from: the plain t test.
TEST(Effects, OfOneMetricAreStudents) {
    const Observed metric{.base = {0.1, 0.2, 0.3}, .candidate = {0.5, 0.7, 0.9}};
    const auto effect = effects(std::vector{metric}, Pairing::independent).front();
    EXPECT_NEAR(effect.change, 0.5, 1e-12);
    EXPECT_NEAR(effect.spread, std::sqrt((0.01 + 0.04) / 2), 1e-12);
    EXPECT_NEAR(effect.error, std::sqrt((0.01 + 0.04) / 3), 1e-12);
    EXPECT_NEAR(effect.freedom, 4, 1e-12);
    EXPECT_NEAR(effect.p_beyond(0), student_tails(0.5 / effect.error, 4), 1e-12);
    const auto interval = effect.ratio_at(0.95);
    EXPECT_NEAR(std::log(interval.low), 0.5 - 2.776 * effect.error, 1e-3);
    EXPECT_NEAR(std::log(interval.high), 0.5 + 2.776 * effect.error, 1e-3);
}

TEST(Effects, OfUnequalNumbersAreWelchs) {
    const Observed metric{.base = {0.0, 0.2}, .candidate = {1.0, 1.1, 1.2, 1.3, 1.4}};
    const auto effect = effects(std::vector{metric}, Pairing::independent).front();
    EXPECT_NEAR(effect.error, std::sqrt(0.02 / 2 + 0.025 / 5), 1e-12);
    EXPECT_NEAR(effect.freedom, std::pow(0.015, 2) / (std::pow(0.01, 2) / 1 + std::pow(0.005, 2) / 4), 1e-9);
}

TEST(Effects, OfRoundsThatShareTheirMoodLoseIt) {
    const std::vector<double> rounds{0.0, 0.5, -0.4, 0.3, -0.6};
    const std::vector<double> noise{0.01, -0.012, 0.008, 0.0, -0.006};
    Observed metric;
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        metric.base.push_back(rounds[i]);
        metric.candidate.push_back(rounds[i] + 0.1 + noise[i]);
    }
    const auto paired = effects(std::vector{metric}, Pairing::by_round).front();
    const auto apart = effects(std::vector{metric}, Pairing::independent).front();
    EXPECT_LT(paired.error, 0.006);
    EXPECT_NEAR(paired.freedom, 4, 1e-12);
    EXPECT_LT(paired.p_beyond(0), 0.001);
    EXPECT_GT(apart.error, 0.2);
    EXPECT_GT(apart.p_beyond(0), 0.5);
}

TEST(Effects, OfRoundsThatShareNothingKeepTheFreedomOfBothSides) {
    const Observed metric{.base = {0.01, -0.02, 0.03, -0.01, 0.0}, .candidate = {0.02, 0.01, -0.01, 0.0, -0.02}};
    EXPECT_NEAR(effects(std::vector{metric}, Pairing::by_round).front().freedom, 8, 1e-12);
}

TEST(Effects, LendEachOtherTheirSpreadButNotToCounts) {
    Random random(3);
    std::vector<Observed> metrics(6);
    for (auto& metric : metrics) {
        for (int run = 0; run < 5; ++run) {
            metric.base.push_back(0.1 * random.uniform());
            metric.candidate.push_back(0.1 * random.uniform());
        }
    }
    metrics.back().scatter = Scatter::own;
    const auto lent = effects(metrics, Pairing::independent);
    EXPECT_NEAR(lent.front().freedom, 8 + most_prior, 1e-9);  // alike: as much as allowed
    EXPECT_NEAR(lent.back().freedom, 8, 1e-9);
    const auto [least, most] = std::minmax_element(lent.begin(), lent.end() - 1,
                                                   [](const auto& a, const auto& b) { return a.spread < b.spread; });
    double alone_least = 1;
    double alone_most = 0;
    for (std::size_t i = 0; i + 1 < metrics.size(); ++i) {
        const double spread = effects(std::vector{metrics[i]}, Pairing::independent).front().spread;
        alone_least = std::min(alone_least, spread);
        alone_most = std::max(alone_most, spread);
    }
    EXPECT_GT(least->spread, alone_least);
    EXPECT_LT(most->spread, alone_most);
}

TEST(Effects, LendLittleToWhatSpreadsAltogetherDifferently) {
    std::vector<Observed> metrics;
    for (const double spread : {0.0001, 0.001, 0.01, 0.1, 1.0}) {
        metrics.push_back({.base = {0, spread, -spread, spread / 2, -spread / 2},
                           .candidate = {0, -spread, spread, -spread / 2, spread / 2}});
    }
    const auto lent = effects(metrics, Pairing::independent);
    EXPECT_LT(lent.front().freedom, 8.5);
    EXPECT_LT(lent.front().spread, 0.0007);
    EXPECT_GT(lent.back().spread, 0.7);
}

TEST(Effects, OfFiguresThatNeverVaryAreAsSureAsTheirResolution) {
    const Observed same{.base = {1, 1, 1, 1}, .candidate = {1, 1, 1, 1}, .least_spread = 0.0005};
    Observed moved = same;
    moved.candidate = {1.1, 1.1, 1.1, 1.1};
    const auto both = effects(std::vector{same, moved}, Pairing::by_round);
    EXPECT_EQ(both[0].p_beyond(0), 1);
    EXPECT_NEAR(both[0].spread, 0.0005, 1e-12);
    EXPECT_LT(both[1].p_beyond(0), 1e-6);
    EXPECT_TRUE(std::isfinite(both[1].ratio_at(0.95).high));
    const Observed exact{.base = {1, 1}, .candidate = {1, 1}};
    EXPECT_EQ(effects(std::vector{exact}, Pairing::independent).front().p_beyond(0), 1);
}

TEST(Effects, HaveAnIntervalBeyondTheLeastChangeWhenTheirPSaysSo) {
    const double least = std::log(1.05);
    for (const double alpha : {0.05, 0.05 / 17, 1e-6}) {
        for (const double freedom : {3.0, 6.0, 20.0}) {
            for (const double error : {1e-4, 0.01, 0.05, 0.3}) {
                for (double change = -1; change < 1; change += 0.013) {
                    const Effect effect{.change = change, .error = error, .freedom = freedom};
                    for (const double bound : {0.0, least}) {
                        const auto interval = effect.deciding(bound, alpha);
                        const bool beyond = std::log(interval.low) > bound || std::log(interval.high) < -bound;
                        EXPECT_EQ(beyond, effect.p_beyond(bound) <= alpha)
                            << alpha << " " << freedom << " " << error << " " << change << " " << bound;
                        EXPECT_LE(std::log(interval.low), change);
                        EXPECT_GE(std::log(interval.high), change);
                    }
                }
            }
        }
    }
    // With no least change the test is two-sided; with one far from 0 each end is one-sided.
    const Effect effect{.change = 1, .error = 0.1, .freedom = 8};
    EXPECT_NEAR(std::log(effect.deciding(0, 0.05).low), 1 - 2.306 * 0.1, 1e-3);
    EXPECT_NEAR(std::log(effect.deciding(0.9, 0.05).low), 1 - 1.860 * 0.1, 1e-3);
    EXPECT_EQ((Effect{.change = 0.1}.p_beyond(0.05)), 0);
    EXPECT_EQ((Effect{.change = 0.1}.p_beyond(0.1)), 1);
}

TEST(Levels, AreThoseThatTheAdjustedPAreHeldAgainst) {
    Random random(4);
    for (int round = 0; round < 200; ++round) {
        std::vector<double> p(12);
        for (auto& value : p) {
            value = std::pow(random.uniform(), 1 + 6 * random.uniform());
        }
        const auto corrected = adjusted(p);
        const auto held_against = levels(p, 0.05);
        for (std::size_t i = 0; i < p.size(); ++i) {
            EXPECT_EQ(p[i] <= held_against[i], corrected[i] <= 0.05) << p[i];
            EXPECT_LE(held_against[i], 0.05);
            EXPECT_GE(held_against[i], 0.05 / 12);
        }
    }
    EXPECT_TRUE(levels({}, 0.05).empty());
}

TEST(RunsNeeded, GrowWithTheSpreadAndWithTheNearnessOfTheBound) {
    const auto needed = [](double change, double spread) {
        Effect effect;
        effect.change = change;
        effect.spread = spread;
        return runs_needed(effect, 0.05, 0.05, 15, 4, 100);
    };
    EXPECT_EQ(needed(0.5, 0.01), 4U);
    EXPECT_LT(needed(0.2, 0.1), needed(0.2, 0.15));
    EXPECT_LT(needed(0.2, 0.1), needed(0.1, 0.1));
    EXPECT_EQ(needed(0.051, 0.1), 101U);
    // When there is no change, the number of runs needed to show that.
    EXPECT_LT(needed(0.0, 0.05), needed(0.03, 0.05));
    EXPECT_LT(needed(-0.2, 0.1), 20U);
}

}  // namespace
}  // namespace portillon::stats
