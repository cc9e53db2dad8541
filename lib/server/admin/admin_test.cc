#include "server/admin/admin.h"

#include <gmock/gmock.h>

#include "server/admin/bodies.h"
#include "server/admin/in_process_group.h"
#include "stats/histogram_codec.h"

namespace portillon::server::admin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string run_path = "/v1/runs/00000000000000a1";
const std::string spec_text =
    R"({"run": "00000000000000a1", "seed": 7, "payload_bytes": 100, "equipments": 3, "sequences": 1000, "measured": [[0, 5000000000]]})";

TEST(Admin, SaysThatItIsWell) {
    AdminScene scene;
    const auto answer = scene.ask("GET", "/v1/health");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, json::parse(R"({"status": "ok", "version": "0.1.0", "listeners": {"mqtt": "127.0.0.1:1883"},
                                          "shards": 1})"));
}

TEST(Admin, TakesARunFromItsOpeningToItsEnd) {
    AdminScene scene;
    EXPECT_EQ(scene.ask("POST", "/v1/runs", spec_text).status, 201u);
    const auto t0 = scene.simulation.now().time_since_epoch().count();
    EXPECT_EQ(scene.ask("POST", run_path + "/start", json{{"t0_ns", t0}}.dump()).status, 200u);
    scene.arrive(scene.sample.batch(1, 1, 3));
    scene.arrive(scene.sample.batch(1, 2, 1));
    scene.arrive(scene.sample.batch(2, 2, 1));
    scene.arrive(scene.sample.batch(2, 1, 1));
    auto answer = scene.ask("GET", run_path);
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body["delivered"], 5);
    EXPECT_EQ(answer.body["duplicated"], 1);
    EXPECT_EQ(answer.body["reordered"], 1);
    EXPECT_EQ(answer.body["frozen"], false);
    EXPECT_EQ(answer.body["t0_ns"], t0);
    EXPECT_TRUE(answer.body["last_arrival_ns"].is_number());

    EXPECT_EQ(scene.ask("POST", run_path + "/reconcile", R"({"generated": [3]})").status, 409u);
    answer = scene.ask("POST", run_path + "/freeze", R"({"within_ms": 100})");
    EXPECT_EQ(answer.body, json::parse(R"({"frozen": true, "connections_left": 0})"));
    scene.arrive(scene.sample.batch(3, 1, 1));

    answer = scene.ask("POST", run_path + "/reconcile", R"({"generated": [4, 2, 1]})");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body["delivered"], 5);
    EXPECT_EQ(answer.body["missing"], json::parse("[[1,4,4],[3,1,1]]"));
    EXPECT_EQ(answer.body["duplicated_ranges"], json::parse("[[1,2,2]]"));
    EXPECT_EQ(answer.body["reordered_ranges"], json::parse("[[2,1,1]]"));
    EXPECT_EQ(answer.body["delivered_per_s"], json::parse("[5]"));
    const auto& measured = answer.body["end_to_end"];
    EXPECT_EQ(measured["count"], 5);
    EXPECT_EQ(measured["overflow"], 0);
    auto histogram = stats::decode_deflated(measured["histogram"].get<std::string>());
    ASSERT_TRUE(histogram);
    EXPECT_TRUE(histogram->restore(0, Nanos{measured["min_ns"].get<std::int64_t>()},
                                   Nanos{measured["max_ns"].get<std::int64_t>()}));

    EXPECT_EQ(answer.body["segments"], json::array());

    EXPECT_EQ(scene.ask("DELETE", run_path).status, 200u);
    EXPECT_EQ(scene.ask("GET", run_path).status, 404u);
    EXPECT_EQ(scene.ask("POST", "/v1/runs", spec_text).status, 201u);
}

