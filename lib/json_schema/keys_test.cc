#include "json_schema/keys.h"

#include <gmock/gmock.h>

namespace portillon::json_schema {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> paths(const std::vector<Key>& keys) {
    std::vector<std::string> all;
    for (const auto& key : keys) {
        all.push_back(key.path);
    }
    return all;
}

constexpr const char* sample = R"({
  "type": "object", "required": ["fleet"],
  "properties": {
    "fleet": {"type": "object", "description": "All of them.",
      "properties": {"size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}}},
    "stages": {"type": "array", "items": {"type": "object", "properties": {"rate": {
      "$ref": "#/definitions/rate", "description": "How fast."}}}},
    "kind": {"anyOf": [{"enum": ["a", "b"]}, {"type": "object", "properties": {"of": {"enum": ["c"]}}}]},
    "limits": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
    "near": {"$ref": "#/definitions/place"},
    "far": {"$ref": "#/definitions/place", "description": "Another one."},
    "fault": {"type": "object", "properties": {"of": {"enum": ["x"]}},
      "allOf": [{"if": {"properties": {"of": {}}}, "then": {"required": ["size"], "properties": {"of": {}, "size": {}}}}]}
  },
  "definitions": {
    "rate": {"title": "rate", "examples": ["1/s"], "anyOf": [{"type": "string"}, {"type": "number", "minimum": 0}]},
    "place": {"type": "object", "properties": {"x": {"type": "number"}}}
  }})";

TEST(Keys, AreListedInTheOrderOfTheSchemaWithTheirPaths) {
    EXPECT_THAT(paths(keys_of(sample)),
                ElementsAre("fleet", "fleet.size", "stages", "stages[].rate", "kind", "kind.of", "limits",
                            "limits.NAME", "near", "near.x", "far", "fault", "fault.of", "fault.size"));
}

TEST(Keys, SayWhatTheSchemaSays) {
    const auto keys = keys_of(sample);
    EXPECT_TRUE(keys[0].is_required);
    EXPECT_EQ(keys[0].description, "All of them.");
    EXPECT_EQ(keys[1].type, "whole number");
    EXPECT_EQ(keys[1].range, "1 to 9");
    EXPECT_EQ(keys[1].default_value, "3");
    EXPECT_FALSE(keys[1].is_required);
    EXPECT_EQ(keys[3].type, "rate");
    EXPECT_EQ(keys[3].description, "How fast.");
    EXPECT_THAT(keys[3].examples, ElementsAre("1/s"));
    EXPECT_THAT(keys[4].allowed, ElementsAre("a", "b"));
    EXPECT_TRUE(keys[7].is_nullable);
    EXPECT_EQ(keys[10].description, "Another one.");
    EXPECT_FALSE(keys[13].is_required) << "only where the condition holds";
}

}  // namespace
}  // namespace portillon::json_schema
