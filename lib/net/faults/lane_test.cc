#include "net/faults/lane.h"

#include <gtest/gtest.h>

#include <string>

#include "faults/network_faults.h"

namespace portillon::net {
namespace {

using faults::unlimited;

constexpr Instant start{1h};

void add(Lane& lane, std::string_view text, Nanos ready) {
    lane.add(std::as_bytes(std::span(text)), start + ready);
}

std::string take(Lane& lane, Nanos now, double bytes_per_s = unlimited) {
    const auto bytes = lane.take(start + now, bytes_per_s);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Lane, KeepsTheOrderWhateverThePiecesAreWorth) {
    Lane lane;
    EXPECT_EQ(lane.next(unlimited), never);
    add(lane, "first", 50ms);
    add(lane, "second", 20ms);  // drew less jitter
    add(lane, "third", 60ms);
    EXPECT_EQ(lane.next(unlimited), start + 50ms);
    EXPECT_EQ(take(lane, 49ms), "");
    EXPECT_EQ(take(lane, 50ms), "firstsecond");
    EXPECT_EQ(take(lane, 60ms), "third");
    EXPECT_TRUE(lane.empty());
}

TEST(Lane, CarriesNoMoreThanItsRate) {
    Lane lane;
    add(lane, std::string(4'000, 'x'), 0ms);
    EXPECT_EQ(lane.next(10'000), start + 146ms);  // a segment of 1,460 bytes
    std::size_t carried = 0;
    for (Nanos now = 0ms; now <= 400ms; now += 1ms) {
        carried += take(lane, now, 10'000).size();
        EXPECT_LE(carried, 10u * static_cast<std::size_t>(now / 1ms));
    }
    EXPECT_EQ(carried, 4'000u);
}

TEST(Lane, PassesAtOnceWhatItHeldOnceTheRateIsGone) {
    Lane lane;
    add(lane, std::string(10'000, 'x'), 0ms);
    EXPECT_EQ(take(lane, 146ms, 10'000).size(), 1'460u);
    EXPECT_EQ(take(lane, 147ms).size(), 8'540u);
}

TEST(Lane, DoesNotMakeUpForASilence) {
    Lane lane;
    add(lane, std::string(2'000, 'x'), 0ms);
    lane.stand_still_until(start + 5s);
    EXPECT_EQ(take(lane, 5s, 10'000), "");
    EXPECT_EQ(take(lane, 5s + 146ms, 10'000).size(), 1'460u);
}

TEST(Lane, DropsWhatIsBehind) {
    Lane lane;
    add(lane, "first", 10ms);
    add(lane, "second", 20ms);
    add(lane, "third", 30ms);
    lane.drop_behind(7);
    EXPECT_EQ(lane.size(), 7u);
    EXPECT_EQ(take(lane, 10ms), "first");
    EXPECT_EQ(take(lane, 30ms), "se");
    add(lane, "again", 40ms);
    lane.drop_behind(0);
    EXPECT_TRUE(lane.empty());
    EXPECT_EQ(lane.next(unlimited), never);
    add(lane, "new", 50ms);
    EXPECT_EQ(take(lane, 50ms), "new");
}

TEST(Lane, AddsBehindWhatWasTakenInPart) {
    Lane lane;
    std::string sent, got;
    for (int i = 0; i < 500; ++i) {
        const auto piece = std::to_string(i) + std::string(static_cast<std::size_t>(i % 37), '-');
        sent += piece;
        add(lane, piece, i * 1ms);
        got += take(lane, i * 1ms - 40ms, 9'000);
    }
    got += take(lane, 1h);
    EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace portillon::net
