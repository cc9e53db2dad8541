#include "report/grouped.h"

#include <gmock/gmock.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> texts_of(const std::vector<std::string>& sentences) {
    std::vector<std::string> texts;
    for (const auto& group : grouped(sentences)) {
        texts.push_back(group.text);
    }
    return texts;
}

TEST(Grouped, NamesTheLeastAndTheGreatestOfEachNumber) {
    EXPECT_THAT(texts_of({"P99 of 4.6 ms is late", "P99 of 1.3 ms is late", "P99 of 2 ms is late"}),
                ElementsAre("P99 of 1.3 to 4.6 ms is late"));
    EXPECT_THAT(texts_of({"P99 of 900 us is late", "P99 of 1.3 ms is late"}),
                ElementsAre("P99 of 900 us to 1.3 ms is late"));
    EXPECT_THAT(texts_of({"1,200 of 20,000 were late", "900 of 20,000 were late"}),
                ElementsAre("900 to 1,200 of 20,000 were late"));
    EXPECT_THAT(texts_of({"a clock stepped", "a clock stepped"}), ElementsAre("a clock stepped"));
    EXPECT_EQ(grouped({"a", "b", "a"}).front().count, 2U);
}

TEST(Grouped, KeepsApartWhatDiffersInMoreThanNumbers) {
    EXPECT_THAT(texts_of({"3 dials failed", "3 equipments failed"}),
                ElementsAre("3 dials failed", "3 equipments failed"));
    // The digits of a word are no number, and a time is not a count.
    EXPECT_THAT(texts_of({"P95 is late", "P99 is late", "http2 fell"}),
                ElementsAre("P95 is late", "P99 is late", "http2 fell"));
    EXPECT_THAT(texts_of({"after 3 ms", "after 3 messages"}), ElementsAre("after 3 ms", "after 3 messages"));
    EXPECT_THAT(texts_of({"", "5"}), ElementsAre("", "5"));
}

TEST(Grouped, KeepsNamesThatAreNumbersApart) {
    const std::vector<std::string> sentences{"fault 1: stop broker exited with 1", "fault 2: stop broker exited with 7",
                                             "http 404 from 127.0.0.1:80", "http 500 from 127.0.0.2:81"};
    EXPECT_EQ(texts_of(sentences), sentences);
    EXPECT_THAT(texts_of({"fault 1: 2 % late after 3 s", "fault 1: 5 % late after 4 s"}),
                ElementsAre("fault 1: 2 to 5 % late after 3 to 4 s"));
}

TEST(Grouped, CountsTheRepeatsOfEachKind) {
    std::vector<RunReport> runs(5, healthy_run());
    for (std::size_t i = 0; i < 4; ++i) {
        runs[i].verdict = {.measurement = Measurement::invalid,
                           .reasons = {i == 0 ? "generator late, P99 1.3 ms" : "generator late, P99 4.6 ms"}};
    }
    Entrant entrant{.name = "mqtt", .runs = {}, .repeats = {1, 2, 3, 4, 5}, .asked = 5};
    for (const auto& run : runs) {
        entrant.runs.push_back(&run);
    }
    EXPECT_THAT(grouped_reasons(entrant),
                ElementsAre("4 of 5 repeats invalid, not counted: generator late, P99 1.3 to 4.6 ms"));
    runs[4].verdict = {.measurement = Measurement::suspect, .reasons = {"the clock stepped"}};
    EXPECT_THAT(grouped_reasons(entrant),
                ElementsAre("4 of 5 repeats invalid, not counted: generator late, P99 1.3 to 4.6 ms",
                            "1 of 5 repeats suspect: the clock stepped"));
    runs[1].verdict.reasons.emplace_back("a port was in use");
    EXPECT_THAT(grouped_reasons(entrant).front(),
                "4 of 5 repeats invalid, not counted: generator late, P99 1.3 to 4.6 ms; a port was in use (in 1)");
}

TEST(Grouped, SaysOfASingleRunOnlyWhatIsWrong) {
    auto run = troubled_run();
    const Entrant entrant{.name = "mqtt", .runs = {&run}, .repeats = {1}};
    EXPECT_THAT(grouped_reasons(entrant),
                ElementsAre("incomplete: the run was interrupted; generator_lag P99 of 3.1 ms is above 5 % of response "
                            "P99; 1.4 % of validations were first sent 1 s late while window, link and breaker were "
                            "open, which means that the generator could not keep up"));
    run.verdict = {};
    EXPECT_THAT(grouped_reasons(entrant), IsEmpty());
}

}  // namespace
}  // namespace portillon::report
