#pragma once

// The keys of a scenario that a comparison varies: --vary KEY=V1,V2,... Several multiply.

#include <span>
#include <string>
#include <vector>

#include "base/problem.h"
#include "run/order.h"
#include "scenario/document.h"

namespace portillon::cmd {

struct Axis {
    std::string key;                  // dotted
    std::vector<std::string> values;  // YAML, at least one, no two alike
};

// Problems: a text without a key or a value, a value that is there twice, a key that two texts have, one that another
// option of `compare` sets.
Checked<std::vector<Axis>> parse_axes(std::span<const std::string> texts);

// Returns whether runs over that protocol can differ in the axis: false for the options of another protocol.
bool concerns(const Axis& axis, const std::string& protocol);

// The protocol that has an option such as "protocols.mqtt.qos"; empty for other keys.
std::string protocol_of(const std::string& key);

// Every combination of values; the last axis changes fastest. Without axes: one, without a value.
std::vector<std::vector<run::Varied>> combinations(std::span<const Axis> axes);

// Returns the changes of the scenario that a combination stands for.
std::vector<scenario::Override> overrides_of(const std::vector<run::Varied>& varied);

}  // namespace portillon::cmd
