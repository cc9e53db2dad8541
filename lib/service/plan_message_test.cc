#include "service/plan_message.h"

#include <gtest/gtest.h>

namespace portillon::service {
namespace {

// A plan in which no value is the default.
Plan sample_plan() {
    return {
        .shard = 2,
        .shards = 4,
        .listeners = {{"mqtt", *net::parse_endpoint("127.0.0.1:1883")}, {"http2", *net::parse_endpoint("[::1]:80")}},
        .limits =
            {.packet_bytes = 1, .header_list_bytes = 2, .streams = 3, .connections = 4, .first_byte = 5s, .idle = 6s},
        .figures = "/proc/1/fd/7",
        .mesh = "portillon-1",
        .gives_way = true,
        .dead = {1, 3},
        .runs = {"/proc/1/fd/8", "/proc/1/fd/9"},
        .faults = {{.id = 3, .kind = server::FaultKind::lose, .at = Instant{5s}, .count = 137, .share = 2},
                   {.id = 4, .kind = server::FaultKind::delay, .delay = 2ms}}};
}

link::v1::ServerPlan written() {
    link::v1::LinkMessage received;
    EXPECT_TRUE(received.ParseFromString(write_plan(sample_plan()).SerializeAsString()));
    return received.server_plan();
}

TEST(PlanOfAServersShard, ComesBackAsItWasSent) {
    const auto read = read_plan(written());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, sample_plan());
}

TEST(PlanOfAServersShard, IsRefusedWhenNoShardCanFollowIt) {
    using Spoil = void (*)(link::v1::ServerPlan&);
    const struct {
        const char* what;
        Spoil spoil;
    } rows[] = {
        {"a shard beyond all", [](auto& plan) { plan.set_shard(4); }},
        {"no shards", [](auto& plan) { plan.set_shards(0); }},
        {"a dead one beyond all", [](auto& plan) { plan.add_dead(4); }},
        {"shards that cannot meet", [](auto& plan) { plan.clear_mesh(); }},
        {"nowhere", [](auto& plan) { plan.mutable_listeners(1)->set_endpoint("nowhere"); }},
        {"no limits", [](auto& plan) { plan.clear_limits(); }},
        {"no streams", [](auto& plan) { plan.mutable_limits()->set_streams(0); }},
        {"no connections", [](auto& plan) { plan.mutable_limits()->set_connections(0); }},
        {"a greeting before it began", [](auto& plan) { plan.mutable_limits()->set_first_byte_ns(-1); }},
        {"idle for less than nothing", [](auto& plan) { plan.mutable_limits()->set_idle_ns(-1); }},
        {"a fault of no kind", [](auto& plan) { plan.mutable_faults(1)->set_kind(99); }},
    };
    for (const auto& row : rows) {
        auto message = written();
        row.spoil(message);
        EXPECT_FALSE(read_plan(message)) << row.what;
    }
}

}  // namespace
}  // namespace portillon::service
