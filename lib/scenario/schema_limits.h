#pragma once

// The parts of the scenarios' schema that follow from the program's own tables and limits, so that there is one of
// each: how quantities are written and how large they may be, which keys a kind of fault takes, which thresholds there
// are. What no schema can say stays with resolve(): relations between values (a batch's bytes, a cache and its payload,
// a stage's name and a threshold's), and sums (of the stages, of the units of "1h30m").

#include <nlohmann/json_fwd.hpp>

namespace portillon::scenario {

// Puts them into the schema, in place of what is there.
void add_limits(nlohmann::ordered_json& schema);

}  // namespace portillon::scenario
