#include "fleet/shard.h"

#include <gtest/gtest.h>

#include "fleet/scripted.h"

namespace portillon::fleet {
namespace {

struct Fixture {
    Fixture() {
        shard.t0 = simulation.now();
        shard.books.series.start(shard.t0);
    }

    testing::Simulation simulation;
    ScriptedDriver driver{simulation.loop()};
    Shard shard{simulation.loop(), driver, plain_plan({}, {steady(10s, 1)})};
};

TEST(Shard, IsSettledWhenTheTallySaysSoWhateverTheSeriesShows) {
    Fixture fixture;
    auto& shard = fixture.shard;
    EXPECT_TRUE(shard.settled());
    for (int i = 0; i < 4; ++i) {
        shard.books.generated(500ms);
    }
    shard.books.series.roll(shard.t0 + 1s, {});  // as a faulty report might
    EXPECT_FALSE(shard.settled());
    ++shard.books.counts.acknowledged;
    ++shard.books.counts.rejected;
    ++shard.books.counts.discarded;
    EXPECT_FALSE(shard.settled());
    ++shard.books.counts.unacknowledged;  // sent, and no answer is expected
    shard.books.series.roll(shard.t0 + 2s, {.connected = 3, .in_flight = 7, .cached = 9});
    EXPECT_TRUE(shard.settled());
    shard.turning = 1;
    EXPECT_FALSE(shard.settled());
}

TEST(Shard, WorksItsGaugesOutFromTheAccounts) {
    Fixture fixture;
    auto& shard = fixture.shard;
    for (int i = 0; i < 5; ++i) {
        shard.books.generated(0ns);
    }
    EXPECT_EQ(shard.gauges(), (Gauges{.cached = 5}));
    Flight& flight = shard.flights.take();
    flight.count = 3;
    shard.flights.set_status(flight, Flight::Status::offered);
    EXPECT_EQ(shard.gauges(), (Gauges{.in_flight = 3, .cached = 2}));
    shard.flights.set_status(flight, Flight::Status::waiting);  // nothing was written
    EXPECT_EQ(shard.gauges(), (Gauges{.cached = 5}));
    shard.flights.set_status(flight, Flight::Status::offered);
    flight.sent = fixture.simulation.now();
    shard.flights.set_status(flight, Flight::Status::held);  // a retry: what was written may have arrived
    EXPECT_EQ(shard.gauges(), (Gauges{.in_flight = 3, .cached = 2}));
    shard.books.counts.acknowledged += flight.count;
    shard.flights.give_back(flight);
    EXPECT_EQ(shard.gauges(), (Gauges{.cached = 2}));
}

}  // namespace
}  // namespace portillon::fleet
