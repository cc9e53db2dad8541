#include "report/json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "report/gold.h"
#include "report/intervals.h"
#include "report/samples.h"
#include "report/schema.h"
#include "stats/histogram_codec.h"

namespace portillon::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// Removes the histograms, since another zlib may compress them differently.
std::string without_histograms(const std::string& text) {
    return std::regex_replace(text, std::regex("(histogram\": )\"[^\"]+\""), "$1\"(base64)\"");
}

TEST(ReportJson, IsWrittenAsItAlwaysWas) {
    expect_gold("run.json", without_histograms(to_json(healthy_run())));
    expect_gold("run_troubled.json", without_histograms(to_json(troubled_run())));
    expect_gold("run_staged.json", without_histograms(to_json(staged_run())));
}

TEST(ReportJson, MatchesItsSchema) {
    for (const auto& report :
         {Report(healthy_run()), Report(troubled_run()), Report(unacknowledged_run()), Report(staged_run()),
          Report(sample_comparison()), Report(sample_duel()), Report(RunReport{})}) {
        const auto problems = check_schema(Json::parse(to_json(report)));
        EXPECT_TRUE(problems.empty()) << format_problem(problems.front());
    }
    EXPECT_EQ(Json::parse(schema_text())["$schema"], "http://json-schema.org/draft-07/schema#");
}

// Puts values of every type into each place once. The published schema must refuse every wrong shape, and not the
// reader behind it, which only finds figures that contradict each other.
TEST(ReportJson, RefusesWrongShapesByItsSchema) {
    const auto whole = Json::parse(to_json(troubled_run()));
    const auto places = whole.flatten();
    std::set<std::string> seen;
    for (const auto& [pointer, value] : places.items()) {
        const auto kind = std::regex_replace(pointer, std::regex("/[0-9]+"), "/0");
        if (!seen.insert(kind).second) {
            continue;
        }
        for (const auto& other :
             {Json(), Json(true), Json(-1), Json(1.5), Json("text"), Json::array(), Json::object(), Json(1e300)}) {
            auto mutant = whole;
            mutant[Json::json_pointer(pointer)] = other;
            const auto read = parse_report(mutant.dump(), "mutant");
            if (read || !check_schema(mutant).empty()) {
                continue;
            }
            for (const auto& problem : read.problems()) {
                EXPECT_THAT(problem.message, ::testing::AnyOf(HasSubstr("altered"), HasSubstr("istogram")))
                    << pointer << " = " << other.dump() << ": the schema says yes; " << format_problem(problem);
            }
        }
    }
    EXPECT_GT(seen.size(), 100U);
}

TEST(ReportJson, ComesBackAsItWasWritten) {
    for (const auto& report :
         {Report(healthy_run()), Report(troubled_run()), Report(unacknowledged_run()), Report(staged_run()),
          Report(sample_comparison()), Report(sample_duel()), Report(RunReport{})}) {
        const auto text = to_json(report, Layout::compact);
        const auto read = parse_report(text, "report.json");
        ASSERT_TRUE(read) << format_problem(read.problems().front());
        EXPECT_EQ(to_json(*read, Layout::compact), text);
    }
}

TEST(ReportJson, KeepsTheRunsThatWereMadeAgain) {
    auto comparison = sample_comparison();
    comparison.repeats = 3;
    comparison.runs[2].superseded = true;
    auto json = Json::parse(to_json(Report(comparison)));
    const auto read = parse_report(json.dump(), "report.json");
    ASSERT_TRUE(read);
    EXPECT_TRUE(std::get<Comparison>(*read).runs[2].superseded);
    EXPECT_FALSE(std::get<Comparison>(*read).runs[1].superseded);
    EXPECT_EQ(std::get<Comparison>(*read).repeats, 3U);
    // Older reports have neither.
    json.erase("repeats");
    for (auto& run : json["runs"]) {
        run.erase("superseded");
    }
    const auto old = parse_report(json.dump(), "report.json");
    ASSERT_TRUE(old);
    EXPECT_FALSE(std::get<Comparison>(*old).runs[2].superseded);
    EXPECT_EQ(std::get<Comparison>(*old).repeats, 0U);
}

