#include "generator/plan_message.h"

#include <gtest/gtest.h>

#include "link/link.h"

namespace portillon::generator {
namespace {

link::v1::GeneratorPlan merged(const std::vector<link::v1::LinkMessage>& pieces) {
    link::v1::GeneratorPlan whole;
    for (const auto& piece : pieces) {
        EXPECT_LT(piece.ByteSizeLong(), link::max_message_bytes);
        EXPECT_FALSE(whole.last()) << "a piece after the last";
        whole.MergeFrom(piece.plan());
    }
    EXPECT_TRUE(whole.last());
    return whole;
}

// A plan in which no value is the default.
LotPlan sample() {
    LotPlan plan{.lot = {.run = RunId{0xfedcba9876543210},
                         .seed = 7,
                         .equipments = 11,
                         .schedule = {arrival::Arrival{.kind = arrival::Kind::burst, .burst_size = 5},
                                      arrival::Stages({{3s, 0, 2.5, arrival::Measure::off}, {1500ms, 2.5, 2.5}}), 7},
                         .start = plan::StartBySteps{3, 250ms},
                         .payload_bytes = 321,
                         .encoding = wire::Encoding::json,
                         .delivery = {.batch = {60, 2s},
                                      .in_flight = 3,
                                      .order = plan::Order::strict,
                                      .timeout = 7s,
                                      .connect_timeout = 8s,
                                      .cache = Bytes{1234},
                                      .overflow = plan::Overflow::newest,
                                      .pace = Rate{12.5},
                                      .retry = {9ms, 10s, plan::Jitter::none, Share{0.25}},
                                      .breaker = {4, 11s},
                                      .drain = 12s},
                         .debris = plan::Debris::left,
                         .cuts = {1s, 1700ms}},
                 .protocol = "mqtt",
                 .options = {{"qos", 2},
                             {"version", "5"},
                             {"rate", 1.5},
                             {"on", true},
                             {"none", nullptr},
                             {"list", {1, "two"}},
                             {"map", {{"a", {{"b", -3}}}}}},
                 .target = *net::parse_url("mqtt://127.0.0.1:1883"),
                 .routes = {{*net::parse_endpoint("127.0.0.1:1883"), {*net::parse_address("127.0.0.2")}},
                            {*net::parse_endpoint("[::1]:1883"), {}}},
                 .network_faults = {{.number = 2,
                                     .kind = faults::Kind::latency,
                                     .at = 1s,
                                     .length = 2s,
                                     .share = 0.5,
                                     .first = 2,
                                     .last = 9,
                                     .delay = 3ms,
                                     .jitter = 4ms,
                                     .bytes_per_s = 5,
                                     .every = 6s,
                                     .up = 7s,
                                     .down = 8s,
                                     .direction = faults::Direction::down}}};
    return plan;
}

TEST(PlanMessage, ComesBackAsItWasSent) {
    const auto plan = read_plan(merged(write_plan({{sample(), sample()}}, 2, 4)));
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->lots.size(), 2u);
    const auto& read = plan->lots[1];
    const auto sent = sample();
    EXPECT_EQ(read.lot.shard, 2u);
    EXPECT_EQ(read.lot.shards, 4u);
    EXPECT_EQ(read.lot.run, sent.lot.run);
    EXPECT_EQ(read.lot.seed, sent.lot.seed);
    EXPECT_EQ(read.lot.equipments, sent.lot.equipments);
    EXPECT_EQ(read.lot.schedule.arrival(), sent.lot.schedule.arrival());
    EXPECT_TRUE(std::ranges::equal(read.lot.schedule.stages().list(), sent.lot.schedule.stages().list()));
    EXPECT_EQ(read.lot.schedule.begin(EquipmentId{3}, 1s), sent.lot.schedule.begin(EquipmentId{3}, 1s)) << "the seed";
    EXPECT_EQ(read.lot.start, sent.lot.start);
    EXPECT_EQ(read.lot.payload_bytes, sent.lot.payload_bytes);
    EXPECT_EQ(read.lot.encoding, sent.lot.encoding);
    EXPECT_EQ(read.lot.delivery, sent.lot.delivery);
    EXPECT_EQ(read.lot.debris, sent.lot.debris);
    EXPECT_EQ(read.lot.cuts, sent.lot.cuts);
    EXPECT_EQ(read.protocol, sent.protocol);
    EXPECT_EQ(read.options, sent.options);
    EXPECT_EQ(read.target.text(), sent.target.text());
    ASSERT_EQ(read.routes.size(), 2u);
    EXPECT_EQ(read.routes[0].to, sent.routes[0].to);
    EXPECT_EQ(read.routes[0].from, sent.routes[0].from);
    EXPECT_EQ(read.network_faults, sent.network_faults);
}

TEST(PlanMessage, TellsAShardTheRowsOfItsOwnEquipments) {
    std::vector<arrival::Trace::Row> rows;
    for (std::uint32_t i = 0; i < 300'000; ++i) {
        rows.push_back({Nanos{i * 1'000'003ULL}, EquipmentId{i % 3 + 1}});
    }
    auto plan = sample();
    plan.lot.equipments = 3;
    const auto trace = std::make_shared<arrival::Trace>(rows, 3);
    plan.lot.schedule = {arrival::Arrival{.kind = arrival::Kind::trace, .trace = trace}, arrival::Stages({{1h}}), 7};
    const auto read = read_plan(merged(write_plan({{plan}}, 1, 3)));
    ASSERT_TRUE(read);
    const auto& told = *read->lots[0].lot.schedule.arrival().trace;
    EXPECT_EQ(told.size(), 100'000u);
    EXPECT_TRUE(std::ranges::equal(told.of(EquipmentId{2}), trace->of(EquipmentId{2})));
    EXPECT_TRUE(told.of(EquipmentId{1}).empty());
}

TEST(PlanMessage, IsRefusedWhenItIsOfAnotherMake) {
    const auto message = merged(write_plan({{sample()}}, 0, 1));
    using Spoil = void (*)(link::v1::Lot&);
    for (const Spoil spoil :
         {Spoil{[](auto& lot) { lot.set_arrival(99); }}, Spoil{[](auto& lot) { lot.clear_start(); }},
          Spoil{[](auto& lot) { lot.set_encoding(9); }}, Spoil{[](auto& lot) { lot.set_target("?"); }},
          Spoil{[](auto& lot) { lot.mutable_routes(0)->set_to("nowhere"); }},
          Spoil{[](auto& lot) { lot.mutable_routes(0)->set_from(0, "nobody"); }},
          Spoil{[](auto& lot) { lot.mutable_network_faults(0)->set_kind(99); }},
          Spoil{[](auto& lot) { lot.mutable_delivery()->set_in_flight(0); }},
          Spoil{[](auto& lot) { lot.clear_routes(); }}, Spoil{[](auto& lot) { lot.set_equipments(0); }},
          Spoil{[](auto& lot) { lot.set_equipments(4'000'000'000); }},
          Spoil{[](auto& lot) { lot.mutable_stages(0)->set_duration_ns(-1); }},
          Spoil{[](auto& lot) { lot.mutable_stages(0)->set_rate_to(-1); }},
          Spoil{[](auto& lot) { lot.mutable_delivery()->set_timeout_ns(-1); }},
          Spoil{[](auto& lot) { lot.mutable_delivery()->set_pace_per_s(0); }},
          Spoil{[](auto& lot) { lot.set_payload_bytes(1); }}}) {
        auto spoilt = message;
        spoil(*spoilt.mutable_lots(0));
        EXPECT_FALSE(read_plan(spoilt));
    }
    auto spoilt = message;
    spoilt.set_shard(1);
    EXPECT_FALSE(read_plan(spoilt)) << "shard 1 of 1";
    spoilt = message;
    spoilt.clear_lots();
    EXPECT_FALSE(read_plan(spoilt));
    spoilt = message;
    spoilt.set_last(false);
    EXPECT_FALSE(read_plan(spoilt));
    EXPECT_TRUE(read_plan(message));
}

}  // namespace
}  // namespace portillon::generator
