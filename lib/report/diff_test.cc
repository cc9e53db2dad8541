#include "report/diff.h"

#include <gmock/gmock.h>

#include <cmath>

#include "report/diff_terminal.h"
#include "report/gold.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A comparison of `repeats` runs whose figures alternate by a percent and a half.
Comparison repeated(const RunReport& run, unsigned repeats) {
    Comparison comparison{.scenario = run.scenario, .command = {}, .runs = {}};
    for (unsigned repeat = 1; repeat <= repeats; ++repeat) {
        auto turn = run;
        const double factor = repeat % 2 == 0 ? 1.015 : 1.0;
        stats::Histogram stretched;
        for (const auto& bucket : run.latency.response->histogram.buckets()) {
            stretched.record(Nanos{std::llround(static_cast<double>(bucket.highest.count()) * factor)}, bucket.count);
        }
        turn.latency.response->histogram = stretched;
        *turn.resources.server->cpu_us_per_validation *= factor;
        comparison.runs.push_back({repeat, 1, std::move(turn)});
    }
    return comparison;
}

Comparison repeated(unsigned repeats) {
    return repeated(healthy_run(), repeats);
}

Diff compared(const Report& base, const Report& candidate, const DiffOptions& options = {}) {
    return diff(*select(base, "", "base.json"), *select(candidate, "", "cand.json"), options);
}

const MetricDiff& row(const Diff& diff, const std::string& name, std::size_t group = 0) {
    for (const auto& metric : diff.groups.at(group).metrics) {
        if (metric.name == name) {
            return metric;
        }
    }
    throw std::runtime_error("no metric " + name);
}

template <class Alter>
Comparison altered(Comparison comparison, Alter alter) {
    for (auto& turn : comparison.runs) {
        alter(turn.run);
    }
    return comparison;
}

stats::Histogram slower(const stats::Histogram& histogram, double factor) {
    stats::Histogram stretched;
    for (const auto& bucket : histogram.buckets()) {
        stretched.record(Nanos{std::llround(static_cast<double>(bucket.highest.count()) * factor)}, bucket.count);
    }
    return stretched;
}

TEST(Diff, FindsWhatBecameWorseAndWhatDidNot) {
    const auto base = repeated(5);
    const auto candidate = altered(repeated(5), [](RunReport& run) {
        run.latency.response->histogram = slower(run.latency.response->histogram, 1.2);
        *run.resources.server->cpu_us_per_validation *= 0.7;
        *run.throughput.acknowledged_per_s *= 0.8;
    });
    const auto found = compared(base, candidate);
    EXPECT_EQ(found.change, Change::worse);
    EXPECT_THAT(found.why, HasSubstr("worse: response mean (+20"));
    EXPECT_EQ(row(found, "response P95").change, Change::worse);
    EXPECT_NEAR(*row(found, "response P95").ratio, 1.2, 0.005);
    EXPECT_LT(row(found, "response P95").interval->low, 1.2);
    EXPECT_GT(row(found, "response P95").interval->high, 1.2);
    EXPECT_EQ(row(found, "end to end P95").change, Change::same);
    EXPECT_EQ(row(found, "server CPU/validation").change, Change::better);
    EXPECT_EQ(row(found, "acknowledged per s").change, Change::worse);  // for this metric more is better
    EXPECT_EQ(row(found, "lost").change, Change::same);
    // Every change has the opposite direction when the sides are exchanged.
    const auto back = compared(candidate, base);
    EXPECT_EQ(row(back, "response P95").change, Change::better);
    EXPECT_EQ(row(back, "server CPU/validation").change, Change::worse);
}

TEST(Diff, OfAComparisonAgainstItselfIsTheSame) {
    const Report report = repeated(5);
    const auto found = compared(report, report);
    EXPECT_EQ(found.change, Change::same);
    EXPECT_EQ(found.why, "no metric changed by as much as the minimum effect");
    EXPECT_TRUE(found.groups.front().paired);
    EXPECT_THAT(found.notes, IsEmpty());
}

