#include "plan/sizing.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::plan {

namespace {

constexpr unsigned fewest_equipments_of_a_shard = 500;

// Only a quarter of an address's ports is used. The kernel tries one port after the other until one is free, so its
// search gets longer as they fill: 50,000 connects took 33 s of CPU with seven in eight ports of each address in use,
// and 3 s with a quarter. Loopback has enough addresses for that.
constexpr unsigned part_of_ports_used = 4;

std::uint64_t divide_up(std::uint64_t count, std::uint64_t by) {
    return (count + by - 1) / by;
}

}  // namespace

Sizing size_for(std::uint32_t equipments, unsigned descriptors_per_session, Server server, const Machine& machine,
                unsigned fewest_server_shards) {
    check(equipments >= 1 && descriptors_per_session >= 1 && machine.cores >= 1 && machine.ports_per_address >= 1,
          "a fleet on a machine");
    // A shard cannot work with a limit below the spare descriptors, and will say so itself.
    const std::uint64_t usable = machine.descriptor_limit > spare_descriptors + descriptors_per_session
                                     ? machine.descriptor_limit - spare_descriptors
                                     : descriptors_per_session;
    const std::uint64_t worth = divide_up(equipments, fewest_equipments_of_a_shard);
    const std::uint64_t cores = server == Server::embedded ? std::max(1U, machine.cores / 2) : machine.cores;
    const std::uint64_t by_cores = std::min(cores, worth);

    Sizing sizing;
    const auto sessions_of_a_shard = usable / descriptors_per_session;
    sizing.generator_shards = static_cast<unsigned>(std::max(divide_up(equipments, sessions_of_a_shard), by_cores));
    sizing.generator_descriptors =
        divide_up(equipments, sizing.generator_shards) * descriptors_per_session + spare_descriptors;
    if (server == Server::embedded) {
        const auto needed = divide_up(equipments, usable);
        sizing.server_shards = static_cast<unsigned>(
            std::max({needed > 1 ? needed + 1 : needed, by_cores, std::uint64_t{fewest_server_shards}}));
        sizing.server_descriptors = divide_up(equipments, sizing.server_shards) + spare_descriptors;
    }
    const auto ports = std::max(1U, machine.ports_per_address / part_of_ports_used);
    sizing.source_addresses = static_cast<unsigned>(divide_up(equipments, ports));
    sizing.ports_of_an_address = divide_up(equipments, sizing.source_addresses);
    return sizing;
}

}  // namespace portillon::plan
