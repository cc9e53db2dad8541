#include "scenario/schema.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "faults/kinds.h"
#include "gate/metric.h"
#include "scenario/shipped_protocols.h"

namespace portillon::scenario {
namespace {

using nlohmann::json;

TEST(Schema, ThePrintedOneIsTheShippedOne) {
    const auto text = schema_text(shipped_protocols());
    if (std::getenv("PORTILLON_WRITE_GOLD") != nullptr) {
        std::ofstream(PORTILLON_SOURCE_DIR "/scenarios/scenario.schema.json", std::ios::binary) << text;
    }
    EXPECT_EQ(text, read_source("scenarios/scenario.schema.json"));
}

TEST(Schema, ANewProtocolIsOneLine) {
    auto protocols = shipped_protocols();
    protocols.push_back(
        {"pigeon",
         R"({"type":"object","properties":{"wings":{"type":"integer","minimum":2}},"additionalProperties":false})", 1});
    const auto schema = schema_json(protocols);
    json value = {{"fleet", {{"equipments", 1}}},
                  {"protocol", "pigeon"},
                  {"protocols", {{"pigeon", {{"wings", 2}}}}},
                  {"traffic", {{"stages", {{{"duration", "1s"}, {"rate", 1}}}}}}};
    EXPECT_TRUE(explain(schema, value).empty());
    EXPECT_TRUE(conforms(schema, value));
    value["protocols"]["pigeon"]["wings"] = 1;
    EXPECT_FALSE(explain(schema, value).empty());
    EXPECT_FALSE(conforms(schema, value));
}

// Editors complete from `properties`, and from those of the `then` whose `if` holds.
TEST(Schema, OffersEachKindOfFaultItsOwnKeysOnly) {
    const auto fault = schema_json(shipped_protocols())["properties"]["faults"]["items"];
    const auto names_of = [](const json& object) {
        std::vector<std::string> names;
        for (const auto& [name, ignored] : object.items()) {
            names.push_back(name);
        }
        return names;
    };
    EXPECT_THAT(names_of(fault["properties"]), ::testing::UnorderedElementsAre("kind", "at"));
    std::size_t kinds = 0;
    for (const auto& rule : fault["allOf"]) {
        const auto name = rule["if"]["properties"]["kind"]["enum"][0].get<std::string>();
        const auto known = std::find_if(faults::kinds.begin(), faults::kinds.end(),
                                        [&](const auto& each) { return each.name == name; });
        ASSERT_NE(known, faults::kinds.end()) << name;
        std::vector<std::string> wanted{"kind", "at"};
        for (const auto key : faults::keys) {
            if (known->takes(key)) {
                wanted.emplace_back(key);
            }
        }
        EXPECT_THAT(names_of(rule["then"]["properties"]), ::testing::UnorderedElementsAreArray(wanted)) << name;
        EXPECT_EQ(rule["then"]["additionalProperties"], false) << name;
        ++kinds;
    }
    EXPECT_EQ(kinds, faults::kinds.size());
}

TEST(Schema, OffersEveryMetricForThresholdsWithItsMeaning) {
    const auto thresholds = schema_json(shipped_protocols())["properties"]["thresholds"]["anyOf"][0];
    for (const auto& metric : gate::metrics()) {
        ASSERT_TRUE(thresholds["properties"].contains(metric.name)) << metric.name;
        EXPECT_GT(thresholds["properties"][metric.name]["description"].get<std::string>().size(), 20U) << metric.name;
    }
}

// The patterns must match exactly those texts that the program can read.
TEST(Schema, PatternsAgreeWithWhatReadsQuantities) {
    const auto schema = schema_json(shipped_protocols());
    const auto matches = [&](const char* kind, const std::string& text) {
        const json& definition = schema["definitions"][kind];
        EXPECT_TRUE(explain(definition, text).empty() || !conforms(definition, text)) << text;
        return conforms(definition, text);
    };
    for (const char* text :
         {"0", "0s",  "1.5s", "200ms", "5m",   "1h30m", "250us", "10ns",   "1d",   ".5s",  "5.s",  "",     " ",  "5",
          "s", "-5s", "5 s",  "5S",    "1e3s", "30m1h", "1s1s",  "1.2.3s", "0x1s", "5sec", "infs", "nans", "5s "}) {
        EXPECT_EQ(matches("duration", text), parse_duration(text).has_value()) << text;
    }
    for (const char* text : {"60/s", "0.5/s", "6/m", "6/min", "3600/h", "60", ".5", "-1/s", "1e3/s", "/s", "", "6/d",
                             "6 /s", "inf/s", "6/s "}) {
        EXPECT_EQ(matches("rate", text), parse_rate(text).has_value()) << text;
    }
    for (const char* text : {"20%", "0.5%", "100%", "100.0%", ".5%", "5.%", "007%", "0%", "100.1%", "101%", "%", "",
                             "20", "-1%", "20 %", "20%%", ".%"}) {
        EXPECT_EQ(matches("share", text), parse_share(text).has_value()) << text;
    }
    for (const char* text :
         {"100", "100B", "64KiB", "2GB", "2 GB", "1kB", "1KB", "3TiB", "", "B", "-1", "1e3", "2gb", "2 G", "2GB "}) {
        EXPECT_EQ(matches("bytes", text), parse_bytes(text).has_value()) << text;
    }
}

}  // namespace
}  // namespace portillon::scenario
