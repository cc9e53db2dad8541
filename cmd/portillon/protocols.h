#pragma once

// The only place that names concrete protocols: a new one is its folder and one line here.

#include <string>
#include <vector>

#include "driver/kind.h"
#include "scenario/scenario.h"
#include "server/listener.h"

namespace portillon::cmd {

const driver::Kinds& driver_kinds();
const server::ListenerKinds& listener_kinds();

// "mqtt, http2, ...", for people.
std::string names_of_protocols();

// Returns what a scenario may state about the drivers above.
std::vector<scenario::KnownProtocol> known_protocols();

}  // namespace portillon::cmd
