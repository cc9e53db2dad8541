#include "run/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace portillon::run {
namespace {

using ::testing::HasSubstr;

// A typical small machine, on which 50,000 equipments can run.
MachineFacts small_machine() {
    MachineFacts facts;
    facts.descriptors_soft = 1024;
    facts.descriptors_hard = 20'000;
    facts.descriptors_system = 2'400'000;
    facts.descriptors_in_use = 600;
    facts.accept_backlog = 4096;
    facts.tcp_memory = Bytes{2'360'000'000};
    facts.memory_available = Bytes{16'000'000'000};
    facts.cores = 2;
    facts.clock_source = "tsc";
    return facts;
}

scenario::Scenario fleet_of(std::uint32_t equipments) {
    scenario::Scenario scenario;
    scenario.lot().fleet.equipments = equipments;
    scenario.lot().traffic.stages = {{60s, Rate{0.5}, scenario::Shape::step, arrival::Measure::on}};
    return scenario;
}

Finding finding(const std::vector<Finding>& all, const std::string& what) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.what == what; });
    EXPECT_NE(found, all.end()) << what;
    return found == all.end() ? Finding{} : *found;
}

TEST(Doctor, FindsNothingWrongWithAMachineThatCarriesTheFleet) {
    const auto scenario = fleet_of(50'000);
    const auto facts = small_machine();
    const auto all = examine(facts, needs_of(scenario, 1, plan::Server::embedded, facts));
    EXPECT_TRUE(can_run(all));
    for (const auto& each : all) {
        EXPECT_EQ(each.health, Health::good) << each.what << ": " << each.remedy;
    }
    EXPECT_THAT(format_findings(all), HasSubstr("in each of 3 + 4 processes"));
}

TEST(Doctor, SaysWhatToTypeForEachThingThatIsMissing) {
    struct Row {
        const char* what;
        Health health;
        const char* remedy;
        void (*spoil)(MachineFacts&, scenario::Scenario&, Needs&);
    };
    const Row rows[] = {
        {"descriptors of a process", Health::bad, "ulimit -Hn",
         [](auto& facts, auto&, auto&) { facts.descriptors_hard = 250; }},
        {"descriptors of the system", Health::bad, "sysctl -w fs.file-max=110600",
         [](auto& facts, auto&, auto&) { facts.descriptors_system = 100'000; }},
        {"ports", Health::bad, "--source-address with 2 addresses in all",
         [](auto&, auto&, auto& needs) { needs.loopback = false; }},
        {"ports", Health::bad, "ip_local_port_range", [](auto&, auto&, auto& needs) { needs.loopback = false; }},
        {"ports", Health::good, "",
         [](auto&, auto&, auto& needs) {
             needs.loopback = false;
             needs.source_addresses = 2;
         }},
        {"accept backlog", Health::doubtful, "net.core.somaxconn=4096",
         [](auto& facts, auto&, auto&) { facts.accept_backlog = 128; }},
        {"memory of all TCP sockets", Health::doubtful, "net.ipv4.tcp_mem",
         [](auto&, auto& scenario, auto&) { scenario.lot().delivery.batch.max = 600; }},
        {"connection tracking", Health::bad, "nf_conntrack_max=100010",
         [](auto& facts, auto&, auto&) {
             facts.tracked_most = 32'768;
             facts.tracked_now = 10;
         }},
        {"connection tracking", Health::doubtful, "nf_conntrack_max=100000",
         [](auto& facts, auto&, auto&) { facts.tracked_most = 65'536; }},
        {"memory", Health::bad, "--equipments",
         [](auto& facts, auto&, auto&) { facts.memory_available = Bytes{2'000'000'000}; }},
        {"cores", Health::doubtful, "lower rate", [](auto&, auto&, auto& needs) { needs.plan.busy_cores = 1.9; }},
        {"cores", Health::doubtful, "cpu.max", [](auto& facts, auto&, auto&) { facts.cores_allowed = 0.5; }},
        {"frequency governor", Health::doubtful, "cpupower",
         [](auto& facts, auto&, auto&) { facts.governor = "powersave"; }},
        {"clock source", Health::doubtful, "current_clocksource",
         [](auto& facts, auto&, auto&) { facts.clock_source = "hpet"; }},
    };
    for (const auto& row : rows) {
        auto facts = small_machine();
        auto scenario = fleet_of(50'000);
        auto needs = needs_of(scenario, 1, plan::Server::embedded, facts);
        row.spoil(facts, scenario, needs);
        const auto all = examine(facts, needs);
        const auto found = finding(all, row.what);
        EXPECT_EQ(found.health, row.health) << row.what;
        EXPECT_THAT(found.remedy, HasSubstr(row.remedy));
        EXPECT_EQ(can_run(all), row.health != Health::bad) << row.what;
    }
}

// The needs depend on what the user asked for: a server elsewhere needs no processes of this machine, and connections
// to it can come only from the source addresses that were given.
TEST(Doctor, ExaminesARunAsItWasAskedFor) {
    driver::Kind kind;
    kind.name = "mqtt";
    kind.traits = [](const nlohmann::json&) { return driver::Traits{}; };
    struct Row {
        const char* target;  // empty: the embedded server
        unsigned shards;
        std::vector<std::string> source_addresses;
        const char* what;
        Health health;
        const char* says;
    };
    const Row rows[] = {
        {"", 0, {}, "descriptors of a process", Health::good, "3 + 4 processes"},
        {"", 2, {}, "descriptors of a process", Health::bad, "--shards 3"},
        {"", 5, {}, "descriptors of a process", Health::good, "5 + 4 processes"},
        {"mqtt://127.0.0.1:1", 0, {}, "descriptors of a process", Health::good, "in each of 3 processes"},
        {"mqtt://127.0.0.1:1", 0, {}, "ports", Health::good, "source addresses"},
        {"mqtt://198.51.100.1:1", 0, {}, "ports", Health::bad, "--source-address with 2 addresses in all"},
        {"mqtt://198.51.100.1:1", 0, {"198.51.100.2", "198.51.100.3"}, "ports", Health::good, "2 source addresses"},
        {"mqtt://[::ffff:127.0.0.1]:1", 0, {}, "ports", Health::good, "25,000 on 2 source addresses"},
        {"mqtt://localhost:1", 0, {}, "ports", Health::good, "25,000 on 2 source addresses"},
        {"mqtt://[::1]:1",
         0,
         {},
         "ports",
         Health::bad,
         "50,000 on 1 source address--source-address with 2 addresses in all"},
        {"mqtt://[::1]:1", 0, {}, "ports", Health::bad, "or a target at 127.0.0.1"},
        {"mqtt://[::1]:1", 0, {"::1", "fd00::1"}, "ports", Health::good, "2 source addresses"},
        {"mqtt://localhost:1", 0, {"127.0.0.2", "::1"}, "ports", Health::bad, "on 1 source address"},
        {"mqtt://localhost:1", 0, {"127.0.0.2", "127.0.0.3", "::1"}, "ports", Health::good, "2 source addresses"},
        {"", 0, {"127.0.0.2"}, "ports", Health::bad, "on 1 source address"},
        {"mqtt://[::1]:1", 0, {}, "memory", Health::good, "3.20 GB at most"},
        {"", 0, {}, "memory", Health::good, "record of what arrives"},
        {"mqtt://198.51.100.1:1", 0, {}, "memory", Health::good, "1.60 GB at most"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.target) + " " + row.what);
        Order order;
        order.scenario = fleet_of(50'000);
        order.protocol = &kind;
        order.shards = row.shards;
        for (const auto& source : row.source_addresses) {
            order.source_addresses.push_back(*net::parse_address(source));
        }
        if (*row.target != '\0') {
            order.target = *net::locate(*net::parse_url(row.target));
        }
        const auto facts = small_machine();
        const auto found = finding(examine(facts, needs_of(order, facts)), row.what);
        EXPECT_EQ(found.health, row.health);
        EXPECT_THAT(found.needed + found.remedy, HasSubstr(row.says));
    }
}

TEST(Doctor, LooksAtTheMachineAloneWithoutAScenario) {
    const auto all = examine(small_machine(), std::nullopt);
    EXPECT_TRUE(can_run(all));
    for (const auto& each : all) {
        EXPECT_EQ(each.needed, "") << each.what;
    }
    auto poor = small_machine();
    poor.descriptors_hard = 256;
    EXPECT_FALSE(can_run(examine(poor, std::nullopt)));
}

TEST(Doctor, FindsSomethingOnThisMachine) {
    const auto facts = look();
    EXPECT_GT(facts.descriptors_hard, 0U);
    EXPECT_GE(facts.cores, 1U);
    EXPECT_GT(facts.memory_available.count, 0U);
    EXPECT_GT(facts.last_port, facts.first_port);
}

}  // namespace
}  // namespace portillon::run