TEST(Admin, TellsTheFiguresOfSegments) {
    AdminScene scene;
    auto spec = json::parse(spec_text);
    spec["segments"] = json::parse("[[0, 1000000000], [1000000000, 5000000000]]");
    EXPECT_EQ(scene.ask("POST", "/v1/runs", spec.dump()).status, 201u);
    const auto t0 = scene.simulation.now().time_since_epoch().count();
    scene.ask("POST", run_path + "/start", json{{"t0_ns", t0}}.dump());
    scene.arrive(scene.sample.batch(1, 1, 3));  // due at 0, 1 and 2 s
    scene.arrive(scene.sample.batch(1, 2, 2));
    scene.ask("POST", run_path + "/freeze", R"({"within_ms": 100})");
    const auto answer = scene.ask("POST", run_path + "/reconcile", R"({"generated": [3, 0, 0]})");
    ASSERT_EQ(answer.body["segments"].size(), 2u);
    EXPECT_EQ(answer.body["segments"][0]["duplicated"], 0);
    EXPECT_EQ(answer.body["segments"][0]["end_to_end"]["count"], 1);
    EXPECT_EQ(answer.body["segments"][1]["duplicated"], 2);
    EXPECT_EQ(answer.body["segments"][1]["end_to_end"]["count"], 2);
    EXPECT_EQ(answer.body["end_to_end"]["count"], 3);
    spec["run"] = "00000000000000a2";
    spec["segments"] = json::parse("[[5, 4]]");
    EXPECT_EQ(scene.ask("POST", "/v1/runs", spec.dump()).status, 400u);
}

TEST(Admin, GivesNullForTheExtremesOfWhatWasNotMeasured) {
    AdminScene scene;
    scene.ask("POST", "/v1/runs", spec_text);
    scene.ask("POST", run_path + "/freeze");
    const auto answer = scene.ask("POST", run_path + "/reconcile", R"({"generated": [1, null, 0]})");
    EXPECT_TRUE(answer.body["end_to_end"]["min_ns"].is_null());
    EXPECT_EQ(answer.body["missing"], json::parse("[[1,1,1]]"));
    EXPECT_EQ(answer.body["delivered_per_s"], json::array());
}

TEST(Admin, RefusesClearly) {
    const std::string wide(20, 'x');
    const struct {
        const char* method;
        std::string target;
        std::string body;
        unsigned status;
        const char* error;
    } rows[] = {
        {"GET", "/", "", 404, ""},
        {"GET", "/v1", "", 404, ""},
        {"GET", "/v2/health", "", 404, ""},
        {"GET", "/v1/health/x", "", 404, ""},
        {"POST", "/v1/health", "", 405, "GET"},
        {"GET", "/v1/runs", "", 405, "POST"},
        {"GET", "/v1/runs/zz", "", 404, "run"},
        {"GET", "/v1/runs/00000000000000b2", "", 404, "run"},
        {"POST", "/v1/runs/00000000000000b2/freeze", "", 404, "run"},
        {"POST", run_path + "/melt", "", 404, ""},
        {"GET", run_path + "/freeze", "", 405, "POST"},
        {"POST", run_path + "/start/now", "", 404, ""},
        {"POST", "/v1/runs", spec_text, 409, "known"},
        {"POST", "/v1/runs", "", 400, "JSON"},
        {"POST", "/v1/runs", "[]", 400, "object"},
        {"POST", "/v1/runs", "{}", 400, "run"},
        {"POST", "/v1/runs", R"({"run": "a1", "seed": 7})", 400, "16 hexadecimal"},
        {"POST", "/v1/runs", R"({"run": "00000000000000b2", "seed": -1})", 400, "seed"},
        {"POST", "/v1/runs", R"({"run": "00000000000000b2", "seed": 1, "payload_bytes": 3})", 400, "payload_bytes"},
        {"POST", run_path + "/start", R"({"t0_ns": 0})", 400, "t0_ns"},
        {"POST", run_path + "/start", R"({"t0_ns": 1e300})", 400, "t0_ns"},
        {"POST", run_path + "/freeze", R"({"within_ms": 1000000})", 400, "within_ms"},
        {"POST", "/v1/faults", R"({"kind": "flood"})", 400, "kind"},
        {"POST", "/v1/faults", R"({"kind": "stall"})", 400, "for_ns"},
        {"POST", "/v1/faults", R"({"kind": "delay"})", 400, "delay_ns"},
        {"POST", "/v1/faults", R"({"kind": "lose"})", 400, "count"},
        {"PUT", "/v1/faults", "{}", 405, "GET, POST, DELETE"},
    };
    AdminScene scene;
    scene.ask("POST", "/v1/runs", spec_text);
    for (const auto& row : rows) {
        const auto answer = scene.ask(row.method, row.target, row.body);
        EXPECT_EQ(answer.status, row.status) << row.method << " " << row.target << " " << row.body;
        EXPECT_THAT(answer.body.value("error", ""), HasSubstr(row.error)) << row.target << " " << row.body;
        EXPECT_EQ(answer.allow, row.status == 405 ? row.error : "") << row.target;
    }
}

