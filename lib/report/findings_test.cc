#include "report/findings.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A protocol with the factors by which its figures differ from those of the ordinary one.
struct Rival {
    const char* protocol;
    double p50 = 1, tail = 1;  // of response: half of the values, and the others
    double cost = 1;
};

RunReport run_of(const Rival& rival, double noise) {
    auto run = healthy_run();
    run.protocol = rival.protocol;
    const auto times = [&](double us, double factor) {
        return Nanos{static_cast<std::int64_t>(us * 1e3 * factor * noise)};
    };
    stats::Histogram histogram;
    histogram.record(times(100, rival.p50), 60);
    histogram.record(times(400, rival.tail), 38);
    histogram.record(times(900, rival.tail), 2);
    run.latency.response = Latency{histogram, 0};
    run.resources.server->cpu_us_per_validation = 20 * rival.cost * noise;
    run.resources.server->rss_bytes_per_equipment = 1000 * rival.cost * noise;
    run.wire.bytes_per_validation = 130 * rival.cost;
    return run;
}

// Repeats that differ by some percent among each other.
Comparison comparison_of(const std::vector<Rival>& rivals, unsigned repeats) {
    Comparison comparison;
    comparison.repeats = repeats;
    Random random(3);
    for (unsigned repeat = 1; repeat <= repeats; ++repeat) {
        unsigned order = 0;
        for (const auto& rival : rivals) {
            comparison.runs.push_back({repeat, ++order, run_of(rival, 0.99 + 0.02 * random.uniform())});
        }
    }
    return comparison;
}

TEST(Findings, NameTheWinnersOfSeveralRepeats) {
    EXPECT_THAT(
        findings_of(comparison_of({{"mqtt"}, {"http2", 1, 2.1, 2}}, 5)),
        ElementsAre("mqtt answers fastest and needs least", "nobody lost anything", "http2's P99 is 2.1 times mqtt's",
                    "P50 alike, within 5 %", "5 repeats: differences below 5 % count as none"));
}

TEST(Findings, SayThatThereIsNoWinner) {
    auto comparison = comparison_of({{"mqtt"}, {"http2", 1.3, 1.04, 1}}, 5);
    for (auto& turn : comparison.runs) {  // the repeats differ by more than the protocols
        turn.run.resources.server->cpu_us_per_validation = turn.run.protocol == "mqtt" ? turn.repeat : 6 - turn.repeat;
    }
    const auto said = findings_of(comparison);
    EXPECT_THAT(said, Contains("mqtt is fastest in P50"));
    EXPECT_THAT(said, Contains(AllOf(HasSubstr("no winner in"), HasSubstr("CPU"))));
    EXPECT_THAT(said, Not(Contains(HasSubstr("answers fastest"))));
    EXPECT_THAT(said, Not(Contains(HasSubstr("needs least"))));
}

TEST(Findings, LetTwoShareTheFirstPlace) {
    EXPECT_THAT(findings_of(comparison_of({{"mqtt"}, {"http2", 1, 2.1, 2}, {"grpc"}}, 5)),
                Contains("mqtt and grpc answer faster than the others, with no winner between them"))
        << "in the order of their figures";
    EXPECT_THAT(findings_of(comparison_of({{"mqtt"}, {"http2", 1, 2.1, 2}, {"grpc"}}, 5)),
                Contains("mqtt and grpc need the least CPU, memory and bytes"));
}

TEST(Findings, SayOfOneRepeatOnlyWhatIsPlain) {
    const auto said = findings_of(comparison_of({{"mqtt"}, {"http2", 1.2, 2.1, 1.2}}, 1));
    EXPECT_THAT(said, ElementsAre("mqtt answers fastest", "mqtt needs the least bytes", "nobody lost anything",
                                  "http2's P99 is 2.1 times mqtt's", "no winner in P50, CPU and memory",
                                  "1 repeat: no statement about differences below 50 %, in bytes 5 %"));
    EXPECT_THAT(findings_of(comparison_of({{"mqtt"}, {"http2", 1.2, 1.4, 1.2}}, 2)),
                Contains("2 repeats: no statement about differences below 25 %, in bytes 5 %"));
}