TEST(Diff, NeverConcludesFromFewerThanFourRepeats) {
    for (unsigned repeats = 1; repeats <= 5; ++repeats) {
        const auto candidate = altered(repeated(repeats), [](RunReport& run) {
            run.latency.response->histogram = slower(run.latency.response->histogram, 3);
        });
        const auto found = compared(repeated(repeats), candidate);
        const auto& slow = row(found, "response P99");
        EXPECT_EQ(slow.change, repeats < least_repeats ? Change::inconclusive : Change::worse) << repeats;
        EXPECT_NEAR(*slow.ratio, 3, 0.02);
        // An interval is shown only if it decides.
        EXPECT_EQ(slow.interval.has_value(), repeats >= least_repeats);
        // This figure never varies, and two runs a side are enough to see that.
        EXPECT_EQ(row(found, "end to end P99").change, repeats < 2 ? Change::inconclusive : Change::same);
        EXPECT_EQ(row(found, "lost").change, Change::same);
        if (repeats == 2 || repeats == 3) {
            ASSERT_TRUE(slow.repeats_needed);
            EXPECT_EQ(*slow.repeats_needed, least_repeats);
        }
        if (repeats == 1) {
            EXPECT_THAT(slow.why, HasSubstr("4 repeats a side at least"));
        }
    }
}

void never_contradicts(const Diff& found) {
    const double most = 1 + found.options.min_effect;
    for (const auto& group : found.groups) {
        for (const auto& metric : group.metrics) {
            if (!metric.interval) {
                continue;
            }
            const auto& [low, high] = *metric.interval;
            const bool beyond = low > most || high < 1 / most;
            const bool within = low >= 1 / most && high <= most;
            EXPECT_EQ(beyond, metric.change == Change::worse || metric.change == Change::better) << metric.name;
            EXPECT_EQ(within, metric.change == Change::same) << metric.name << " " << low << " to " << high;
        }
    }
}

TEST(Diff, NeverShowsAnIntervalThatContradictsItsVerdict) {
    std::size_t seen[3] = {};
    for (unsigned repeats = 1; repeats <= 6; ++repeats) {
        for (const double spread : {0.0, 0.002, 0.02, 0.1, 0.3}) {
            for (const double slowdown : {1.0, 1.04, 1.06, 1.2, 1.72, 3.24}) {
                for (const double min_effect : {0.0, 0.05, 0.5}) {
                    const double moods[] = {0, 1, -1, 0.6, -0.4, -0.2};
                    const auto side = [&](double factor, unsigned from) {
                        auto comparison = repeated(repeats);
                        for (auto& turn : comparison.runs) {
                            const double mood = std::exp(spread * moods[(turn.repeat + from) % 6]);
                            auto& run = turn.run;
                            run.latency.response->histogram = slower(run.latency.response->histogram, factor * mood);
                            *run.resources.server->cpu_us_per_validation *= factor / mood;
                            *run.wire.bytes_per_validation *= factor;
                            run.counts.duplicated = static_cast<Count>(std::llround(20 * factor));
                        }
                        return comparison;
                    };
                    const auto found = compared(side(1, 0), side(slowdown, 2), {.min_effect = min_effect});
                    never_contradicts(found);
                    for (const auto& metric : found.groups.front().metrics) {
                        seen[0] += metric.interval && metric.change == Change::inconclusive ? 1 : 0;
                        seen[1] += metric.interval && metric.change == Change::worse ? 1 : 0;
                        seen[2] += metric.interval && metric.change == Change::same ? 1 : 0;
                    }
                }
            }
        }
    }
    for (const auto count : seen) {
        EXPECT_GT(count, 100U);
    }
}