TEST(Admin, KeepsAtMostSixtyFourRuns) {
    AdminScene scene;
    const auto open = [&](int number) {
        auto spec = json::parse(spec_text);
        spec["run"] = format_run(RunId{static_cast<std::uint64_t>(number)});
        return scene.ask("POST", "/v1/runs", spec.dump()).status;
    };
    for (int number = 1; number <= 64; ++number) {
        EXPECT_EQ(open(number), 201u);
    }
    EXPECT_EQ(open(65), 409u);
    scene.simulation.run_for(30min);
    scene.ask("GET", "/v1/runs/0000000000000007");
    scene.simulation.run_for(30min);
    EXPECT_EQ(open(65), 201u);  // the others have been idle for an hour
    EXPECT_EQ(scene.ask("GET", "/v1/runs/0000000000000007").status, 200u);
    EXPECT_EQ(scene.ask("GET", "/v1/runs/0000000000000008").status, 404u);
}

TEST(Admin, ForgetsARunThatAShardCannotOpen) {
    AdminScene scene;
    scene.group.problem = "no";
    EXPECT_EQ(scene.ask("POST", "/v1/runs", spec_text).status, 500u);
    scene.group.problem.clear();
    EXPECT_EQ(scene.ask("POST", "/v1/runs", spec_text).status, 201u);
}

TEST(Admin, FreezesEvenWhenAShardDoesNotAnswer) {
    AdminScene scene;
    scene.ask("POST", "/v1/runs", spec_text);
    scene.group.problem = "server shard 0 does not answer";
    const auto answer = scene.ask("POST", run_path + "/freeze");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body["frozen"], true);
    EXPECT_EQ(answer.body["problem"], scene.group.problem);
}

TEST(Admin, SetsListsAndClearsFaults) {
    AdminScene scene;
    scene.ask("POST", "/v1/runs", spec_text);
    EXPECT_EQ(scene.ask("POST", "/v1/faults", R"({"kind": "lose", "count": 5, "one_in": 1})").status, 201u);
    EXPECT_EQ(
        scene.ask("POST", "/v1/faults", R"({"kind": "stall", "at_ns": 1, "for_ns": 9, "run": "00000000000000a1"})")
            .status,
        201u);
    scene.arrive(scene.sample.batch(1, 1, 3));
    auto listed = scene.ask("GET", "/v1/faults").body["faults"];
    ASSERT_EQ(listed.size(), 2u);
    EXPECT_EQ(listed[0]["kind"], "lose");
    EXPECT_EQ(listed[0]["left"], 2);
    EXPECT_EQ(listed[1]["for_ns"], 9);
    EXPECT_EQ(scene.ask("DELETE", "/v1/faults").status, 200u);
    EXPECT_EQ(scene.ask("GET", "/v1/faults").body["faults"].size(), 0u);
    scene.arrive(scene.sample.batch(1, 4, 3));
    EXPECT_EQ(scene.ask("GET", run_path).body["delivered"], 3);
}

