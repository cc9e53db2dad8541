#include "fleet/cache.h"

#include <gtest/gtest.h>

#include "fleet/scripted.h"

namespace portillon::fleet {
namespace {

constexpr std::uint32_t plenty = 1'000;

// A cache of the first `size` validations; one a second is due.
struct Filled {
    explicit Filled(int size, arrival::Arrival arrival = {})
        : schedule(std::move(arrival), plain_plan({}, {steady(100s, 1)}).schedule.stages(), 1) {
        cache.begin(schedule.begin(one, 0ns));
        turn(size);
    }
    void turn(int count) {
        for (int i = 0; i < count; ++i) {
            cache.turn(schedule);
        }
    }
    // Turns to `count` more validations and discards the newest above `capacity`.
    Cache::Range turn_and_discard(std::uint32_t count, std::uint64_t capacity) {
        const auto first = cache.newest();
        turn(static_cast<int>(count));
        return cache.discard_newest(schedule, capacity, first, count, [this](Nanos due) { discarded.push_back(due); });
    }
    std::vector<std::pair<Sequence, std::uint64_t>> ranges() const {
        std::vector<std::pair<Sequence, std::uint64_t>> all;
        cache.for_each_range([&](const Cache::Range& range) { all.emplace_back(range.first, range.count); });
        return all;
    }
    Nanos due(Sequence sequence) const {
        auto cursor = schedule.begin(one, 0ns);
        while (cursor.sequence() < sequence) {
            schedule.advance(cursor);
        }
        return cursor.due();
    }
    std::vector<std::uint64_t> by_segment(std::vector<Nanos> cuts) const {
        const plan::Segments segments(schedule.stages(), std::move(cuts));
        std::vector<std::uint64_t> counts(segments.size());
        cache.count_by_segment(schedule, segments,
                               [&](std::uint32_t place, std::uint64_t count) { counts[place] += count; });
        return counts;
    }

    arrival::Schedule schedule;
    Cache cache;
    std::vector<Nanos> discarded;
};

using Ranges = std::vector<std::pair<Sequence, std::uint64_t>>;

TEST(Cache, CutsTheOldestFirstUpToTheMostOfABatch) {
    Filled filled(5);
    const auto first = filled.cache.cut(filled.schedule, 3);
    EXPECT_EQ(first.first.sequence(), 1u);
    EXPECT_EQ(first.first.due(), filled.due(1));
    EXPECT_EQ(first.count, 3u);
    const auto second = filled.cache.cut(filled.schedule, 3);
    EXPECT_EQ(second.first.sequence(), 4u);
    EXPECT_EQ(second.first.due(), filled.due(4));
    EXPECT_EQ(second.count, 2u);
    EXPECT_TRUE(filled.cache.empty());
    EXPECT_EQ(filled.cache.newest().sequence(), 6u);
}

TEST(Cache, DiscardsTheOldestAboveItsCapacity) {
    Filled filled(5);
    std::vector<Nanos> dues;
    const auto gone = filled.cache.discard_oldest(filled.schedule, 3, [&](Nanos due) { dues.push_back(due); });
    EXPECT_EQ(gone.first, 1u);
    EXPECT_EQ(gone.count, 2u);
    EXPECT_EQ(dues, (std::vector{filled.due(1), filled.due(2)}));
    EXPECT_EQ(filled.ranges(), (Ranges{{3, 3}}));
    EXPECT_EQ(filled.cache.discard_oldest(filled.schedule, 3, [](Nanos) { FAIL(); }).count, 0u);
}

TEST(Cache, DiscardsTheNewestAndCutsNoBatchAcrossTheHole) {
    Filled filled(2);
    const auto gone = filled.turn_and_discard(3, 3);  // 3, and no place for 4 and 5
    EXPECT_EQ(gone.first, 4u);
    EXPECT_EQ(gone.count, 2u);
    EXPECT_EQ(filled.discarded, (std::vector{filled.due(4), filled.due(5)}));
    EXPECT_EQ(filled.cache.size(), 3u);
    EXPECT_EQ(filled.cache.cut(filled.schedule, 1).count, 1u);
    filled.turn(2);
    EXPECT_EQ(filled.ranges(), (Ranges{{2, 2}, {6, 2}}));
    EXPECT_EQ(filled.cache.cut(filled.schedule, plenty).count, 2u);
    const auto behind = filled.cache.cut(filled.schedule, plenty);
    EXPECT_EQ(behind.first.sequence(), 6u);
    EXPECT_EQ(behind.first.due(), filled.due(6));
    EXPECT_EQ(behind.count, 2u);
    EXPECT_TRUE(filled.cache.empty());
}

TEST(Cache, HolesThatTouchAreOneAndThoseThatDoNotAreSteppedOverInTurn) {
    Filled filled(2);
    filled.turn_and_discard(1, 2);  // 3
    filled.turn_and_discard(2, 2);  // 4 and 5
    filled.cache.cut(filled.schedule, 1);
    filled.turn_and_discard(2, 2);  // 6 is kept, 7 goes
    EXPECT_EQ(filled.ranges(), (Ranges{{2, 1}, {6, 1}}));
    EXPECT_EQ(filled.cache.cut(filled.schedule, plenty).first.sequence(), 2u);
    EXPECT_EQ(filled.cache.cut(filled.schedule, plenty).first.sequence(), 6u);
    EXPECT_TRUE(filled.cache.empty());
    filled.turn(1);
    EXPECT_EQ(filled.cache.cut(filled.schedule, plenty).first.sequence(), 8u);
}

TEST(Cache, DiscardsOnlyFromWhatTheEquipmentHasJustTurnedTo) {
    Filled filled(5);
    EXPECT_EQ(filled.turn_and_discard(1, 2).count, 1u);
    EXPECT_EQ(filled.cache.size(), 5u);
}

TEST(Cache, CountsWhatWaitsInTheSegmentsItIsDueIn) {
    Filled filled(20);
    filled.turn_and_discard(5, 20);  // 21 to 25
    filled.turn(5);
    filled.cache.cut(filled.schedule, 5);
    EXPECT_EQ(filled.by_segment({10s, 22s}), (std::vector<std::uint64_t>{5, 10, 5}));
    EXPECT_EQ(filled.by_segment({}), (std::vector<std::uint64_t>{20}));
    EXPECT_EQ(filled.by_segment({50s}), (std::vector<std::uint64_t>{20, 0}));
}

TEST(Cache, RecomputesTheSameDueTimesOfARandomSchedule) {
    Filled filled(30, {.kind = arrival::Kind::poisson});
    filled.cache.cut(filled.schedule, 7);
    EXPECT_EQ(filled.cache.cut(filled.schedule, 1).first.due(), filled.due(8));
    filled.cache.discard_oldest(filled.schedule, 10, [](Nanos) {});
    EXPECT_EQ(filled.cache.cut(filled.schedule, plenty).first.due(), filled.due(21));
}

}  // namespace
}  // namespace portillon::fleet
