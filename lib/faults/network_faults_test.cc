#include "faults/network_faults.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace portillon::faults {
namespace {

constexpr EquipmentId one{1};

NetworkFault fault(Kind kind, Nanos at, Nanos length) {
    NetworkFault made;
    made.kind = kind;
    made.at = at;
    made.length = length;
    made.delay = 50ms;
    made.bytes_per_s = 10'000;
    made.every = 100ms;
    made.up = 2s;
    made.down = 1s;
    return made;
}

std::set<std::uint32_t> victims(const NetworkFault& of, std::uint64_t seed, std::uint32_t equipments) {
    std::set<std::uint32_t> ids;
    for (std::uint32_t id = 1; id <= equipments; ++id) {
        if (hits(of, seed, EquipmentId{id})) {
            ids.insert(id);
        }
    }
    return ids;
}

TEST(NetworkFaults, HitAShareThatTheSeedDraws) {
    auto some = fault(Kind::cut, 1s, 1s);
    some.share = 0.2;
    const auto first = victims(some, 7, 10'000);
    EXPECT_EQ(first, victims(some, 7, 10'000));
    EXPECT_NEAR(static_cast<double>(first.size()), 2'000, 150);  // 3.75 standard deviations; the seed is fixed
    EXPECT_NE(first, victims(some, 8, 10'000));
    auto other = some;
    other.number = 1;
    EXPECT_NE(first, victims(other, 7, 10'000));
    // An equipment that is hit with a small share is hit with a larger one, too, however large the fleet is.
    auto more = some;
    more.share = 0.5;
    const auto larger = victims(more, 7, 20'000);
    for (const auto id : first) {
        EXPECT_TRUE(larger.contains(id)) << id;
    }
    auto none = some;
    none.share = 0;
    EXPECT_TRUE(victims(none, 7, 10'000).empty());
    EXPECT_EQ(victims(fault(Kind::cut, 1s, 1s), 7, 50).size(), 50u);
}

TEST(NetworkFaults, HitOnlyTheEquipmentsTheyName) {
    auto few = fault(Kind::cut, 1s, 1s);
    few.first = 3;
    few.last = 5;
    EXPECT_EQ(victims(few, 7, 100), (std::set<std::uint32_t>{3, 4, 5}));
    const NetworkFaults faults({few}, 7);
    EXPECT_TRUE(faults.spares(EquipmentId{2}));
    EXPECT_FALSE(faults.spares(EquipmentId{5}));
    EXPECT_TRUE(faults.at(EquipmentId{2}, 1500ms).plain());
    EXPECT_EQ(faults.next_change(EquipmentId{2}, 0s), NetworkFaults::at_no_time);
    EXPECT_FALSE(faults.at(EquipmentId{5}, 1500ms).plain());
}

TEST(NetworkFaults, AreWhatTheirKindSays) {
    struct Row {
        Kind kind;
        Condition during;
    };
    const Row rows[] = {
        {Kind::latency, {.delay = 50ms}},
        {Kind::bandwidth, {.up_bytes_per_s = 10'000, .down_bytes_per_s = 10'000}},
        {Kind::slow_read, {.down_bytes_per_s = 10'000, .reads_slowly = true}},
        {Kind::cut, {.up_silent = true, .down_silent = true, .hung_by = 0}},
        {Kind::one_way, {.up_silent = true, .hung_by = 0}},
        {Kind::refuse, {.refused_by = 0}},
        {Kind::reset, {}},
    };
    for (const auto& row : rows) {
        const NetworkFaults faults({fault(row.kind, 10s, 5s)}, 7);
        const auto name = static_cast<int>(row.kind);
        EXPECT_EQ(faults.at(one, 10s - 1ns), Condition{}) << name;
        EXPECT_EQ(faults.at(one, 10s), row.during) << name;
        EXPECT_EQ(faults.at(one, 15s - 1ns), row.during) << name;
        EXPECT_EQ(faults.at(one, 15s), Condition{}) << name;
        EXPECT_EQ(faults.next_change(one, -1ns), 10s) << name;
        EXPECT_EQ(faults.next_change(one, 10s), row.kind == Kind::reset ? 10s + 100ms : 15s) << name;
        EXPECT_EQ(faults.next_change(one, 15s), NetworkFaults::at_no_time) << name;
    }
}

TEST(NetworkFaults, OfSeveralTheWorstHoldsAndDelaysAddUp) {
    auto narrow = fault(Kind::bandwidth, 2s, 10s);
    narrow.bytes_per_s = 500;
    auto down = fault(Kind::one_way, 1s, 10s);
    down.direction = Direction::down;
    const NetworkFaults faults({fault(Kind::latency, 1s, 10s), fault(Kind::latency, 2s, 10s),
                                fault(Kind::bandwidth, 1s, 10s), narrow, down, fault(Kind::refuse, 1s, 10s)},
                               7);
    const auto worst = faults.at(one, 3s);
    EXPECT_EQ(worst.delay, 100ms);
    EXPECT_EQ(worst.up_bytes_per_s, 500);
    EXPECT_TRUE(worst.down_silent);
    EXPECT_FALSE(worst.up_silent);
    EXPECT_EQ(worst.refused_by, 5u);
    EXPECT_EQ(worst.hung_by, 4u);
    EXPECT_EQ(faults.at(one, 1500ms).delay, 50ms);
}

TEST(NetworkFaults, StrikeConnectionsAtTheirInstants) {
    const NetworkFaults faults(
        {fault(Kind::half_open, 5s, 0s), fault(Kind::reset, 10s, 250ms), fault(Kind::reset, 20s, 0s)}, 7);
    const Blow gone{Blow::Kind::half_open, 0}, reset{Blow::Kind::reset, 1}, single{Blow::Kind::reset, 2};
    EXPECT_EQ(faults.blow(one, -1ns, 5s - 1ns), std::nullopt);
    EXPECT_EQ(faults.blow(one, -1ns, 5s), gone);
    EXPECT_EQ(faults.blow(one, 5s, 9s), std::nullopt);
    for (const Nanos at : {Nanos{10s}, Nanos{10'100ms}, Nanos{10'200ms}}) {
        EXPECT_EQ(faults.blow(one, at - 1ns, at), reset) << at.count();
        EXPECT_EQ(faults.blow(one, at, at + 50ms), std::nullopt) << at.count();
    }
    EXPECT_EQ(faults.blow(one, 10s + 200ms, 20s - 1ns), std::nullopt);  // 300 ms would be after its end
    EXPECT_EQ(faults.blow(one, 10s + 200ms, 30s), single);
    EXPECT_EQ(faults.blow(one, -1ns, 30s), reset) << "of several a reset";
    EXPECT_EQ(faults.next_change(one, 10s + 200ms), 20s);
}

TEST(NetworkFaults, FlapAsTheSeedDraws) {
    auto flapping = fault(Kind::flapping, 10s, 30s);
    const NetworkFaults faults({flapping}, 7);
    std::set<Nanos> first_downs;
    for (std::uint32_t id = 1; id <= 50; ++id) {
        const EquipmentId equipment{id};
        Nanos now{-1};
        Nanos down{};
        unsigned resets = 0;
        std::optional<Nanos> first;
        for (Nanos next = faults.next_change(equipment, now); next != NetworkFaults::at_no_time;
             next = faults.next_change(equipment, now)) {
            ASSERT_GT(next, now);
            down += faults.at(equipment, now).refused_by ? next - now : Nanos{0};
            if (faults.blow(equipment, now, next)) {
                ++resets;
                EXPECT_TRUE(faults.at(equipment, next).refused_by) << "down begins with a reset";
                first = first.value_or(next);
            }
            now = next;
        }
        EXPECT_EQ(resets, 10u) << id;  // once in 3 s, for 30 s
        EXPECT_EQ(down, 10s) << id;    // a second each
        EXPECT_FALSE(faults.at(equipment, 40s).refused_by);
        first_downs.insert(first.value_or(Nanos{0}));
    }
    EXPECT_EQ(first_downs.size(), 50u) << "not all at once";
    EXPECT_GE(*first_downs.begin(), 10s);
    EXPECT_LT(*first_downs.rbegin(), 12s);
}

// Whatever the faults are: between two changes the condition stays the same, and no blow falls.
TEST(NetworkFaults, NothingHappensBetweenChanges) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Random random(seed);
        const auto up_to = [&](int most) { return static_cast<int>(random.uniform() * most); };
        std::vector<NetworkFault> list;
        for (int i = 0; i < 5; ++i) {
            auto made = fault(static_cast<Kind>(static_cast<int>(Kind::latency) + up_to(9)), up_to(8'000) * 1ms,
                              (1 + up_to(4'000)) * 1ms);
            made.number = static_cast<std::uint32_t>(i);
            made.up = (1 + up_to(900)) * 1ms;
            made.down = (1 + up_to(900)) * 1ms;
            made.every = (1 + up_to(900)) * 1ms;
            made.share = random.uniform() * 1.5;
            list.push_back(made);
        }
        const NetworkFaults faults(list, seed);
        Nanos change = faults.next_change(one, -1ns);
        Condition condition = faults.at(one, -1ns);
        Nanos seen{-1};
        for (Nanos now = 0ms; now < 14s; now += 1ms) {
            while (change <= now) {
                seen = change;
                condition = faults.at(one, change);
                change = faults.next_change(one, change);
            }
            ASSERT_EQ(faults.at(one, now), condition) << "seed " << seed << " at " << now.count();
            ASSERT_EQ(faults.blow(one, seen, now), std::nullopt) << "seed " << seed << " at " << now.count();
        }
    }
}

}  // namespace
}  // namespace portillon::faults
