#pragma once

// The JSON Schema (draft 7) of scenarios. It decides whether a text is a scenario, and editors complete from it.

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "scenario/document.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// The schema with the given protocols: their names, and the schemas of their options. For the protocols that ship, this
// is scenarios/scenario.schema.json to the byte.
std::string schema_text(std::span<const KnownProtocol> protocols);

nlohmann::json schema_json(std::span<const KnownProtocol> protocols);

// The message of parse() if only the independent validator refuses a text. A test checks that this never happens.
inline constexpr const char* unexplained = "is not what portillon schema scenario describes";

// Describes in words everything in `value` that `schema` does not allow. Knows the part of draft 7 that our schemas
// use.
Findings explain(const nlohmann::json& schema, const nlohmann::json& value);

// Whether an independent implementation of all of draft 7 accepts `value`.
bool conforms(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace portillon::scenario
