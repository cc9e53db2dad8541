#pragma once

// The parts of the scenarios' schema that follow from the program's own tables and limits, so that each limit is
// written down once: how quantities are written and how large they may be, which keys a kind of fault takes, which
// thresholds there are. resolve() checks what no schema can express: relations between values (bytes of a batch, cache
// and payload, names of stages in thresholds), and sums (of the stages, of the units in "1h30m").

#include <nlohmann/json_fwd.hpp>

namespace portillon::scenario {

// Puts these parts into the schema and replaces what is there.
void add_limits(nlohmann::ordered_json& schema);

}  // namespace portillon::scenario
