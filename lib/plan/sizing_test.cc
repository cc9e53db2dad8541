#include "plan/sizing.h"

#include <gtest/gtest.h>

namespace portillon::plan {
namespace {

TEST(Sizing, CountsShardsDescriptorsAndPorts) {
    struct Row {
        std::uint32_t equipments;
        unsigned descriptors;
        Server server;
        Machine machine;
        unsigned generators, servers, addresses;
    };
    for (const auto& row : {
             Row{1, 1, Server::embedded, {20'000, 2, 28'000}, 1, 1, 1},
             Row{1000, 1, Server::embedded, {20'000, 2, 28'000}, 1, 1, 1},
             Row{19'800, 1, Server::embedded, {20'000, 2, 28'000}, 1, 1, 3},
             Row{19'801, 1, Server::embedded, {20'000, 2, 28'000}, 2, 3, 3},
             Row{50'000, 1, Server::embedded, {20'000, 2, 28'000}, 3, 4, 8},
             Row{50'000, 3, Server::embedded, {20'000, 2, 28'000}, 8, 4, 8},
             Row{50'000, 1, Server::foreign, {20'000, 2, 28'000}, 3, 0, 8},
             Row{50'000, 1, Server::embedded, {1'000'000, 16, 28'000}, 8, 8, 8},
             Row{600, 1, Server::foreign, {1'000'000, 16, 28'000}, 2, 0, 1},
             Row{10, 1, Server::foreign, {100, 1, 28'000}, 10, 0, 1},
             Row{1'000'000, 1, Server::foreign, {20'000, 2, 28'000}, 51, 0, 143},
         }) {
        const auto sizing = size_for(row.equipments, row.descriptors, row.server, row.machine);
        EXPECT_EQ(sizing.generator_shards, row.generators) << row.equipments;
        EXPECT_EQ(sizing.server_shards, row.servers) << row.equipments;
        EXPECT_EQ(sizing.source_addresses, row.addresses) << row.equipments;
        if (row.machine.descriptor_limit > 1000) {
            EXPECT_LE(sizing.generator_descriptors, row.machine.descriptor_limit);
        }
        EXPECT_LE(sizing.ports_of_an_address, row.machine.ports_per_address / 4);
    }
}

}  // namespace
}  // namespace portillon::plan