TEST(ReportJson, KeepsHistogramsExactly) {
    const auto read = parse_report(to_json(troubled_run()), "report.json");
    ASSERT_TRUE(read);
    const auto& run = std::get<RunReport>(*read);
    EXPECT_EQ(run.latency.service->histogram, troubled_run().latency.service->histogram);
    EXPECT_EQ(run.latency.service->histogram.overflow(), 1U);
    EXPECT_EQ(run.latency.response->unanswered, 1'000U);
    EXPECT_EQ(run.seed, 18'000'000'000'000'000'007U);
    EXPECT_FALSE(run.latency.lateness);
}

TEST(ReportJson, WritesNullForWhatIsAbsentAndForNoNumber) {
    auto run = unacknowledged_run();
    run.throughput.due_per_s = std::numeric_limits<double>::quiet_NaN();
    const auto json = Json::parse(to_json(run));
    EXPECT_TRUE(json["latency"]["response"].is_null());
    EXPECT_TRUE(json["delivery"]["lost"].is_null());
    EXPECT_TRUE(json["throughput"]["due_per_s"].is_null());
    EXPECT_TRUE(json["throughput"]["acknowledged_per_s"].is_null());
    EXPECT_TRUE(Json::parse(to_json(troubled_run()))["latency"]["response"]["p99_us"].is_null());
}

TEST(ReportJson, ReadsReportsFromBeforeThereWerePhases) {
    auto json = Json::parse(to_json(staged_run()));
    json.erase("phases");
    json["verdict"].erase("aborted_by");
    json["fleet"].erase("connecting_s");
    const auto read = parse_report(json.dump(), "report.json");
    ASSERT_TRUE(read) << format_problem(read.problems().front());
    EXPECT_TRUE(std::get<RunReport>(*read).phases.empty());
}

TEST(ReportJson, ChecksTheFiguresOfPhasesToo) {
    auto json = Json::parse(to_json(staged_run()));
    json["phases"][2]["latency"]["response"]["p95_us"] = 1;
    json["phases"][1]["cached"] = 1;
    const auto read = parse_report(json.dump(), "report.json");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.problems()[0].key, "phases.2.latency.response.p95_us");
    EXPECT_EQ(read.problems()[1].key, "phases.1.generated");
}

TEST(ReportJson, KeepsFaultsAndTheirPhases) {
    const auto text = to_json(faulty_run());
    const auto read = parse_report(text, "report.json");
    ASSERT_TRUE(read) << format_problem(read.problems().front());
    const auto& run = std::get<RunReport>(*read);
    EXPECT_EQ(to_json(run), text);
    ASSERT_EQ(run.faults.size(), 2U);
    EXPECT_EQ(run.faults[0].which, faulty_run().faults[0].which);
    EXPECT_EQ(run.phases.back().part, "after");
    EXPECT_EQ(run.phases.back().counts.retries, 5U);
    EXPECT_FALSE(Json::parse(to_json(healthy_run())).contains("faults"));
}

TEST(ReportJson, KeepsTheCommandsOfFaults) {
    auto run = faulty_run();
    run.faults[1].kind = "command";
    run.faults[1].commands = {
        {.key = "run", .command = "stop", .at_s = 4, .took_s = 1.5, .exit_status = 0, .ended = "exited with 0"},
        {.key = "until",
         .command = "start",
         .at_s = 5,
         .took_s = 10,
         .ended = "took longer than 10s and was killed",
         .last_line = "starting"}};
    const auto text = to_json(run);
    const auto read = parse_report(text, "report.json");
    ASSERT_TRUE(read) << format_problem(read.problems().front());
    EXPECT_EQ(std::get<RunReport>(*read).faults[1].commands, run.faults[1].commands);
    EXPECT_EQ(to_json(*read), text);
    EXPECT_FALSE(Json::parse(text)["faults"][0].contains("commands"));
}