TEST(Admin, SaysWhatAFaultHasStruck) {
    AdminScene scene;
    scene.ask("POST", "/v1/faults", R"({"kind": "reject", "for_ns": 1000000000})");
    scene.arrive(scene.sample.batch(1, 1, 3));
    scene.arrive(scene.sample.batch(1, 4, 3));
    const auto listed = scene.ask("GET", "/v1/faults").body["faults"];
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0]["struck"], nlohmann::json({{"messages", 2}}));
    EXPECT_FALSE(listed[0].contains("left"));
    EXPECT_EQ(scene.answers.count(Disposition::rejected), 2u);
}

TEST(Admin, KillsAShardAndStartsItAgainWithItsRunsAndFaults) {
    AdminScene scene;
    scene.ask("POST", "/v1/runs", spec_text);
    scene.ask("POST", "/v1/faults", R"({"kind": "lose", "count": 5})");
    scene.ask("POST", "/v1/faults", R"({"kind": "kill", "for_ns": 500000000})");
    scene.simulation.run_for(100ms);
    EXPECT_EQ(scene.group.killed, (std::vector<unsigned>{0}));
    EXPECT_TRUE(scene.group.revived.empty());
    scene.simulation.run_for(500ms);
    EXPECT_EQ(scene.group.revived, (std::vector<unsigned>{0}));
    ASSERT_EQ(scene.group.inherited.runs.size(), 1u);
    ASSERT_EQ(scene.group.inherited.faults.size(), 1u);
    EXPECT_EQ(scene.group.inherited.faults[0].kind, FaultKind::lose);
    EXPECT_EQ(scene.ask("GET", "/v1/faults").body["faults"][1]["struck"], nlohmann::json({{"shards", 1}}));
}

TEST(Admin, StartsAKilledShardAgainAtOnceWhenTheFaultIsTakenBack) {
    AdminScene scene;
    scene.ask("POST", "/v1/faults", R"({"kind": "restart", "for_ns": 60000000000})");
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.group.killed, (std::vector<unsigned>{0}));
    EXPECT_TRUE(scene.group.revived.empty());
    scene.ask("DELETE", "/v1/faults");
    scene.simulation.run_for(10ms);
    EXPECT_EQ(scene.group.revived, (std::vector<unsigned>{0}));
}

TEST(Admin, DropsTheFaultsOfARunWithIt) {
    AdminScene scene;
    scene.ask("POST", "/v1/runs", spec_text);
    scene.ask("POST", "/v1/faults", R"({"kind": "delay", "delay_ns": 1000000, "run": "00000000000000a1"})");
    scene.arrive(scene.sample.batch(1, 1, 1));
    EXPECT_EQ(scene.answers.all.size(), 0u);
    scene.simulation.run_for(1ms);
    scene.ask("DELETE", run_path);
    scene.arrive(scene.sample.batch(1, 2, 1));
    EXPECT_EQ(scene.answers.all.size(), 2u);
    EXPECT_EQ(scene.ask("GET", "/v1/faults").body["faults"].size(), 0u);
}

TEST(Admin, SumsTheFiguresOfTheShards) {
    AdminScene scene;
    scene.arrive(scene.sample.batch(1, 1, 3));
    scene.arrive({});
    const auto body = scene.ask("GET", "/v1/figures").body;
    ASSERT_EQ(body["shards"].size(), 1u);
    EXPECT_EQ(body["shards"][0]["pid"], 4711);
    EXPECT_EQ(body["shards"][0]["alive"], true);
    EXPECT_EQ(body["shards"][0]["batches"], 1);
    EXPECT_EQ(body["totals"]["validations"], 3);
    EXPECT_EQ(body["totals"]["cpu_s"], 1.5);
    EXPECT_EQ(body["totals"]["refused"].size(), 1u);
    EXPECT_EQ(body["unregistered"], 3);
}

