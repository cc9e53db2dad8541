#pragma once

// Makes a scenario from text and options, or lists every problem in them at once.

#include <span>
#include <string>
#include <string_view>

#include "base/problem.h"
#include "scenario/document.h"
#include "scenario/scenario.h"

namespace portillon::scenario {

// `source`: the file's name as the user wrote it. Problems name it, and a scenario without a name gets its stem. JSON
// is YAML, so parse() reads what serialize() writes.
Checked<Scenario> parse(std::string_view text, const std::string& source, std::span<const Override> overrides,
                        std::span<const KnownProtocol> protocols);

// The scenario of a run without a file: 100 equipments for 30 s with 1/s each, named "ad-hoc", changed by the
// overrides.
Checked<Scenario> from_options(std::span<const Override> overrides, std::span<const KnownProtocol> protocols);

}  // namespace portillon::scenario
