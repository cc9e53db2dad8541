#pragma once

// From text and options to a scenario, or to every problem in them at once.

#include <span>
#include <string>
#include <string_view>

#include "base/problem.h"
#include "scenario/document.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// `source`: the file's name as the user wrote it, for the problems; its stem is the scenario's name when it has none.
// JSON is YAML: what serialize() writes is read back.
Checked<Scenario> parse(std::string_view text, const std::string& source, std::span<const Override> overrides,
                        std::span<const KnownProtocol> protocols);

// A run without a file: 100 equipments, 1/s each, 30 s, named "ad-hoc", and the overrides.
Checked<Scenario> from_options(std::span<const Override> overrides, std::span<const KnownProtocol> protocols);

}  // namespace portillon::scenario
