#pragma once

// How many processes and source addresses a fleet needs. Pure; `portillon plan` shows it, the conductor starts so many.

#include <cstdint>

#include "base/units.h"

namespace portillon::plan {

// Descriptors that a shard needs besides its sessions: listeners, link, files, libraries.
inline constexpr unsigned spare_descriptors = 200;

// The limits of a machine. The defaults stand for a machine that was not examined.
struct Machine {
    unsigned descriptor_limit = 1024;    // the hard limit of one process
    unsigned cores = 1;                  // at least 1
    unsigned ports_per_address = 28000;  // ephemeral ports, per source address and target
};

enum class Server : std::uint8_t { embedded, foreign };  // foreign: the server runs already, nothing has to be started

struct Sizing {
    unsigned generator_shards = 1;
    unsigned server_shards = 0;               // 0 when the server is foreign
    std::uint64_t generator_descriptors = 0;  // in the fullest shard, spare ones included
    std::uint64_t server_descriptors = 0;     // in each shard if connections spread evenly, spare ones included
    unsigned source_addresses = 1;
    std::uint64_t ports_of_an_address = 0;
};

// Plans as many shards as the descriptors demand; then more, up to the number of cores (half of them when the server is
// embedded and needs the others), as long as each has some 500 equipments. An embedded server that needs several shards
// gets one to spare: the kernel does not spread connections evenly, and the others can take over those of a dead shard.
// An embedded server gets `fewest_server_shards` at least.
Sizing size_for(std::uint32_t equipments, unsigned descriptors_per_session, Server server, const Machine& machine,
                unsigned fewest_server_shards = 1);

}  // namespace portillon::plan