TEST(Findings, NameNoWinnerFromAnInvalidMeasurement) {
    auto comparison = comparison_of({{"mqtt"}, {"http2", 2, 2, 2}, {"grpc", 4, 4, 4}}, 5);
    for (auto& turn : comparison.runs) {
        if (turn.run.protocol == "mqtt") {
            turn.run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator was late"}};
            turn.run.counts.lost = 3;
        }
    }
    const auto said = findings_of(comparison);
    EXPECT_THAT(said, Contains("http2 answers fastest and needs least"));
    EXPECT_THAT(said, Contains("mqtt lost 15 validations")) << "a bad measurement excuses no broken promise";
    EXPECT_THAT(said, Contains("nothing is said of the times and costs of mqtt, without a valid measurement"));
    EXPECT_THAT(said, Not(Contains(HasSubstr("mqtt answers"))));
}

TEST(Findings, CountALossInARunThatWasMadeAgain) {
    auto comparison = comparison_of({{"mqtt"}, {"http2"}}, 3);
    auto superseded = comparison.runs.front();
    superseded.superseded = true;
    superseded.run.verdict = {.measurement = Measurement::invalid, .reasons = {"the generator was late"}};
    superseded.run.counts.lost = 4;
    comparison.runs.insert(comparison.runs.begin(), superseded);
    const auto said = findings_of(comparison);
    EXPECT_THAT(said, Contains("mqtt lost 4 validations"));
    EXPECT_THAT(said, Not(Contains("nobody lost anything")));
}

TEST(Findings, SayFirstWhichMeasurementIsInDoubt) {
    auto comparison = comparison_of({{"mqtt"}, {"http2", 1, 2.1, 2}}, 5);
    comparison.runs.front().run.verdict = {.measurement = Measurement::suspect, .reasons = {"the generator was late"}};
    const auto said = findings_of(comparison);
    ASSERT_THAT(said, Not(IsEmpty()));
    EXPECT_EQ(said.front(), "the measurement of mqtt is suspect: read its figures with care");
}

TEST(Findings, CompareNothingWithOneEntrant) {
    EXPECT_THAT(findings_of(comparison_of({{"mqtt"}}, 5)), ElementsAre("nothing was lost"));
    EXPECT_THAT(findings_of(Comparison{}), IsEmpty());
}

TEST(Findings, LeaveOutWhatIsNotKnown) {
    auto comparison = comparison_of({{"mqtt"}, {"http2", 2, 2, 2}}, 5);
    for (auto& turn : comparison.runs) {
        turn.run.resources.server.reset();
        if (turn.run.protocol == "mqtt") {
            turn.run.latency.response.reset();
            forget_ledger(turn.run);
        }
    }
    EXPECT_THAT(findings_of(comparison),
                ElementsAre("mqtt needs the least bytes", "whether mqtt lost anything is not known",
                            "5 repeats: differences below 5 % count as none"));
}

TEST(Findings, RankTheNeverAnsweredAboveEverything) {
    auto comparison = comparison_of({{"mqtt"}, {"http2"}}, 5);
    for (auto& turn : comparison.runs) {
        if (turn.run.protocol == "http2") {
            turn.run.latency.response->unanswered = 5;
            turn.run.counts.undelivered = 5;
        }
    }
    const auto said = findings_of(comparison);
    EXPECT_THAT(said, Contains("http2's P99 is among the never answered"));
    EXPECT_THAT(said, Contains("25 validations of http2 never arrived"));
}

TEST(Findings, OfARealComparisonWithDoubts) {
    EXPECT_THAT(findings_of(sample_comparison()), Not(IsEmpty()));
    EXPECT_THAT(findings_of(sample_duel()), Contains("cand http2 lost 1 validation"));
}

}  // namespace
}  // namespace portillon::report
