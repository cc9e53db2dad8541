#pragma once

// How many processes a fleet needs, and which equipments each of them has. Pure; the plan shows it, the conductor does
// it.

#include <cstdint>

#include "base/units.h"

namespace portillon::plan {

// Descriptors that a shard needs besides its sessions: listeners, link, files, libraries.
inline constexpr unsigned spare_descriptors = 200;

// What a machine allows. The defaults are those of one that was not asked.
struct Machine {
    unsigned descriptor_limit = 1024;    // of one process, hard
    unsigned cores = 1;                  // at least 1
    unsigned ports_per_address = 28000;  // ephemeral ports, per source address and target
};

enum class Server : std::uint8_t { embedded, foreign };  // foreign: elsewhere, nothing to start

struct Sizing {
    unsigned generator_shards = 1;
    unsigned server_shards = 0;               // 0 when the server is foreign
    std::uint64_t generator_descriptors = 0;  // of the fullest shard, spare ones included
    std::uint64_t server_descriptors = 0;     // of each shard when connections spread evenly
    unsigned source_addresses = 1;
    std::uint64_t ports_of_an_address = 0;
};

// As many shards as the descriptors demand. Then more, up to the cores (half of them when the server is embedded and
// needs the others), but none for fewer than 500 equipments. When the embedded server needs several shards it gets one
// to spare: the kernel does not spread connections evenly, and the rest can take a dead one's.
// `fewest_server_shards`: of an embedded one.
Sizing size_for(std::uint32_t equipments, unsigned descriptors_per_session, Server server, const Machine& machine,
                unsigned fewest_server_shards = 1);

}  // namespace portillon::plan
