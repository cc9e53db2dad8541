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

// The protocol for targets of this scheme: `preferred` if it has the scheme, else the first that has it; `preferred` if
// there is none.
std::string protocol_for(const std::string& scheme, const std::string& preferred);

// Returns what a scenario may state about the drivers above.
std::vector<scenario::KnownProtocol> known_protocols();

}  // namespace portillon::cmd
