#pragma once

// The JSON Schema (draft 7) of scenarios: what editors complete from and what decides whether a text is one.

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

// What parse() says of what the schema refuses and nothing else does; a test sees to it that this never happens.
inline constexpr const char* unexplained = "is not what portillon schema scenario describes";

// Everything in `value` that `schema` does not allow, in words. Knows the part of draft 7 that our schemas use.
Findings explain(const nlohmann::json& schema, const nlohmann::json& value);

// Whether `value` is valid by an independent implementation of the whole of draft 7.
bool conforms(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace portillon::scenario
