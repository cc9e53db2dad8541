#include "report/hdr_log.h"

#include <gmock/gmock.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "report/gold.h"
#include "report/samples.h"
#include "stats/base64.h"
#include "stats/histogram_codec.h"

namespace portillon::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string log_of(const Report& report, std::string_view latency) {
    return interval_log(entrants_of(report).front(), *account::find_latency(latency));
}

// Replaces the histograms of a log by their uncompressed bytes, since another zlib may compress them differently.
std::string inflated(const std::string& log) {
    std::istringstream lines(log);
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const auto comma = line.rfind(',');
        const auto histogram = line.starts_with('#') || comma == std::string::npos
                                   ? Checked<stats::Histogram>(Problems{{}})
                                   : stats::decode_deflated(line.substr(comma + 1));
        text += (histogram ? line.substr(0, comma + 1) + stats::encode_base64(stats::encode(*histogram)) : line) + '\n';
    }
    return text;
}

void expect_gold_log(const std::string& name, const std::string& log) {
    if (std::getenv("PORTILLON_WRITE_GOLD") != nullptr) {
        expect_gold(name, log);
        return;
    }
    std::ifstream file(PORTILLON_SOURCE_DIR "/lib/report/gold/" + name, std::ios::binary);
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(inflated(log), inflated(kept));
}

