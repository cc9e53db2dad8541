#include "account/figures.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

#include "account/latency.h"
#include "account/values.h"

namespace portillon::account {
namespace {

TEST(Figures, HaveARowForEveryCountAndNoOther) {
    static_assert(sizeof(Counts) == count_figures.size() * sizeof(Count));
    static_assert(sizeof(Latencies) == latency_figures.size() * sizeof(std::optional<Latency>));
    static_assert(sizeof(Throughput) == throughput_figures.size() * sizeof(std::optional<double>));
    static_assert(sizeof(Resources) == resource_figures.size() * sizeof(std::optional<double>));
    std::set<std::string> names;
    Counts each;
    for (const auto& figure : count_figures) {
        EXPECT_TRUE(names.insert(std::string(figure.name)).second) << figure.name;
        each.*figure.count += 1;
    }
    for (const auto& figure : count_figures) {
        EXPECT_EQ(each.*figure.count, 1u) << figure.name << " shares its member with another row";
    }
}

TEST(Figures, NameTheSameMemberOfBothKindsOfCounts) {
    for (const auto& figure : count_figures) {
        const Counts counts;
        const KnownCounts known;
        const auto place_of = [](const auto& whole, const auto& member) {
            return static_cast<std::size_t>(reinterpret_cast<const char*>(&member) -
                                            reinterpret_cast<const char*>(&whole)) /
                   sizeof(member);
        };
        EXPECT_EQ(place_of(counts, counts.*figure.count), place_of(known, known.*figure.known_count)) << figure.name;
    }
}

TEST(Figures, OfProcessesAddUp) {
    Counts sum{.generated = 1, .connected_max = 5};
    add(sum, {.generated = 2, .connected_max = 7});
    EXPECT_EQ(sum, (Counts{.generated = 3, .connected_max = 12}));
}

TEST(Figures, OfRepeatsAddUpWhereBothKnowThem) {
    KnownCounts sum{.generated = 1, .lost = 0, .equipments = 10, .connected_max = 7};
    add_repeat(sum, {.generated = 2, .lost = std::nullopt, .equipments = 10, .connected_max = 5});
    EXPECT_EQ(sum, (KnownCounts{.generated = 3, .equipments = 10, .connected_max = 7}));
}

TEST(Figures, BalanceWhenEveryGeneratedValidationIsInOneState) {
    Counts counts{.generated = 15, .acknowledged = 1, .rejected = 2, .unacknowledged = 3, .cached = 4, .discarded = 5};
    EXPECT_TRUE(is_balanced(counts));
    ++counts.retries;
    EXPECT_TRUE(is_balanced(counts));
    ++counts.cached;
    EXPECT_FALSE(is_balanced(counts));
}

}  // namespace
}  // namespace portillon::account
