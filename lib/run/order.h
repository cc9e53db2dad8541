#pragma once

// What the user asked for, resolved: one run of one protocol against one target.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "driver/kind.h"
#include "net/endpoint.h"
#include "scenario/scenario.h"

namespace portillon::run {

// What is written into every report's context.
struct Build {
    std::string version, commit, compiler, build_type;
    std::map<std::string, std::string> libraries;  // name: version
};

struct Order {
    scenario::Scenario scenario;  // compressed already
    double compression = 1;
    std::string workload_digest;
    const driver::Kind* protocol = nullptr;  // one of the driver kinds; outlives the run
    std::optional<net::Located> target;      // nothing: the embedded server
    std::optional<net::Located> ledger;      // the admin endpoint that can say what arrived; embedded: found by itself
    std::string ledger_token;
    unsigned shards = 0;                         // of the generator; 0: worked out
    std::vector<net::Address> source_addresses;  // empty: worked out on loopback, the kernel's choice elsewhere
    std::vector<std::string> command;            // as typed
    Build build;
};

}  // namespace portillon::run