TEST(Diff, ComparesFiguresThatNeverVaryAsTheyAre) {
    const auto bytes = [](unsigned repeats, double value) {
        return altered(repeated(repeats), [value](RunReport& run) { run.wire.bytes_per_validation = value; });
    };
    const auto change = [&](unsigned repeats, double base, double candidate, double min_effect = 0.05) {
        const auto found = compared(bytes(repeats, base), bytes(repeats, candidate), {.min_effect = min_effect});
        return row(found, "bytes/validation");
    };
    const auto more = change(4, 130.5, 422.9);
    EXPECT_EQ(more.change, Change::worse);
    EXPECT_NEAR(more.interval->low, 422.9 / 130.5, 1e-9);
    EXPECT_NEAR(more.interval->high, 422.9 / 130.5, 1e-9);
    EXPECT_EQ(more.why, "the same in every run of a side");
    EXPECT_EQ(change(4, 422.9, 130.5).change, Change::better);
    EXPECT_EQ(change(4, 130.5, 132).change, Change::same);
    EXPECT_EQ(change(4, 130.5, 130.6, 0).change, Change::worse);
    EXPECT_EQ(change(4, 130.5, 130.5, 0).change, Change::same);
    // Two runs a side are enough to see that the figure does not vary; one is not.
    EXPECT_EQ(change(2, 130.5, 422.9).change, Change::worse);
    EXPECT_EQ(change(2, 130.5, 131).change, Change::same);
    EXPECT_EQ(change(1, 130.5, 422.9).change, Change::inconclusive);
    const auto nearly = [](double base, double candidate, double min_effect) {
        auto from = repeated(2);
        auto to = repeated(2);
        from.runs[0].run.wire.bytes_per_validation = base;
        from.runs[1].run.wire.bytes_per_validation = base * 1.0005;
        to.runs[0].run.wire.bytes_per_validation = candidate;
        to.runs[1].run.wire.bytes_per_validation = candidate * 1.0005;
        return row(compared(from, to, {.min_effect = min_effect}), "bytes/validation");
    };
    EXPECT_EQ(nearly(130.5, 422.9, 0.05).change, Change::worse);
    EXPECT_GT(nearly(130.5, 422.9, 0.05).interval->high, nearly(130.5, 422.9, 0.05).interval->low);
    EXPECT_EQ(nearly(130.5, 130.6, 0).change, Change::inconclusive);
    // Every run of a side resends the same number.
    const auto resending = [](Count count) {
        return altered(repeated(4), [count](RunReport& run) { run.counts.duplicated = count; });
    };
    EXPECT_EQ(row(compared(resending(10), resending(12)), "duplicated").change, Change::worse);
    EXPECT_EQ(row(compared(resending(0), resending(1)), "duplicated").change, Change::worse);
    EXPECT_EQ(row(compared(resending(1), resending(0)), "duplicated").change, Change::better);
}

TEST(Diff, DecidesWithFourRepeatsWhatHardlyVaries) {
    auto candidate = repeated(4);
    auto base = repeated(4);
    for (std::size_t i = 0; i < 4; ++i) {
        const double wobble = 1 + 0.001 * static_cast<double>(i % 3);
        base.runs[i].run.wire.bytes_per_validation = 130.5 * wobble;
        candidate.runs[i].run.wire.bytes_per_validation = 422.9 / wobble;
    }
    const auto found = compared(base, candidate);
    EXPECT_EQ(row(found, "bytes/validation").change, Change::worse);
    EXPECT_THAT(row(found, "bytes/validation").why, HasSubstr("between +22"));
}

TEST(Diff, SaysHowManyRepeatsWouldSettleWhatTheSpreadHides) {
    auto candidate = repeated(5);
    auto base = repeated(5);
    const double moods[] = {0.8, 1.3, 0.9, 1.2, 1.0};
    for (std::size_t i = 0; i < 5; ++i) {
        auto& here = base.runs[i].run.latency;
        auto& there = candidate.runs[i].run.latency;
        here.response->histogram = slower(here.response->histogram, moods[i]);
        there.response->histogram = slower(there.response->histogram, 1.2 * moods[4 - i]);
    }
    const auto found = compared(base, candidate);
    const auto& noisy = row(found, "response P99");
    EXPECT_EQ(noisy.change, Change::inconclusive);
    ASSERT_TRUE(noisy.repeats_needed);
    EXPECT_GT(*noisy.repeats_needed, 10U);
    EXPECT_LT(*noisy.repeats_needed, 80U);
    EXPECT_EQ(found.change, Change::inconclusive);
    EXPECT_THAT(noisy.why, HasSubstr("a side would settle it"));
}

