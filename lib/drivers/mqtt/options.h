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
    // How long the server is to keep a session after a break (version 5), or that it is to keep it (3.1.1: any but 0).
    std::uint32_t session_expiry_seconds = 600;
    std::string topic = "validations/{equipment}";

    // At QoS 0 there is nothing to resume.
    bool resumes() const { return qos != Qos::at_most_once && session_expiry_seconds > 0; }
};

// `json` is valid by options.schema.json.
Options read_options(const nlohmann::json& json);

// 23 letters and digits at most, the most that every server of 3.1.1 must accept (3.1.3.1 there); another for every
// run and equipment.
std::string client_id(RunId run, EquipmentId equipment);

// The topic of one equipment; its number stands for every "{equipment}". Assigns, so that a kept string grows once.
void write_topic(std::string& into, const std::string& pattern, EquipmentId equipment);

}  // namespace portillon::mqtt