// The lines of lib/report/gold/*_as_read_by_reference.txt: "TAG START_MS END_MS COUNT P95_NS MAX_NS".
std::vector<std::string> read_by_reference(const std::string& name) {
    std::ifstream file(PORTILLON_SOURCE_DIR "/lib/report/gold/" + name + "_as_read_by_reference.txt");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

Nanos highest_equivalent(Nanos value) {
    return stats::Histogram::lowest_at(stats::Histogram::index_of(value) + 1) - 1ns;
}

std::string line_of(const std::string& tag, Nanos length, const stats::Histogram& histogram) {
    constexpr std::int64_t start_ms = 1'740'830'400'000;
    return fmt::format("{} {} {} {} {} {}", tag, start_ms, start_ms + length / 1ms,
                       histogram.count() - histogram.overflow(), histogram.percentile(95)->count(),
                       highest_equivalent(*histogram.max()).count());
}

// Histograms that together produce every kind of line: one value, few, many, far apart.
stats::Histogram values(const std::string& kind) {
    stats::Histogram histogram;
    if (kind == "one") {
        histogram.record(1'234'567ns);
    } else if (kind == "many") {
        for (std::int64_t i = 1; i <= 1'000'000; ++i) {
            histogram.record(Nanos{i * 1'000});
        }
    } else if (kind == "far") {
        histogram.record(0ns, 90);
        histogram.record(3ms, 9);
        histogram.record(24h);
    }
    return histogram;
}

// The place of a number with leading blanks, in one of the reference's columns.
struct Field {
    std::size_t at = 0, size = 0;
    double value = 0;
};

Field field_at(const std::string& line, std::size_t from) {
    const auto at = line.find_first_not_of(' ', from);
    const auto end = std::min(line.find_first_of(" ,]", at), line.size());
    return {from, end - from, std::atof(line.c_str() + at)};
}

// The reference's output, corrected by the exact extremes, which it does not know: no value is above the maximum, and
// the mean of values that share a bucket is not above it either.
std::string within_extremes(const std::string& reference, const stats::Histogram& histogram) {
    const auto in_ms = [](double ns) { return std::round(ns / 1e3) / 1e3; };
    const double min = in_ms(static_cast<double>(histogram.min().value_or(0ns).count()));
    const double max = in_ms(static_cast<double>(histogram.max().value_or(0ns).count()));
    std::istringstream lines(reference);
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const bool is_row = !line.empty() && line.find_first_not_of(" 0123456789.") == std::string::npos;
        const auto prefix = line.starts_with("#[Max") || line.starts_with("#[Mean") ? line.find('=') + 2 : 0;
        if (is_row || prefix > 0) {
            const auto field = field_at(line, prefix);
            const double right = prefix > 0 ? std::clamp(field.value, min, max) : std::min(field.value, max);
            if (right != field.value) {
                line.replace(field.at, field.size, fmt::format("{:>12.3f}", right));
            }
        }
        text += line + '\n';
    }
    return text;
}

void expect_reference(const std::string& name, const Latency& latency) {
    SCOPED_TRACE(name);
    std::ifstream file(PORTILLON_SOURCE_DIR "/lib/report/gold/" + name + "_reference.hgrm", std::ios::binary);
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(percentile_distribution(latency), within_extremes(kept, latency.histogram));
}

// lib/report/gold/*_reference.hgrm is the reference implementation's output (reference/make-gold.sh).
TEST(PercentileDistribution, IsWhatTheReferenceWritesButForTheExactExtremes) {
    for (const std::string kind : {"empty", "one", "far", "many"}) {
        expect_reference(kind, {values(kind), 0});
    }
    expect_reference("healthy", *healthy_run().latency.service);
}

TEST(PercentileDistribution, SaysWhatIsNotInIt) {
    auto latency = *troubled_run().latency.response;
    latency.histogram.record(25h, 3);
    EXPECT_THAT(percentile_distribution(latency),
                HasSubstr("\n#[1,000 never came, and rank above all of these; 3 above 24 h]\n"));
}

TEST(PercentileDistribution, RanksWhatNeverCameAboveEverything) {
    stats::Histogram histogram;
    histogram.record(1ms, 60);
    histogram.record(2ms, 30);
    const auto text = percentile_distribution({histogram, 10});
    // 90 of 100 validations were answered: levels beyond that have no value, and the maximum is not known.
    EXPECT_THAT(text, HasSubstr(" 0.900000000000         90 "));
    EXPECT_THAT(text, Not(HasSubstr(" 0.950000000000")));
    EXPECT_THAT(text, Not(HasSubstr(" 1.000000000000")));
    EXPECT_THAT(text, HasSubstr("#[Max     =        never, Total count    =          100]"));
    EXPECT_THAT(text, HasSubstr("#[Mean    =        never, StdDeviation   =        never]"));
}

TEST(IntervalLog, TellsOneRun) {
    expect_gold_log("healthy.hlog", log_of(healthy_run(), "response"));
}

TEST(IntervalLog, SaysWhatIsNotInIt) {
    expect_gold_log("troubled.hlog", log_of(troubled_run(), "response"));
}

TEST(IntervalLog, IsReadByTheReference) {
    const auto run = healthy_run();
    const auto first = stats::decode_deflated(run.intervals[0].response_histogram);
    ASSERT_TRUE(first);
    EXPECT_THAT(
        read_by_reference("healthy"),
        ElementsAre(line_of("null", 1s, *first), line_of("service", 2s, run.latency.service->histogram),
                    line_of("lateness", 2s, run.latency.lateness->histogram),
                    line_of("end_to_end", 2s, run.latency.end_to_end->histogram),
                    line_of("connect", 2s, run.latency.connect->histogram),
                    line_of("generator_lag", 2s, run.latency.generator_lag->histogram), "start 1740830400.000"));
    EXPECT_THAT(read_by_reference("troubled"), SizeIs(6));
}

TEST(IntervalLog, TagsAllButTheChosenLatency) {
    const auto text = log_of(healthy_run(), "service");
    EXPECT_THAT(text, HasSubstr("\nTag=response,0.000,1.000,"));
    EXPECT_THAT(text, Not(HasSubstr("Tag=service")));
    EXPECT_THAT(text, HasSubstr("\n0.000,2.000,"));
}

TEST(IntervalLog, SaysThatTheChosenLatencyWasNotMeasured) {
    EXPECT_THAT(log_of(unacknowledged_run(), "response"), HasSubstr("#[response (without a tag): not measured]"));
}

TEST(IntervalLog, PutsRepeatsOneAfterTheOther) {
    auto later = healthy_run();
    later.context.started_at = "2025-03-01T12:01:00Z";
    auto earlier_by_its_clock = healthy_run();
    earlier_by_its_clock.context.started_at = "2025-03-01T11:00:00Z";
    Comparison comparison;
    comparison.runs = {{1, 1, healthy_run()}, {2, 1, later}, {3, 1, earlier_by_its_clock}};
    const auto text = log_of(comparison, "response");
    EXPECT_THAT(text, StartsWith("#[Histogram log format version 1.3]\n#[StartTime: 1740830400.000 (seconds since "
                                 "epoch), Sat Mar 01 12:00:00 UTC 2025]\n"));
    EXPECT_THAT(text, HasSubstr("\n0.000,1.000,"));
    EXPECT_THAT(text, HasSubstr("\n60.000,1.000,"));
    EXPECT_THAT(text, HasSubstr("\n62.000,1.000,"));
}

// Every kind of run can be written.
TEST(IntervalLog, TellsEveryKindOfRun) {
    auto without_ledger = healthy_run();
    forget_ledger(without_ledger);
    without_ledger.latency.end_to_end.reset();
    auto dead = troubled_run();
    dead.intervals.clear();
    dead.latency = {};
    for (const auto& run : {healthy_run(), troubled_run(), unacknowledged_run(), staged_run(), without_ledger, dead}) {
        const Report report = run;
        const auto entrant = entrants_of(report).front();
        const auto headline = headline_of(entrant);
        EXPECT_EQ(headline.name, run.latency.response ? "response" : "end_to_end");
        const auto text = interval_log(entrant, headline);
        for (const auto& each : account::latency_figures) {
            const bool told = text.find("Tag=" + std::string(each.name) + ",") != std::string::npos;
            const bool missing = text.find("[" + std::string(each.name)) != std::string::npos;
            EXPECT_TRUE(told || missing) << each.name;
        }
    }
}

TEST(IntervalLog, SurvivesARunThatNeverBegan) {
    RunReport empty;
    empty.scenario.name = "two\nlines";
    const auto text = log_of(empty, "response");
    EXPECT_THAT(text, Not(HasSubstr("StartTime:")));
    EXPECT_THAT(text, HasSubstr("#[two\\nlines over "));
    EXPECT_THAT(text, HasSubstr("\"StartTimestamp\""));
}

}  // namespace
}  // namespace portillon::report