TEST(Diff, CallsABrokenPromiseWorseWhateverTheStatisticsSay) {
    for (const unsigned repeats : {1U, 5U}) {
        auto candidate = repeated(repeats);
        candidate.runs.back().run.counts.lost = 1;
        const auto found = compared(repeated(repeats), candidate);
        EXPECT_EQ(row(found, "lost").change, Change::worse);
        EXPECT_EQ(found.change, Change::worse);
        // One more duplicate breaks no promise.
        candidate = repeated(repeats);
        candidate.runs.back().run.counts.duplicated = 1;
        EXPECT_EQ(row(compared(repeated(repeats), candidate), "duplicated").change, Change::inconclusive);
    }
}

TEST(Diff, JudgesCountsThatBothSidesHaveAsShares) {
    const auto duplicating = [](std::vector<Count> counts) {
        auto comparison = repeated(5);
        for (std::size_t i = 0; i < 5; ++i) {
            comparison.runs[i].run.counts.duplicated = counts[i];
        }
        return comparison;
    };
    const auto change = [&](std::vector<Count> base, std::vector<Count> candidate) {
        return row(compared(duplicating(std::move(base)), duplicating(std::move(candidate))), "duplicated").change;
    };
    EXPECT_EQ(change({100, 110, 90, 95, 105}, {310, 290, 300, 280, 320}), Change::worse);
    EXPECT_EQ(change({310, 290, 300, 280, 320}, {100, 110, 90, 95, 105}), Change::better);
    EXPECT_EQ(change({0, 0, 0, 0, 0}, {300, 310, 290, 305, 315}), Change::worse);
    EXPECT_EQ(change({1, 0, 2, 0, 1}, {2, 0, 1, 3, 0}), Change::inconclusive);
    // Such small counts could differ by chance; but chance would not make each side's five counts equal.
    EXPECT_EQ(change({2, 1, 3, 2, 2}, {3, 4, 2, 3, 3}), Change::inconclusive);
    EXPECT_EQ(change({2, 2, 2, 2, 2}, {3, 3, 3, 3, 3}), Change::worse);
    const auto found = compared(duplicating({100, 100, 100, 100, 100}), duplicating({0, 0, 0, 0, 0}));
    EXPECT_EQ(row(found, "duplicated").base_text, "500 (0.5 %)");
    EXPECT_NEAR(*row(found, "duplicated").base, 0.005, 1e-12);
    EXPECT_EQ(row(found, "duplicated").candidate_text, "0");
}

TEST(Diff, RanksWhatWasNeverAnsweredAboveEverything) {
    const auto unanswered = [](std::size_t runs) {
        auto comparison = repeated(5);
        for (std::size_t i = 0; i < runs; ++i) {
            comparison.runs[i].run.latency.response->unanswered = 1'000;
        }
        return comparison;
    };
    const auto all = compared(repeated(5), unanswered(5));
    EXPECT_EQ(row(all, "response P99").change, Change::worse);
    EXPECT_EQ(row(all, "response P99").candidate_text, "never");
    EXPECT_EQ(row(all, "response P95").ratio.has_value(), true);  // with 1,000 of 21,000 unanswered, P95 has a value
    EXPECT_EQ(row(compared(unanswered(5), repeated(5)), "response P99").change, Change::better);
    EXPECT_EQ(row(compared(unanswered(5), unanswered(5)), "response P99").change, Change::same);
    EXPECT_EQ(row(compared(repeated(5), unanswered(3)), "response P99").change, Change::worse);
    EXPECT_EQ(row(compared(repeated(5), unanswered(2)), "response P99").change, Change::inconclusive);
    EXPECT_THAT(row(compared(repeated(5), unanswered(2)), "response P99").why, HasSubstr("2 of 5 candidate runs"));
    auto single = repeated(1);
    single.runs.front().run.latency.response->unanswered = 1'000;
    EXPECT_EQ(row(compared(repeated(1), single), "response P99").change, Change::worse);
}

