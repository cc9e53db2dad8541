#pragma once

// The options of protocols.mqtt in a scenario, and the names that follow from them.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/units.h"
#include "wire/mqtt/packet.h"

namespace portillon::drivers::mqtt {

struct Options {
    wire::mqtt::Version version = wire::mqtt::Version::v5;
    wire::mqtt::Qos qos = wire::mqtt::Qos::at_least_once;
    std::uint16_t keepalive_seconds = 60;  // 0: none
    // How long the server is to keep the session after a break (version 5); in 3.1.1 any value but 0 means: keep it.
    std::uint32_t session_expiry_seconds = 600;
    std::string topic = "validations/{equipment}";

    // At QoS 0 there is nothing to resume.
    bool resumes() const { return qos != wire::mqtt::Qos::at_most_once && session_expiry_seconds > 0; }
};

// `json` is valid by options.schema.json.
Options read_options(const nlohmann::json& json);

// At most 23 letters and digits, which every server of 3.1.1 must accept (3.1.3.1 there); different for every run and
// equipment.
std::string client_id(RunId run, EquipmentId equipment);

// The topic of one equipment: its number replaces every "{equipment}". Assigns, so that a reused string grows once.
void write_topic(std::string& into, const std::string& pattern, EquipmentId equipment);

}  // namespace portillon::drivers::mqtt
