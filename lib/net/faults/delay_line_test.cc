#include "net/faults/delay_line.h"

#include <gtest/gtest.h>

#include <string>

#include "faults/network_faults.h"

namespace portillon::net::faults {
namespace {

using portillon::faults::unlimited;

constexpr Instant start{1h};

void add(DelayLine& line, std::string_view text, Nanos ready) {
    line.add(std::as_bytes(std::span(text)), start + ready);
}

std::string take(DelayLine& line, Nanos now, double bytes_per_s = unlimited) {
    const auto bytes = line.take(start + now, bytes_per_s);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(DelayLine, KeepsTheOrderWhateverThePiecesAreWorth) {
    DelayLine line;
    EXPECT_EQ(line.next(unlimited), never);
    add(line, "first", 50ms);
    add(line, "second", 20ms);  // its jitter was less
    add(line, "third", 60ms);
    EXPECT_EQ(line.next(unlimited), start + 50ms);
    EXPECT_EQ(take(line, 49ms), "");
    EXPECT_EQ(take(line, 50ms), "firstsecond");
    EXPECT_EQ(take(line, 60ms), "third");
    EXPECT_TRUE(line.empty());
}

TEST(DelayLine, CarriesNoMoreThanItsRate) {
    DelayLine line;
    add(line, std::string(4'000, 'x'), 0ms);
    EXPECT_EQ(line.next(10'000), start + 146ms);  // a segment of 1,460 bytes
    std::size_t carried = 0;
    for (Nanos now = 0ms; now <= 400ms; now += 1ms) {
        carried += take(line, now, 10'000).size();
        EXPECT_LE(carried, 10u * static_cast<std::size_t>(now / 1ms));
    }
    EXPECT_EQ(carried, 4'000u);
}

TEST(DelayLine, PassesAtOnceWhatItHeldOnceTheRateIsGone) {
    DelayLine line;
    add(line, std::string(10'000, 'x'), 0ms);
    EXPECT_EQ(take(line, 146ms, 10'000).size(), 1'460u);
    EXPECT_EQ(take(line, 147ms).size(), 8'540u);
}

TEST(DelayLine, DoesNotMakeUpForASilence) {
    DelayLine line;
    add(line, std::string(2'000, 'x'), 0ms);
    line.stand_still_until(start + 5s);
    EXPECT_EQ(take(line, 5s, 10'000), "");
    EXPECT_EQ(take(line, 5s + 146ms, 10'000).size(), 1'460u);
}

TEST(DelayLine, DropsWhatIsBehind) {
    DelayLine line;
    add(line, "first", 10ms);
    add(line, "second", 20ms);
    add(line, "third", 30ms);
    line.drop_behind(7);
    EXPECT_EQ(line.size(), 7u);
    EXPECT_EQ(take(line, 10ms), "first");
    EXPECT_EQ(take(line, 30ms), "se");
    add(line, "again", 40ms);
    line.drop_behind(0);
    EXPECT_TRUE(line.empty());
    EXPECT_EQ(line.next(unlimited), never);
    add(line, "new", 50ms);
    EXPECT_EQ(take(line, 50ms), "new");
}

TEST(DelayLine, AddsBehindWhatWasTakenInPart) {
    DelayLine line;
    std::string sent, got;
    for (int i = 0; i < 500; ++i) {
        const auto piece = std::to_string(i) + std::string(static_cast<std::size_t>(i % 37), '-');
        sent += piece;
        add(line, piece, i * 1ms);
        got += take(line, i * 1ms - 40ms, 9'000);
    }
    got += take(line, 1h);
    EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace portillon::net::faults