TEST(Diff, CannotCompareWhatOneSideDidNotMeasure) {
    const auto blind = altered(repeated(5), [](RunReport& run) {
        forget_ledger(run);
        run.delivery = {};
        run.latency.end_to_end.reset();
    });
    const auto found = compared(repeated(5), blind);
    EXPECT_EQ(row(found, "end to end P50").change, Change::incomparable);
    EXPECT_EQ(row(found, "end to end P50").why,
              "5 of 5 candidate runs: the target has no record of what arrived: name its admin endpoint with --ledger, "
              "or run against the "
              "embedded server");
    EXPECT_EQ(found.change, Change::incomparable);
    // A metric that neither side has is left out.
    const auto both = compared(blind, blind);
    EXPECT_THAT(both.groups.front().metrics, Not(::testing::Contains(::testing::Field(&MetricDiff::name, "lost"))));
    EXPECT_EQ(both.change, Change::same);
}

TEST(Diff, RefusesWhatIsAnotherWorkloadOrMachineUnlessForced) {
    struct Row {
        const char* what;
        void (*alter)(RunReport&);
    };
    const Row rows[] = {
        {"workload: 5f3a against 77aa", [](RunReport& run) { run.scenario.workload_digest = "77aa"; }},
        {"kernel: ", [](RunReport& run) { run.context.kernel = "Linux 6.2.0"; }},
        {"cpu: ", [](RunReport& run) { run.context.cpu_model = "another"; }},
        {"cores: 2 against 4", [](RunReport& run) { run.context.cores = 4; }},
        {"build type: Release against Debug", [](RunReport& run) { run.context.build_type = "Debug"; }},
    };
    for (const auto& entry : rows) {
        const auto other = altered(repeated(4), entry.alter);
        const auto refused = compared(repeated(4), other);
        EXPECT_EQ(refused.change, Change::incomparable);
        EXPECT_THAT(refused.why, HasSubstr(entry.what));
        EXPECT_THAT(refused.groups, IsEmpty());
        const auto forced = compared(repeated(4), other, {.force = true});
        EXPECT_EQ(forced.change, Change::same);
        EXPECT_THAT(forced.forced, ElementsAre(HasSubstr(entry.what)));
        EXPECT_EQ(format_diff(forced, Style::plain).find("FORCED"), 0U);
    }
    const auto newer = altered(repeated(4), [](RunReport& run) { run.context.commit = "fedcba9"; });
    const auto allowed = compared(repeated(4), newer);
    EXPECT_EQ(allowed.change, Change::same);
    EXPECT_THAT(allowed.notes, ElementsAre("portillon: 0.1.0 abcdef0 against 0.1.0 fedcba9"));
}

