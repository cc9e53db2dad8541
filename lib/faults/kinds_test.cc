#include "faults/kinds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace portillon::faults {
namespace {

TEST(Kinds, StandInTheOrderOfTheirEnumerators) {
    std::set<std::string_view> names;
    for (std::size_t place = 0; place < kinds.size(); ++place) {
        EXPECT_EQ(static_cast<std::size_t>(kinds[place].kind), place) << kinds[place].name;
        EXPECT_TRUE(names.insert(kinds[place].name).second) << kinds[place].name;
    }
    EXPECT_EQ(kinds.back().kind, Kind::command) << "the last enumerator";
}

TEST(Kinds, TakeKeysThatThereAre) {
    for (const auto& each : kinds) {
        for (const auto set : {each.needed, each.allowed}) {
            std::size_t named = 0;
            for (const auto key : keys) {
                named += set.hold(key) ? 1 : 0;
            }
            const auto words = set.names.empty() ? 0 : 1 + std::count(set.names.begin(), set.names.end(), ' ');
            EXPECT_EQ(named, static_cast<std::size_t>(words)) << each.name << ": " << set.names;
        }
    }
    EXPECT_TRUE(about(Kind::limit).needs("rate"));
    EXPECT_FALSE(about(Kind::limit).takes("share"));
    EXPECT_TRUE(about(Kind::latency).takes("share")) << "of some equipments, as every fault of the network";
    EXPECT_FALSE(about(Kind::latency).takes("up"));
    EXPECT_TRUE(about(Kind::command).needs("run"));
    EXPECT_FALSE(about(Kind::command).takes("share")) << "it hits no equipment";
}

TEST(Kinds, AreFoundByNameOnTheirSide) {
    EXPECT_EQ(kind_named("close", Side::server), Kind::close);
    EXPECT_FALSE(kind_named("close", Side::network));
    EXPECT_FALSE(kind_named("clos", Side::server));
    EXPECT_FALSE(kind_named("command", Side::server)) << "no server executes what its clients name";
    EXPECT_EQ(names_of(Side::conductor), "command");
    EXPECT_TRUE(names_of(Side::server).starts_with("stall, delay, slow, limit, lose"));
    EXPECT_TRUE(names_of(Side::server).ends_with("kill or restart"));
    EXPECT_TRUE(names_of(Side::network).ends_with("slow_read or one_way"));
}

TEST(Kinds, SayWhatTheyStrike) {
    EXPECT_EQ(name_of(victim_of(Kind::stall)), "messages");
    EXPECT_EQ(name_of(victim_of(Kind::lose)), "validations");
    EXPECT_EQ(name_of(victim_of(Kind::goaway)), "connections");
    EXPECT_EQ(name_of(victim_of(Kind::restart)), "shards");
    EXPECT_TRUE(strikes_messages(Kind::mute));
    EXPECT_FALSE(strikes_messages(Kind::stall)) << "it holds them";
}

}  // namespace
}  // namespace portillon::faults
