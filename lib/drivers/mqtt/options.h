#pragma once

// What a scenario says under protocols.mqtt, and the names that follow from it.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/units.h"
#include "wire/mqtt/packet.h"

namespace portillon::mqtt {

struct Options {
    Version version = Version::v5;
    Qos qos = Qos::at_least_once;
    std::uint16_t keepalive_seconds = 60;  // 0: none
    std::string topic = "validations/{equipment}";
};

// `json` is valid by options.schema.json.
Options read_options(const nlohmann::json& json);

// 23 letters and digits at most, the most that every server of 3.1.1 must accept (3.1.3.1 there); another for every
// run and equipment.
std::string client_id(RunId run, EquipmentId equipment);

// The topic of one equipment; its number stands for every "{equipment}". Assigns, so that a kept string grows once.
void write_topic(std::string& into, const std::string& pattern, EquipmentId equipment);

}  // namespace portillon::mqtt