TEST(Diff, NamesTheKeysInWhichTheWorkloadsDiffer) {
    const auto with = [](const char* digest, const char* resolved) {
        return altered(repeated(4), [&](RunReport& run) { run.scenario = {"peak", digest, resolved}; });
    };
    const auto base = with("1", R"({"name":"a","seed":7,"fleet":{"equipments":10},"protocols":{"mqtt":{"qos":1}},
        "delivery":{"batch":{"max":1},"timeout":"5s"},"faults":[]})");
    const auto other = with("2", R"({"name":"b","seed":7,"fleet":{"equipments":20},"protocols":{"mqtt":{"qos":2}},
        "delivery":{"batch":{"max":60},"timeout":"5s","pace":"5/s"},"faults":[]})");
    const auto refused = compared(base, other);
    EXPECT_EQ(refused.change, Change::incomparable);
    EXPECT_EQ(refused.why,
              "workload: delivery.batch.max: 1 against 60, delivery.pace: unset against 5/s, fleet.equipments: 10 "
              "against 20");
    EXPECT_EQ(refused.keys, (std::vector<DifferingKey>{{"delivery.batch.max", "1", "60"},
                                                       {"delivery.pace", "unset", "5/s"},
                                                       {"fleet.equipments", "10", "20"}}));
    EXPECT_EQ(compared(base, other, {.allow = {"delivery"}}).why, "workload: fleet.equipments: 10 against 20");

    const auto batched =
        with("3", R"({"seed":7,"fleet":{"equipments":10},"delivery":{"batch":{"max":60},"timeout":"5s"}})");
    for (const char* key : {"delivery", "delivery.batch", "delivery.batch.max"}) {
        const auto allowed = compared(base, batched, {.allow = {key}});
        EXPECT_EQ(allowed.change, Change::incomparable) << "faults are unset on one side";
    }
    const auto alike = with("4", R"({"seed":7,"fleet":{"equipments":10},"faults":[],
        "delivery":{"batch":{"max":60},"timeout":"5s"}})");
    for (const char* key : {"delivery", "delivery.batch", "delivery.batch.max"}) {
        const auto allowed = compared(base, alike, {.allow = {key}});
        EXPECT_EQ(allowed.change, Change::same) << allowed.why;
        EXPECT_THAT(allowed.notes, ElementsAre("delivery.batch.max: 1 against 60, as allowed"));
    }
    for (const char* key : {"delivery.batch.ma", "delivery.timeout", "deliver", "fleet.start"}) {
        EXPECT_EQ(compared(base, alike, {.allow = {key}}).change, Change::incomparable) << key;
    }
}

TEST(Diff, DoesNotTakeWorkloadsForEqualThatNoKeyExplains) {
    // The content of a trace is part of the digest, but only its name is a key.
    const auto with = [](const char* digest, const char* batch) {
        return altered(repeated(4), [&](RunReport& run) {
            run.scenario = {
                "peak", digest,
                std::string(R"({"traffic":{"arrival":{"kind":"trace","file":"t.csv"}},"delivery":{"batch":)") + batch +
                    "}}"};
        });
    };
    EXPECT_THAT(compared(with("1", "1"), with("2", "1")).why, HasSubstr("workload: 1 against 2 (the same keys"));
    EXPECT_EQ(compared(with("1", "1"), with("2", "2"), {.allow = {"delivery"}}).change, Change::incomparable);
    const auto unknown = altered(repeated(4), [](RunReport& run) { run.scenario = {"peak", "3", ""}; });
    EXPECT_EQ(compared(with("1", "1"), unknown, {.allow = {"delivery"}}).change, Change::incomparable);
}

TEST(Diff, AllowsOnlySettingsOfTheClient) {
    for (const char* key : {"delivery", "delivery.batch.max", "fleet.start", "fleet.start.rate", "protocols.mqtt.qos",
                            "traffic.payload.encoding"}) {
        EXPECT_TRUE(is_allowable(key)) << key;
    }
    for (const char* key :
         {"", "fleet", "fleet.equipments", "traffic", "traffic.payload", "seed", "faults", "deliveryx"}) {
        EXPECT_FALSE(is_allowable(key)) << key;
    }
}