TEST(ReportJson, ReplacesWhatIsNotUtf8) {
    auto run = healthy_run();
    run.target = "mqtt://\xff";
    EXPECT_TRUE(parse_report(to_json(run), "report.json"));
    run.verdict.reasons = {"the generator itself was late"};
    EXPECT_FALSE(parse_report(to_json(run), "report.json"));
}

// Older reports had percentiles above the maximum, and a maximum although validations were unanswered.
TEST(ReportJson, ReadsTheFiguresOfEarlierReports) {
    auto run = healthy_run();
    run.latency.response = Latency{};
    run.latency.response->histogram.record(4'290'001ns, 19'000);
    run.latency.response->unanswered = 1'000;
    run.latency.service = Latency{};
    run.latency.service->histogram.record(4'290'001ns, 19'000);
    const auto text = to_json(run);
    auto json = Json::parse(text);
    EXPECT_TRUE(json["latency"]["response"]["max_us"].is_null());
    EXPECT_TRUE(json["latency"]["response"]["mean_us"].is_null());
    EXPECT_TRUE(json["latency"]["response"]["stdev_us"].is_null());
    EXPECT_EQ(json["latency"]["response"]["answered_max_us"], 4290.001);
    EXPECT_FALSE(json["latency"]["service"].contains("answered_max_us"));
    const auto again = parse_report(text, "report.json");
    ASSERT_TRUE(again) << format_problem(again.problems().front());
    EXPECT_EQ(to_json(*again), text);

    for (const char* name : {"response", "service"}) {
        auto& latency = json["latency"][name];
        latency.erase("answered_max_us");
        for (const char* percentile : {"p50_us", "p75_us", "p90_us", "p95_us", "p99_us", "p99_9_us", "p99_99_us"}) {
            latency[percentile] = latency[percentile].is_null() ? Json() : Json(4292.607);
        }
        latency["max_us"] = 4290.001;
        latency["mean_us"] = 4290.56;
        latency["stdev_us"] = 0;
    }
    const auto earlier = parse_report(json.dump(), "report.json");
    ASSERT_TRUE(earlier) << format_problem(earlier.problems().front());
    EXPECT_EQ(to_json(*earlier), text);

    json["latency"]["service"]["p95_us"] = 4291.5;
    EXPECT_FALSE(parse_report(json.dump(), "report.json"));
}

TEST(ReportJson, KeepsTheExactExtremesOfIntervals) {
    auto run = healthy_run();
    stats::Histogram histogram;
    histogram.record(4'290'001ns);
    auto& interval = run.intervals.back();
    interval.response_histogram = stats::encode_deflated(histogram);
    interval.response_min = interval.response_max = 4'290'001ns;
    interval.width_s = 0.25;
    const auto read = parse_report(to_json(run), "report.json");
    ASSERT_TRUE(read) << format_problem(read.problems().front());
    const auto& back = std::get<RunReport>(*read);
    EXPECT_EQ(response_of(back, back.intervals.back())->percentile(99), 4'290'001ns);
    EXPECT_EQ(back.intervals.back().width_s, 0.25);
    auto json = Json::parse(to_json(run));
    json["intervals"].back()["response_max_us"] = 5000;
    EXPECT_FALSE(parse_report(json.dump(), "report.json"));
}

TEST(ReportJson, IgnoresKeysItDoesNotKnow) {
    auto json = Json::parse(to_json(healthy_run()));
    json["later"] = {{"more", 1}};
    json["tally"]["expired"] = 0;
    json["latency"]["response"]["p10_us"] = 1;
    EXPECT_TRUE(parse_report(json.dump(), "report.json"));
}

Json healthy() {
    return Json::parse(to_json(healthy_run()));
}

TEST(ReportJson, RefusesWhatIsNoReportAndSaysWhatToDo) {
    const auto whole = to_json(healthy_run());
    auto newer = healthy();
    newer["schema"] = 2;
    auto stranger = healthy();
    stranger["schema"] = "one";
    auto kind = healthy();
    kind["kind"] = "baseline";
    struct Row {
        const char* what;
        std::string text;
        const char* message;
    };
    const Row rows[] = {
        {"nothing", "", "report.json: the file is empty"},
        {"blanks", " \n\t\n", "the file is empty"},
        {"text", "hello", "report.json:1: not JSON"},
        {"yaml", "name: peak\nseed: 7\n", "not JSON"},
        {"half a report", whole.substr(0, whole.size() / 2), "cut short; copy the whole file again"},
        {"all but the end", whole.substr(0, whole.size() - 2), "cut short"},
        {"something after it", whole + "x", "not JSON"},
        {"a list", "[1, 2]", "no report of portillon"},
        {"another object", R"({"metrics": {}})", "no report of portillon"},
        {"a newer schema", newer.dump(),
         "a report of schema 2, made by a newer portillon (this one reads schema 1): read it with that version"},
        {"a strange schema", stranger.dump(), "the schema \"one\" is unknown (allowed: 1)"},
        {"another kind", kind.dump(), "its kind is unknown (allowed: \"run\", \"comparison\")"},
        {"a depth", std::string(100'000, '['), "nested deeper than 64"},
        {"a byte 0", whole + std::string(1, '\0'), "holds a byte 0"},
        {"a deep object", R"({"schema":1,"kind":"run","x":)" + std::string(200, '[') + std::string(200, ']') + "}",
         "nested deeper than 64"},
        {"a huge number", R"({"schema":1,"kind":"run","seed":1e999})", "out of range"},
    };
    for (const auto& row : rows) {
        const auto read = parse_report(row.text, "report.json");
        ASSERT_FALSE(read) << row.what;
        EXPECT_THAT(format_problem(read.problems().front()), HasSubstr(row.message)) << row.what;
    }
}

TEST(ReportJson, NamesEveryKeyThatIsWrong) {
    auto json = healthy();
    json["tally"]["generated"] = "many";
    json["tally"]["acknowledged"] = -1;
    json["tally"].erase("cached");
    json["verdict"]["measurement"] = "fine";
    json["latency"]["response"]["p95_us"] = true;
    json["errors"]["connect.refused"] = 1.5;
    json["context"]["cores"] = 5e9;
    json["intervals"][1]["due"] = nullptr;
    json.erase("wire");
    const auto read = parse_report(json.dump(), "report.json");
    ASSERT_FALSE(read);
    std::vector<std::string> lines;
    for (const auto& problem : read.problems()) {
        lines.push_back(format_problem(problem));
    }
    EXPECT_THAT(
        lines,
        ::testing::UnorderedElementsAre(
            "report.json: tally.generated: not what belongs here (allowed: integer, at least 0)",
            "report.json: tally.acknowledged: not what belongs here (allowed: integer, at least 0)",
            "report.json: tally: the key \"cached\" is missing",
            "report.json: verdict.measurement: not what belongs here (allowed: \"valid\", \"suspect\", \"invalid\")",
            "report.json: latency.response.p95_us: not what belongs here (allowed: number or null)",
            "report.json: errors.connect.refused: not what belongs here (allowed: integer, at least 0)",
            "report.json: context.cores: not what belongs here (allowed: integer, at least 0, at most 4294967295)",
            "report.json: intervals.1.due: not what belongs here (allowed: integer, at least 0)",
            "report.json: the key \"wire\" is missing"));
}

TEST(ReportJson, KeepsTheNamesOfSeveralTargets) {
    auto json = Json::parse(to_json(sample_duel()));
    EXPECT_EQ(json["runs"][1]["name"], "cand");
    EXPECT_TRUE(Json::parse(to_json(sample_comparison()))["runs"][0]["name"].is_null());
    // Older reports have no names of targets.
    json["runs"][1].erase("name");
    const auto read = parse_report(json.dump(), "duel.json");
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<Comparison>(*read).runs[0].name, "base");
    EXPECT_EQ(std::get<Comparison>(*read).runs[1].name, "");
}

TEST(ReportJson, NamesTheRunOfAComparisonThatIsWrong) {
    auto json = Json::parse(to_json(sample_comparison()));
    json["runs"][2]["latency"]["service"]["count"] = "x";
    json["runs"][4].erase("repeat");
    const auto read = parse_report(json.dump(), "c.json");
    ASSERT_FALSE(read);
    ASSERT_EQ(read.problems().size(), 2U);
    EXPECT_EQ(format_problem(read.problems()[0]),
              "c.json: runs.2.latency.service.count: not what belongs here (allowed: integer, at least 0)");
    EXPECT_EQ(format_problem(read.problems()[1]), "c.json: runs.4: the key \"repeat\" is missing");
    json["runs"] = Json::array();
    EXPECT_FALSE(parse_report(json.dump(), "c.json"));
}

TEST(ReportJson, NoticesFiguresThatWereAltered) {
    struct Row {
        const char* pointer;
        Json value;
        const char* problem;
    };
    const Row rows[] = {
        {"/latency/response/count", 19'999,
         "latency.response.count: is 19999 where the histogram says 20000: the report was altered"},
        {"/latency/response/p95_us", 12.5, "latency.response.p95_us: is 12.5 where the histogram says"},
        {"/latency/response/p99_us", nullptr, "latency.response.p99_us: is null where the histogram says"},
        {"/latency/response/unanswered", 1'000, "latency.response.p99_us: is"},
        {"/latency/service/mean_us", 1, "latency.service.mean_us: is 1 where"},
        {"/latency/connect/max_us", 1, "latency.connect: min_us, max_us and overflow contradict the histogram"},
        {"/latency/connect/overflow", 3, "latency.connect: min_us, max_us and overflow contradict the histogram"},
        {"/latency/connect/histogram", "HISTFAAA",
         "latency.connect.histogram: the deflated histogram is shorter or longer"},
        {"/intervals/0/response_histogram", "!", "intervals.0.response_histogram: the histogram is not base64"},
        {"/tally/acknowledged", 19'999, "tally.generated: the delivery account does not add up"},
        {"/ledger/delivered", 19'999,
         "delivery.undelivered: the delivery account does not add up: delivered + undelivered = generated (19999 "
         "against "
         "20000), of which the verdict says nothing: the report was altered"},
        {"/verdict/measurement", "suspect", "verdict.reasons: none, though the measurement is suspect"},
        {"/verdict/reasons", {"the clock stepped"}, "verdict.reasons: there are some, though the measurement is valid"},
        {"/verdict/aborted_by", "response: p(95)<1us", "verdict.complete: is true, though a threshold ended the run"},
        {"/fleet/connected_max", 1'001, "fleet.connected_max: 1001 of 1000 equipments"},
        {"/thresholds/0/expression", "p(95)<1us", "thresholds.0.passed: is true, though the figures say"},
        {"/ledger", nullptr, "delivery: says what arrived, though there is no record that could"},
        {"/latency/response", nullptr, "delivery.lost: is known, though nothing is acknowledged"},
    };
    for (const auto& row : rows) {
        auto json = healthy();
        json[Json::json_pointer(row.pointer)] = row.value;
        const auto read = parse_report(json.dump(), "report.json");
        ASSERT_FALSE(read) << row.pointer;
        std::string all;
        for (const auto& problem : read.problems()) {
            all += format_problem(problem) + '\n';
        }
        EXPECT_THAT(all, AllOf(HasSubstr("report.json: "), HasSubstr(row.problem))) << row.pointer;
    }
}

TEST(ReportJson, ReadsAReportWhoseVerdictSaysThatItsBooksDoNotBalance) {
    auto run = healthy_run();
    *run.counts.acknowledged -= 1;
    run.verdict = {.measurement = Measurement::invalid, .reasons = {"the books do not balance"}, .complete = true};
    EXPECT_TRUE(parse_report(to_json(run), "report.json"));
}

}  // namespace
}  // namespace portillon::report
