#pragma once

// The plan of a generator's shards. The conductor makes one plan, and every shard gets the same, with its own number. A
// plan holds everything that a shard needs, so that a shard reads neither scenarios nor reports.

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
    nlohmann::json options = nlohmann::json::object();  // options of the driver, as its schema describes them
    net::Url target = {};
    std::vector<net::Route> routes = {};
    std::vector<faults::NetworkFault> network_faults = {};
};

struct Plan {
    std::vector<LotPlan> lots;
};

}  // namespace portillon::generator