TEST(Diff, LeavesOutWhatCannotBeTrusted) {
    auto candidate = repeated(5);
    candidate.runs[1].run.verdict = {.measurement = Measurement::invalid, .reasons = {"a shard was lost"}};
    candidate.runs[2].run.verdict.complete = false;
    candidate.runs[3].run.verdict = {.measurement = Measurement::suspect, .reasons = {"the clock stepped"}};
    candidate.runs[1].run.counts.lost = 7;
    const auto found = compared(repeated(5), candidate);
    EXPECT_EQ(found.candidate.left_out, 2U);
    EXPECT_EQ(found.groups.front().candidate_repeats, 3U);
    EXPECT_EQ(found.change, Change::inconclusive);
    EXPECT_THAT(
        found.groups.front().warnings,
        ElementsAre("candidate, repeat 2, is left out: invalid, a shard was lost",
                    "candidate, repeat 3, is left out: incomplete", "candidate, repeat 4: suspect, the clock stepped"));
    const auto none = compared(repeated(5), altered(repeated(5), [](RunReport& run) { run.verdict.complete = false; }));
    EXPECT_EQ(none.change, Change::incomparable);
    EXPECT_EQ(none.why, "candidate has no run that is complete and not invalid");
}

TEST(Diff, LeavesOutWhatWasRunAgain) {
    auto candidate = repeated(4);
    candidate.runs[1].superseded = true;
    candidate.runs[1].run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator was late"}};
    candidate.runs.push_back({2, 2, candidate.runs[0].run});
    const auto found = compared(repeated(4), candidate);
    EXPECT_EQ(found.candidate.runs, 4U);
    EXPECT_EQ(found.candidate.left_out, 0U);
    EXPECT_EQ(found.change, Change::same);
    EXPECT_THAT(found.groups.front().warnings, IsEmpty());
}

TEST(Diff, MatchesProtocolsAndVariants) {
    auto both = repeated(4);
    for (unsigned repeat = 1; repeat <= 4; ++repeat) {
        auto run = healthy_run();
        run.protocol = "http2";
        both.runs.push_back({repeat, 2, run});
    }
    const auto matched = compared(both, both);
    ASSERT_EQ(matched.groups.size(), 2U);
    EXPECT_EQ(matched.groups[1].base_name, "http2");
    EXPECT_EQ(matched.change, Change::same);
    // A group that base has and candidate lacks makes the diff incomparable.
    const auto vanished = compared(both, repeated(4));
    EXPECT_EQ(vanished.change, Change::incomparable);
    EXPECT_THAT(vanished.why, HasSubstr("http2: only base has it"));
    const auto added = compared(repeated(4), both);
    EXPECT_EQ(added.change, Change::same);
    EXPECT_THAT(added.warnings, ElementsAre("only candidate has http2"));
}

TEST(Diff, ComparesTwoProtocolsOfOneComparisonAsAnAxis) {
    const Report report = sample_duel();
    const auto base = select(report, "cand/mqtt", "c.json#cand/mqtt");
    const auto candidate = select(report, "cand/http2", "c.json#cand/http2");
    ASSERT_TRUE(base);
    ASSERT_TRUE(candidate);
    const auto found = diff(*base, *candidate);
    ASSERT_EQ(found.groups.size(), 1U);
    EXPECT_EQ(found.groups.front().base_name, "mqtt");
    EXPECT_EQ(found.groups.front().candidate_name, "http2");
    EXPECT_TRUE(found.groups.front().paired);
    EXPECT_EQ(row(found, "response P95").change, Change::better);
    EXPECT_EQ(row(found, "lost").change, Change::worse);
}

TEST(Diff, OfTwoTargetsIsReadByPeople) {
    const Report duel = sample_duel();
    const auto found = diff(duel, "base", "cand");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->groups.at(0).change, Change::worse);
    EXPECT_EQ(found->groups.at(1).change, Change::worse);
    expect_gold("diff_duel.txt", format_diff(*found, Style::plain));
    expect_gold("diff_duel_coloured.txt", format_diff(*found, Style::coloured));
    EXPECT_FALSE(diff(duel, "base", "candidate"));
}