TEST(Admin, TellsWhatItsMachineSaysOfItself) {
    AdminScene scene;
    scene.machine = {
        .machine = "4f6c", .cores = 3, .at = Instant{5s}, .cpu_used = 7s, .clock_offset = -9ns, .listen_overflows = 11};
    const auto host = [&] { return scene.ask("GET", "/v1/figures").body["host"]; };
    EXPECT_EQ(host(), json::parse(R"({"machine": "4f6c", "cores": 3, "at_ns": 5000000000, "cpu_used_ns": 7000000000,
                                      "clock_offset_ns": -9, "listen_overflows": 11})"));
    scene.machine.cpu_used = 8s;
    EXPECT_EQ(host()["cpu_used_ns"], 8'000'000'000) << "as it is when it is asked";
}

TEST(Generated, IsReadWhateverStandsAroundIt) {
    const struct {
        const char* body;
        Generated generated;
    } rows[] = {
        {R"({"generated": []})", {}},
        {R"({"generated": [1, null, 3]})", {1, std::nullopt, 3}},
        {R"({"a": {"generated": [9], "b": [[1, "x"], {}]}, "generated": [1], "c": null, "d": [1.5, true]})", {1}},
    };
    for (const auto& row : rows) {
        const auto read = read_generated(row.body);
        ASSERT_TRUE(read) << row.body;
        EXPECT_EQ(*read, row.generated) << row.body;
    }
}

TEST(Generated, IsRefusedWhenItIsAnythingElse) {
    for (const char* body :
         {"", "1", "null", "[1]", "{}", R"({"generated": 1})", R"({"generated": null})", R"({"generated": {"a": 1}})",
          R"({"generated": [[1]]})", R"({"generated": [{}]})", R"({"generated": [-1]})", R"({"generated": [1.5]})",
          R"({"generated": ["1"]})", R"({"generated": [1])", R"({"generated": [1], "generated": [2]})",
          R"({"generated": [1]} x)", R"({"generated": [99999999999999999999]})", R"({"generated": [68719476737]})",
          R"({"x": {"generated": [1]}})"}) {
        EXPECT_FALSE(read_generated(body)) << body;
    }
}

TEST(Generated, IsReadForALargeFleetWithoutADocument) {
    std::string body = "{\"generated\":[";
    for (int i = 0; i < 50'000; ++i) {
        body += i == 0 ? "36000" : ",36000";
    }
    body += "]}";
    const auto read = read_generated(body);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 50'000u);
}

TEST(Fault, SurvivesTheWayToTheShards) {
    const Fault faults[] = {
        {.id = 3, .kind = FaultKind::stall, .at = Instant{5s}, .length = 2s},
        {.id = 4, .kind = FaultKind::delay, .at = Instant{5s}, .delay = 2ms, .run = RunId{7}},
        {.id = 5,
         .kind = FaultKind::swap,
         .at = Instant{5s},
         .length = 1s,
         .count = 11,
         .one_in = 9,
         .run = RunId{7},
         .share = 12},
        {.id = 6, .draw = 9, .kind = FaultKind::throttle, .at = Instant{5s}, .retry_after = 3s, .one_in = 1},
        {.id = 7, .kind = FaultKind::limit, .at = Instant{5s}, .length = 1s, .per_s = 5'000, .share = 255},
        {.id = 8, .kind = FaultKind::goaway, .at = Instant{5s}, .length = 1s, .every = 100ms},
        {.id = 9, .kind = FaultKind::restart, .at = Instant{5s}, .length = 1s},
    };
    for (const Fault& fault : faults) {
        const auto read = read_fault(write_fault(fault), Instant{});
        ASSERT_TRUE(read) << write_fault(fault);
        EXPECT_EQ(*read, fault) << write_fault(fault);
    }
}

}  // namespace
}  // namespace portillon::server::admin
