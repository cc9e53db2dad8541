#pragma once

// The run that the user asked for, with everything resolved: one protocol against one target.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "driver/kind.h"
#include "net/endpoint.h"
#include "scenario/scenario.h"

namespace portillon::run {

// How this program was built; part of every report's context.
struct Build {
    std::string version, commit, compiler, build_type;
    std::map<std::string, std::string> libraries;  // name: version
};

// A key of the scenario that has different values in the runs of a comparison, and the value in this run.
struct Varied {
    std::string key;  // dotted: "protocols.mqtt.qos"
    std::string value;
    std::string label = {};  // what reports call it, where the value alone says it: "protobuf"; empty: "key=value"
};

struct Order {
    scenario::Scenario scenario;  // already compressed
    double compression = 1;
    std::string workload_digest;
    std::vector<Varied> varied;              // the scenario has these values already
    const driver::Kind* protocol = nullptr;  // one of the driver kinds; outlives the run
    std::optional<net::Located> target;      // nothing: the embedded server
    std::optional<net::Located> ledger;      // admin endpoint of a foreign target's ledger; nothing: none, or embedded
    std::string ledger_token;
    unsigned shards = 0;                         // of the generator; 0: as many as needed
    std::vector<net::Address> source_addresses;  // empty: as many as needed on loopback, the kernel's choice elsewhere
    std::vector<std::string> command;            // as typed
    Build build;
};

}  // namespace portillon::run