TEST(Diff, OfTroubledRunsIsReadByPeople) {
    auto base = repeated(3);
    auto candidate = repeated(troubled_run(), 3);
    for (auto& turn : candidate.runs) {
        turn.run.variant.clear();
        turn.run.verdict.complete = turn.repeat > 1;
    }
    expect_gold("diff_troubled.txt", format_diff(compared(base, candidate), Style::plain));
    expect_gold("diff_single.txt",
                format_diff(compared(Report(healthy_run()), Report(troubled_run()), {.force = true}), Style::plain));
    const auto text = format_diff(
        compared(repeated(4), altered(repeated(4), [](RunReport& run) { run.context.cores = 8; })), Style::plain);
    EXPECT_THAT(text, HasSubstr("incomparable\n"));
    EXPECT_THAT(text, HasSubstr("cores: 2 against 8"));
}

TEST(Diff, SelectsPartsOfAComparisonByName) {
    const Report duel = sample_duel();
    EXPECT_THAT(target_names(duel), ElementsAre("base", "cand"));
    const auto count = [&duel](const std::string& selector) {
        const auto selection = select(duel, selector, "d.json");
        return selection ? selection->runs.size() : 0;
    };
    EXPECT_EQ(count("base"), 10U);
    EXPECT_EQ(count("base/mqtt"), 5U);
    const auto said = [](const Report& report, const std::string& selector) {
        const auto selection = select(report, selector, "d.json");
        return selection ? std::string("no problem") : selection.problems().front().message;
    };
    EXPECT_THAT(said(duel, ""), HasSubstr("several targets: choose one (allowed after #: base, cand)"));
    EXPECT_THAT(said(duel, "mqtt"), HasSubstr("several targets"));
    EXPECT_THAT(said(duel, "bsae"), HasSubstr("nothing is called \"bsae\" (allowed after #: base, cand, mqtt, http2)"));
    EXPECT_THAT(said(duel, "bsae/mqtt"), HasSubstr("no target is called \"bsae\" (allowed: base, cand)"));
    EXPECT_THAT(said(duel, "base/grpc"), HasSubstr("nothing is called \"grpc\""));
    const Report plain = sample_comparison();
    EXPECT_THAT(target_names(plain), IsEmpty());
    EXPECT_EQ(select(plain, "", "p.json")->runs.size(), 6U);
    EXPECT_EQ(select(plain, "mqtt", "p.json")->runs.size(), 2U);  // only the group without a variant
    EXPECT_EQ(select(plain, "mqtt QoS 0", "p.json")->runs.size(), 2U);
    EXPECT_THAT(said(plain, "base/mqtt"), HasSubstr("this report has but one"));
    auto only_variants = sample_comparison();
    for (auto& turn : only_variants.runs) {
        turn.run.variant = turn.run.protocol == "mqtt" && turn.run.variant.empty() ? "QoS 1" : turn.run.variant;
    }
    EXPECT_EQ(select(Report(only_variants), "mqtt", "v.json")->runs.size(), 4U);
    const Report single = healthy_run();
    EXPECT_EQ(select(single, "mqtt", "r.json")->runs.size(), 1U);
    EXPECT_THAT(said(single, "http2"), HasSubstr("allowed after #: mqtt"));
    auto confusing = sample_duel();
    for (auto& turn : confusing.runs) {
        turn.name = turn.name == "base" ? "mqtt" : turn.name;
    }
    EXPECT_THAT(said(Report(confusing), "mqtt"), HasSubstr("\"mqtt/PROTOCOL\""));
    EXPECT_EQ(select(Report(confusing), "mqtt/http2", "c.json")->runs.size(), 5U);
}

TEST(Diff, PairsOnlyTheRoundsOfOneComparison) {
    const Report one = repeated(5);
    const Report other = repeated(5);
    EXPECT_TRUE(compared(one, one).groups.front().paired);
    EXPECT_FALSE(compared(one, other).groups.front().paired);
    auto duel = sample_duel();
    duel.runs.erase(duel.runs.begin() + 2);  // removes the first run of base over http2
    const auto found = diff(Report(duel), "base", "cand");
    EXPECT_TRUE(found->groups.at(0).paired);
    EXPECT_FALSE(found->groups.at(1).paired);
}

}  // namespace
}  // namespace portillon::report
