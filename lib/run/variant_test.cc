#include "run/variant.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace portillon::run {
namespace {

const driver::Kind mqtt{
    .name = "mqtt",
    .scheme = "mqtt",
    .listener = "mqtt",
    .options_schema = R"({"properties": {"qos": {"default": 1}, "version": {"default": "5"}}})",
    .traits = {},
    .make = {},
};

Order order(std::vector<Varied> varied, nlohmann::json options = nlohmann::json::object()) {
    Order made;
    made.protocol = &mqtt;
    made.varied = std::move(varied);
    made.scenario.protocols["mqtt"] = std::move(options);
    return made;
}

TEST(Variant, NamesOptionsThatDifferFromTheirDefaults) {
    EXPECT_EQ(variant_of(order({})), "");
    EXPECT_EQ(variant_of(order({}, {{"qos", 1}, {"version", "5"}})), "");
    EXPECT_EQ(variant_of(order({}, {{"qos", 0}, {"version", "3.1.1"}})), "qos=0, version=3.1.1");
}

TEST(Variant, NamesWhatAComparisonVariesEvenAtItsDefault) {
    EXPECT_EQ(variant_of(order({{"protocols.mqtt.qos", "1"}}, {{"qos", 1}})), "qos=1");
    EXPECT_EQ(variant_of(order({{"protocols.mqtt.qos", "0"}}, {{"qos", 0}})), "qos=0");
    EXPECT_EQ(variant_of(order({{"delivery.batch.max", "10"}}, {{"qos", 0}})), "batch.max=10, qos=0");
}

TEST(Variant, SaysALabelInsteadOfKeyAndValue) {
    EXPECT_EQ(variant_of(order({{"traffic.payload.encoding", "protobuf", "protobuf"}, {"delivery.batch.max", "10"}})),
              "protobuf, batch.max=10");
}

TEST(Variant, ShortensKeysAsFarAsTheyStayDifferent) {
    EXPECT_EQ(variant_of(order({{"seed", "7"}, {"traffic.payload.encoding", "json"}})),
              "seed=7, payload.encoding=json");
    EXPECT_EQ(variant_of(order({{"traffic.stages.0.rate", "1/s"}})), "stages.0.rate=1/s");
    EXPECT_EQ(variant_of(order({{"faults.0.at", "5s"}})), "faults.0.at=5s");
    EXPECT_EQ(variant_of(order({{"a.b.max", "1"}, {"c.b.max", "2"}, {"d.max", "3"}})), "a.b.max=1, c.b.max=2, d.max=3");
}

}  // namespace
}  // namespace portillon::run
