#pragma once

// What a generator's shard is to do. The conductor makes one, of which every shard gets the same but for its number; it
// holds all that a shard needs to know, so that a shard reads neither scenarios nor reports.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "faults/network_fault.h"
#include "net/tcp.h"
#include "net/url.h"
#include "plan/lot.h"

namespace portillon::generator {

// A lot, the protocol that it uses, and the way to its target.
struct LotPlan {
    plan::Lot lot;
    std::string protocol;                               // a driver::Kind's name
    nlohmann::json options = nlohmann::json::object();  // the driver's, as its schema describes them
    net::Url target = {};
    std::vector<net::Route> routes = {};
    std::vector<faults::NetworkFault> network_faults = {};
};

struct Plan {
    std::vector<LotPlan> lots;
};

}  // namespace portillon::generator
