#include "report/csv.h"

#include <gmock/gmock.h>

#include <map>
#include <vector>

#include "report/gold.h"
#include "report/samples.h"

namespace portillon::report {
namespace {

using ::testing::HasSubstr;

// Reads RFC 4180 with code that shares nothing with the writer.
std::vector<std::vector<std::string>> parse(const std::string& text) {
    std::vector<std::vector<std::string>> rows(1);
    std::string field;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        if (quoted && letter == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            field += text[++i];
        } else if (letter == '"') {
            quoted = !quoted;
        } else if (!quoted && (letter == ',' || letter == '\n')) {
            rows.back().push_back(field);
            field.clear();
            if (letter == '\n') {
                rows.emplace_back();
            }
        } else {
            field += letter;
        }
    }
    rows.pop_back();
    return rows;
}

std::vector<std::map<std::string, std::string>> records(const std::string& text) {
    const auto rows = parse(text);
    std::vector<std::map<std::string, std::string>> named;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].size(), rows[0].size());
        named.emplace_back();
        for (std::size_t column = 0; column < rows[0].size(); ++column) {
            named.back()[rows[0][column]] = rows[i].at(column);
        }
    }
    return named;
}

TEST(FiguresCsv, HasARowForEachRun) {
    expect_gold("comparison.csv", figures_csv(sample_comparison()));
}

TEST(FiguresCsv, HasTheSameColumnsForEveryReport) {
    const auto columns = parse(figures_csv(healthy_run()))[0];
    for (const Report& report : std::vector<Report>{troubled_run(), unacknowledged_run(), staged_run(),
                                                    sample_comparison(), sample_duel(), RunReport{}, Comparison{}}) {
        EXPECT_EQ(parse(figures_csv(report))[0], columns);
    }
    EXPECT_EQ(std::map(records(figures_csv(RunReport{})).at(0)).size(), columns.size()) << "a column twice";
}

TEST(FiguresCsv, LeavesEmptyWhatWasNotMeasured) {
    const auto run = records(figures_csv(unacknowledged_run())).at(0);
    EXPECT_EQ(run.at("latency.response.count"), "");
    EXPECT_EQ(run.at("latency.response.p95_us"), "");
    EXPECT_EQ(run.at("delivery.lost"), "");
    EXPECT_EQ(run.at("tally.acknowledged"), "0");
    EXPECT_EQ(run.at("delivery.undelivered"), "10");
    EXPECT_EQ(run.at("errors"), "0");
}

TEST(FiguresCsv, LeavesEmptyAPercentileAmongTheUnanswered) {
    const auto run = records(figures_csv(troubled_run())).at(0);
    EXPECT_EQ(run.at("latency.response.p99_us"), "");
    EXPECT_NE(run.at("latency.response.p95_us"), "");
    EXPECT_EQ(run.at("latency.response.unanswered"), "1000");
    EXPECT_EQ(run.at("verdict.complete"), "false");
    EXPECT_EQ(run.at("fleet.connect_failures"), "15");
    EXPECT_FALSE(run.contains("fleet.connect_failures.by_cause"));  // errors.by_cause has them, once
}

TEST(FiguresCsv, HasARowForEachPhaseAfterItsRun) {
    const auto rows = records(figures_csv(staged_run()));
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].at("phase"), "");
    EXPECT_EQ(rows[1].at("phase"), "warm-up");
    EXPECT_EQ(rows[1].at("phase.measured"), "false");
    EXPECT_EQ(rows[3].at("phase"), "peak");
    EXPECT_EQ(rows[3].at("wire.bytes_sent"), "");
    std::uint64_t generated = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        generated += std::stoull(rows[i].at("tally.generated"));
    }
    EXPECT_EQ(std::to_string(generated), rows[0].at("tally.generated"));
}

TEST(FiguresCsv, QuotesWhatNeedsIt) {
    auto run = healthy_run();
    run.scenario.name = "a \"name\", with\nall of it";
    const auto text = figures_csv(run);
    EXPECT_THAT(text, HasSubstr("\n\"a \"\"name\"\", with\nall of it\","));
    EXPECT_EQ(records(text).at(0).at("scenario.name"), run.scenario.name);
}

TEST(FiguresCsv, NamesTheTargets) {
    const auto rows = records(figures_csv(sample_duel()));
    ASSERT_EQ(rows.size(), 20U);
    EXPECT_EQ(rows[0].at("name"), "base");
    EXPECT_EQ(rows[19].at("name"), "cand");
    EXPECT_EQ(rows[19].at("repeat"), "5");
}

TEST(IntervalsCsv, HasARowForEachInterval) {
    expect_gold("intervals.csv", intervals_csv(healthy_run()));
}

TEST(IntervalsCsv, TellsNoResponsesFromNoneInThisInterval) {
    EXPECT_EQ(records(intervals_csv(healthy_run())).at(1).at("response.count"), "0");
    EXPECT_EQ(records(intervals_csv(unacknowledged_run())).at(1).at("response.count"), "");
}

}  // namespace
}  // namespace portillon::report
