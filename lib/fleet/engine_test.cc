// The life of equipments and of a whole run: starting, connecting, stages, drain, stop, close.

#include "fleet/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "fleet/equipment.h"
#include "fleet/scripted.h"
#include "stats/histogram_codec.h"

namespace portillon::fleet {
namespace {

using arrival::Measure;
using driver::Answer;
using Reply = ScriptedDriver::Reply;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Due times are rounded down to whole nanoseconds, each by itself.
MATCHER_P2(is_within, tolerance, value, "") {
    return arg.has_value() && *arg >= value - tolerance && *arg <= value + tolerance;
}

std::uint64_t sum_due(const Series& series) {
    std::uint64_t sum = 0;
    for (const auto& interval : series.intervals) {
        sum += interval.due;
    }
    return sum;
}

TEST(Equipment, IsSmall) {
    EXPECT_LE(sizeof(Equipment), 352u);
    EXPECT_LE(sizeof(Flight), 144u);  // there are only as many as are under way at once
}

TEST(Engine, GeneratesExactlyWhatTheStagesSay) {
    auto plan = plain_plan(periodic, {steady(30s, 1, Measure::off),
                                      steady(120s, 2),
                                      {.duration = 60s, .rate_from = 2, .rate_to = 10, .measure = Measure::on}});
    plan.equipments = 20;
    Rehearsal run(plan);
    const auto result = run.whole();
    EXPECT_EQ(result.counts.generated, 20u * (30 + 240 + 360));
    EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
    EXPECT_EQ(result.measured_generated, 20u * (240 + 360));
    EXPECT_EQ(result.response.count(), 20u * (240 + 360));  // warm-up is in the tally only
    EXPECT_EQ(result.service.count(), result.response.count());
    EXPECT_EQ(result.lateness.count(), result.response.count());
    EXPECT_EQ(result.generator_lag.count(), result.response.count());
    EXPECT_EQ(result.unanswered(), 0u);
    EXPECT_THAT(result.exceptions, IsEmpty());
    ASSERT_EQ(result.generated.size(), 20u);
    for (const auto& [equipment, count, by_segment] : result.generated) {
        EXPECT_EQ(count, 630u) << number_of(equipment);
    }
    EXPECT_EQ(sum_due(result.series), result.counts.generated);
}

TEST(Engine, ReadsTheKnownAnswerOfAServerThatFreezes) {
    // One second in every ten: a tenth of what is due waits between 0 and 1 s, evenly.
    auto plan = plain_plan(periodic, {steady(40s, 50)});
    plan.equipments = 10;
    plan.delivery.timeout = 15s;
    plan.delivery.drain = 5s;
    Rehearsal run(plan);
    run.driver.reply = [&run](const driver::Batch&, Instant now) {
        const Nanos phase = (now - run.t0) % Nanos{10s};
        return Reply{.after = phase < 1s ? 1s - phase : 0ns};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.response.count(), 20'000u);
    // 2,000 validations wait, one every 2 ms on average; those of one equipment are 20 ms apart.
    EXPECT_THAT(result.response.percentile(50), is_within(1us, 0ns));
    EXPECT_THAT(result.response.percentile(95), is_within(10ms, 500ms));
    EXPECT_THAT(result.response.percentile(99), is_within(10ms, 900ms));
    EXPECT_THAT(result.response.max(), is_within(10ms, 1s));
    EXPECT_EQ(result.sent_late, 0u);
}

TEST(Engine, ReadsTheSameThroughAWindowOfOne) {
    auto plan = plain_plan(periodic, {steady(20s, 1'000)});
    plan.delivery.in_flight = 1;
    plan.delivery.timeout = 15s;
    Rehearsal run(plan);
    run.driver.notes = ScriptedDriver::Notes::none;
    run.driver.reply = [&run](const driver::Batch&, Instant now) {
        const Nanos phase = (now - run.t0) % Nanos{10s};
        return Reply{.after = phase < 1s ? 1s - phase : 0ns};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.response.count(), 20'000u);
    EXPECT_THAT(result.response.percentile(50), is_within(1us, 0ns));
    EXPECT_THAT(result.response.percentile(95), is_within(1500us, 500ms));
    EXPECT_THAT(result.response.percentile(99), is_within(1500us, 900ms));
    EXPECT_THAT(result.response.max(), is_within(1ms, 1s));
    EXPECT_THAT(result.service.percentile(99), is_within(1us, 0ns));  // what a closed loop would have told
}

TEST(Engine, AStalledServerMakesValidationsLateNeverFewer) {
    auto plan = plain_plan(periodic, {steady(20s, 10)});
    plan.delivery.in_flight = 2;
    plan.delivery.timeout = 15s;
    Rehearsal run(plan);
    run.driver.reply = [&run](const driver::Batch&, Instant now) {
        const Nanos since = now - run.t0;
        return Reply{.after = since > 5s && since < 10s ? 10s - since : 1ms};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.generated, 200u);
    EXPECT_EQ(result.counts.acknowledged, 200u);
    EXPECT_EQ(result.counts.retries, 0u);
}

TEST(Engine, ConnectsAtTheRateBeforeT0) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.equipments = 10;
    plan.start = plan::StartByRate{.rate = Rate{100}, .within = 60s};
    Rehearsal run(plan);
    const Instant from = run.now();
    run.connect();
    EXPECT_EQ(run.now(), from + 92ms);  // the tenth dials after 90 ms
    ASSERT_EQ(run.driver.dials.size(), 10u);
    for (std::uint32_t i = 0; i < 10; ++i) {
        EXPECT_EQ(run.driver.dials[i], std::pair(EquipmentId{i + 1}, from + i * 10ms));
    }
    EXPECT_EQ(run.engine().snapshot().connected, 10u);
    EXPECT_EQ(run.engine().snapshot().counts.generated, 0u);
    run.start();
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.connect.count(), 10u);
    EXPECT_EQ(result.connect.max(), 2ms);
    EXPECT_EQ(result.connecting, 92ms);
    EXPECT_EQ(result.counts.connected_max, 10u);
    EXPECT_EQ(result.counts.connects, 10u);
    EXPECT_EQ(result.counts.reconnects, 0u);
}

TEST(Engine, TheUnluckyBeginOfflineAndGoOnTrying) {
    auto plan = plain_plan(periodic, {steady(20s, 1)});
    plan.equipments = 3;
    plan.start = plan::StartByRate{.rate = Rate{1'000}, .within = 5s};
    plan.delivery.retry = {.base = 4s, .max = 4s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    const Instant from = run.now();
    run.driver.dial = [from](EquipmentId id, Instant now) -> ScriptedDriver::Dial {
        return {.failure = id == EquipmentId{2} && now < from + 11s ? refused() : error_code{}};
    };
    run.connect();
    EXPECT_EQ(run.now(), from + 5s);
    EXPECT_EQ(run.engine().snapshot().connected, 2u);
    run.start();
    run.run_to(3s);
    EXPECT_EQ(run.engine().snapshot().cached, 3u);
    run.drain();
    const auto result = run.close();
    EXPECT_THAT(result.connect_failures, ElementsAre(std::pair("refused", 3)));
    EXPECT_THAT(result.errors, ElementsAre(std::pair("connect.refused", 3)));
    EXPECT_EQ(result.counts.connects, 3u);
    EXPECT_EQ(result.counts.reconnects, 0u);
    EXPECT_EQ(result.counts.acknowledged, 60u);
    EXPECT_GE(result.connecting, 12s);
    EXPECT_LT(result.connecting, 13s);
    EXPECT_EQ(result.counts.connected_max, 3u);
    EXPECT_EQ(result.sent_late, 0u);  // the link was down, which is not the generator's doing
}

TEST(Engine, WhoBeginsOfflineSendsOldestFirstOnceConnected) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.batch = {.max = 8, .linger = 0ns};
    plan.delivery.in_flight = 2;
    plan.start = plan::StartByRate{.rate = Rate{1'000}, .within = 1s};
    Rehearsal run(plan);
    const Instant from = run.now();
    run.driver.dial = [from](EquipmentId, Instant) -> ScriptedDriver::Dial { return {.takes = 6s}; };
    run.connect();
    run.start();
    run.run_to(4500ms);
    EXPECT_EQ(run.engine().snapshot().cached, 45u);
    EXPECT_THAT(run.driver.offers, IsEmpty());
    run.drain();
    Sequence next = 1;
    for (const auto& offer : run.driver.offers) {
        EXPECT_EQ(offer.first, next);
        next += offer.count;
    }
    EXPECT_EQ(next, 101u);
    EXPECT_EQ(run.driver.offers[0].at, run.t0 + 5s);
    EXPECT_EQ(run.driver.offers[0].count, 8u);
}

TEST(Engine, DialsAgainWithDoublingBackoffAndBeginsAnewAfterSuccess) {
    auto plan = plain_plan(periodic, {steady(60s, 1)});
    plan.delivery.retry = {.base = 1s, .max = 8s, .jitter = plan::Jitter::none};
    plan.start = plan::StartByRate{.rate = Rate{1'000}, .within = 1ms};
    Rehearsal run(plan);
    int refusals = 5;
    run.driver.dial = [&refusals](EquipmentId, Instant) -> ScriptedDriver::Dial {
        return {.failure = refusals-- > 0 ? refused() : error_code{}, .takes = 0ms};
    };
    const Instant from = run.now();
    run.connect();
    run.start();
    run.run_to(30s);
    const auto after = [from](Nanos wait) { return std::pair(one, from + wait); };
    EXPECT_THAT(run.driver.dials, ElementsAre(after(0s), after(1s), after(3s), after(7s), after(15s), after(23s)));
    refusals = 1;
    const Instant broken = run.now();
    run.driver.break_connection(one, reset());
    run.run_to(50s);
    EXPECT_THAT(run.driver.dials.at(6).second, broken + 1s);
    EXPECT_THAT(run.driver.dials.at(7).second, broken + 3s);
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.reconnects, 1u);
    EXPECT_EQ(result.counts.acknowledged, 60u);
}

TEST(Engine, DialsMoreAndMoreSlowlyAPeerThatBreaksBeforeItAnswers) {
    auto plan = plain_plan(periodic, {steady(60s, 1)});
    plan.delivery.retry = {.base = 1s, .max = 8s, .jitter = plan::Jitter::none};
    plan.delivery.timeout = 1h;
    Rehearsal run(plan);
    run.driver.dial = [](EquipmentId, Instant) { return ScriptedDriver::Dial{.failure = {}, .takes = 0ms}; };
    bool answers = false;
    run.driver.reply = [&answers](const driver::Batch&, Instant) {
        return ScriptedDriver::Reply{.after = answers ? 1ms : ScriptedDriver::never_answered};
    };
    run.connect();
    run.start();
    run.run_to(1500ms);
    const auto dials_after_a_break = [&run](Nanos wait) {
        const Instant broken = run.now();
        run.driver.break_connection(one, reset());
        run.simulation.run_for(wait);
        EXPECT_EQ(run.driver.dials.back().second, broken + wait);
    };
    for (const Nanos wait : {Nanos{1s}, Nanos{2s}, Nanos{4s}, Nanos{8s}, Nanos{8s}}) {
        dials_after_a_break(wait);
    }
    // One answer sets the back-off to its first value again.
    answers = true;
    dials_after_a_break(8s);
    run.simulation.run_for(1ms);
    dials_after_a_break(1s);
    run.drain();
    EXPECT_EQ(run.close().counts.acknowledged, 60u);
}

TEST(Engine, ATimeOutSaysNothingOfTheConnection) {
    auto plan = plain_plan(periodic, {steady(20s, 1)});
    plan.delivery.retry = {.base = 1s, .max = 8s, .jitter = plan::Jitter::none};
    plan.delivery.timeout = 10ms;
    Rehearsal run(plan);
    run.driver.on_abandon = ScriptedDriver::Abandon::drops_connection;
    run.driver.dial = [](EquipmentId, Instant) { return ScriptedDriver::Dial{.failure = {}, .takes = 0ms}; };
    run.driver.reply = [](const driver::Batch&, Instant) {
        return ScriptedDriver::Reply{.after = ScriptedDriver::never_answered};
    };
    run.connect();
    run.start();
    run.run_to(10s);
    const auto& dials = run.driver.dials;
    ASSERT_GE(dials.size(), 8u);
    for (std::size_t i = 2; i < dials.size(); ++i) {
        EXPECT_EQ(dials[i].second - dials[i - 1].second, 10ms + 1s) << i;
    }
}

TEST(Engine, AnIdleConnectionThatBreaksIsNoFailure) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.delivery.retry = {.base = 1s, .max = 8s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.dial = [](EquipmentId, Instant) { return ScriptedDriver::Dial{.failure = {}, .takes = 0ms}; };
    run.connect();
    for (int time = 0; time < 4; ++time) {
        const Instant broken = run.now();
        run.driver.break_connection(one, reset());
        run.simulation.run_for(2s);
        EXPECT_EQ(run.driver.dials.back().second, broken + 1s);
    }
}

TEST(Engine, AConnectTimesOut) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.connect_timeout = 3s;
    plan.delivery.retry = {.base = 1s, .max = 1s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.dial = [n = 0](EquipmentId, Instant) mutable -> ScriptedDriver::Dial {
        return {.takes = n++ == 0 ? Nanos::max() : 0ns};
    };
    const Instant from = run.now();
    run.connect();
    EXPECT_EQ(run.now(), from + 4s);
    run.start();
    run.drain();
    EXPECT_THAT(run.close().connect_failures, ElementsAre(std::pair("timed_out", 1)));
}

TEST(Engine, StartsByStepsFromT0On) {
    auto plan = plain_plan(periodic, {steady(30s, 1)});
    plan.equipments = 6;
    plan.start = plan::StartBySteps{.step = 2, .every = 10s};
    Rehearsal run(plan);
    const Instant before = run.now();
    run.connect();
    EXPECT_EQ(run.now(), before);
    run.simulation.run_for(5s);
    EXPECT_THAT(run.driver.dials, IsEmpty());
    run.start();
    run.drain();
    const auto result = run.close();
    ASSERT_EQ(run.driver.dials.size(), 6u);
    for (std::uint32_t i = 0; i < 6; ++i) {
        EXPECT_EQ(run.driver.dials[i], std::pair(EquipmentId{i + 1}, run.t0 + i / 2 * 10s));
        EXPECT_EQ(result.generated[i].count, 30u - i / 2 * 10);
    }
    EXPECT_EQ(result.counts.acknowledged, 120u);
}

TEST(Engine, AScheduleBeginsAtTheEquipmentsStartConnectedOrNot) {
    auto plan = plain_plan(periodic, {steady(30s, 1)});
    plan.equipments = 2;
    plan.start = plan::StartBySteps{.step = 1, .every = 10s};
    Rehearsal run(plan);
    run.driver.dial = [](EquipmentId, Instant) -> ScriptedDriver::Dial { return {.takes = 5s}; };
    run.connect();
    run.start();
    run.run_to(14s);
    EXPECT_EQ(run.engine().snapshot().cached, 4u);
    run.drain();
    EXPECT_EQ(run.close().counts.acknowledged, 50u);
}

TEST(Engine, T0MayLieAhead) {
    const auto plan = plain_plan(periodic, {steady(10s, 1)});
    Rehearsal run(plan);
    run.connect();
    run.t0 = run.now() + 700ms;
    run.engine().start(run.t0);
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(run.driver.offers.at(0).at, run.t0 + dues_of(plan, one)[0]);
    EXPECT_EQ(result.generator_lag.max(), 0ns);
    EXPECT_EQ(result.counts.acknowledged, 10u);
}

TEST(Engine, AT0InThePastIsCaughtUp) {
    const auto plan = plain_plan(periodic, {steady(10s, 1)});
    Rehearsal run(plan);
    run.connect();
    run.simulation.run_for(10s);
    run.t0 = run.now() - 5s;
    run.engine().start(run.t0);
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.acknowledged, 10u);
    EXPECT_GT(result.generator_lag.max(), 4s);
}

TEST(Engine, StopEndsGenerationAndKeepsWhatWas) {
    auto plan = plain_plan(periodic, {steady(100s, 1)});
    plan.equipments = 5;
    Rehearsal run(plan);
    run.connect();
    run.start();
    run.run_to(20s);
    run.engine().stop(run.now());
    run.drain();
    EXPECT_LE(run.since_t0(), 21s);
    const auto result = run.close();
    EXPECT_EQ(result.counts.generated, 100u);
    EXPECT_EQ(result.counts.acknowledged, 100u);
}

TEST(Engine, StopLeavesTheOpenBatchesTheirLinger) {
    auto plan = plain_plan(periodic, {steady(100s, 1)});
    plan.delivery.batch = {.max = 60, .linger = 7s};
    Rehearsal run(plan);
    const auto dues = dues_of(plan, one);
    run.connect();
    run.start();
    run.run_to(20s);
    run.engine().stop(run.now());
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.generated, 20u);
    EXPECT_EQ(result.counts.acknowledged, 20u);
    EXPECT_EQ(result.generator_lag.max(), 0ns);
}

TEST(Engine, TheDrainWaitsUntilEverythingIsSettled) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.in_flight = 10;
    plan.delivery.timeout = 60s;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = 20s}; };
    run.connect();
    run.start();
    run.drain();
    EXPECT_EQ(run.driver.offers.size(), 10u);
    EXPECT_GT(run.since_t0(), 29s);
    EXPECT_EQ(run.close().counts.acknowledged, 10u);
}

TEST(Engine, TheDrainIsBounded) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.in_flight = 3;
    plan.delivery.timeout = 5s;
    plan.delivery.drain = 12s;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = ScriptedDriver::never_answered}; };
    run.connect();
    run.start();
    run.drain();
    EXPECT_EQ(run.since_t0(), 22s);
    const auto offers = run.driver.offers.size();
    run.simulation.run_for(10s);
    EXPECT_EQ(run.driver.offers.size(), offers);  // nothing is offered any more
    const auto result = run.close();
    EXPECT_EQ(result.counts.unacknowledged, 3u);
    EXPECT_EQ(result.counts.cached, 7u);
    EXPECT_THAT(result.exceptions,
                ElementsAre(Exception{one, 1, 3, State::unacknowledged}, Exception{one, 4, 10, State::cached}));
    EXPECT_EQ(result.unanswered(), 10u);
    EXPECT_EQ(result.response.percentile(50, result.unanswered()), std::nullopt);
}

TEST(Engine, TheConductorMayEndTheDrain) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.timeout = 60s;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = ScriptedDriver::never_answered}; };
    run.connect();
    run.start();
    run.run_to(5s);
    run.engine().end_drain();  // too early to mean anything
    run.run_to(15s);
    run.engine().end_drain();
    run.drain();
    EXPECT_EQ(run.since_t0(), 15s);
    EXPECT_EQ(run.close().counts.unacknowledged, 8u);
}

TEST(Engine, AnswersBetweenDrainAndCloseStillCount) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.drain = 1s;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = 4s}; };
    run.connect();
    run.start();
    run.drain();
    EXPECT_EQ(run.since_t0(), 11s);
    run.run_to(20s);
    EXPECT_EQ(run.close().counts.acknowledged, 10u);
}

TEST(Engine, SaysGoodbyeAFewHundredAtATime) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 2'000;
    plan.start = plan::StartByRate{.rate = Rate{100'000}, .within = 60s};
    Rehearsal run(plan);
    run.driver.goodbye = 10ms;
    run.connect();
    run.start();
    run.drain();
    const Instant before = run.now();
    const auto result = run.close();
    EXPECT_EQ(run.driver.open_now, 0u);
    EXPECT_LE(run.driver.closing_most, 512u);
    EXPECT_LE(run.now() - before, 100ms);
    EXPECT_EQ(result.counts.acknowledged, 2'000u);
    EXPECT_EQ(result.counts.connected_max, 2'000u);
    EXPECT_EQ(result.series.intervals.back().connected, 0u);
}

TEST(Engine, GoodbyesAreBoundedByTheirDeadline) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 2'000;
    plan.start = plan::StartByRate{.rate = Rate{100'000}, .within = 60s};
    Rehearsal run(plan);
    run.driver.goodbye = 1h;
    run.connect();
    run.start();
    run.drain();
    const Instant before = run.now();
    run.close(3s);
    EXPECT_EQ(run.now(), before + 3s);
}

// Some of the equipments are offline when the run ends.
TEST(Engine, HasTheServerForgetItsSessionsAFewHundredAtATime) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 1'500;
    plan.start = plan::StartByRate{.rate = Rate{100'000}, .within = 10s};
    plan.delivery.drain = 0s;
    Rehearsal run(plan);
    run.driver.keeps = ScriptedDriver::Keeps::sessions;
    run.connect();
    run.start();
    run.run_to(500ms);
    ASSERT_EQ(run.driver.kept.size(), 1'500u);
    run.driver.dial = [](EquipmentId, Instant) { return ScriptedDriver::Dial{.failure = refused()}; };
    for (std::uint32_t offline = 1; offline <= 100; ++offline) {
        run.driver.break_connection(EquipmentId{offline}, reset());
    }
    run.drain();
    const auto result = run.close(20s);
    EXPECT_THAT(run.driver.kept, IsEmpty());
    EXPECT_EQ(run.driver.forgets, 1'500u);
    EXPECT_EQ(result.counts.sessions_left, 0u);
    EXPECT_LE(run.driver.forgetting_most, 512u);
}

TEST(Engine, CountsTheSessionsThatAServerMayKeep) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 30;
    Rehearsal run(plan);
    run.driver.keeps = ScriptedDriver::Keeps::sessions;
    std::uint32_t refusals = 0;
    run.driver.forget = [&refusals](EquipmentId id, Instant) {
        const bool refuses_once = number_of(id) > 20 && ++refusals <= 10;
        return ScriptedDriver::Dial{.failure = number_of(id) <= 3 || refuses_once ? refused() : error_code{}};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.sessions_left, 3u) << "those that were refused once are gone";
    EXPECT_EQ(run.driver.kept.size(), 3u);
    auto sum = result;
    Result other;
    other.counts.sessions_left = 2;
    merge(sum, other);
    EXPECT_EQ(sum.counts.sessions_left, 5u);
}

TEST(Engine, DoesNotWaitForAServerThatIsGoneBeyondTheDeadline) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 2'000;
    plan.start = plan::StartByRate{.rate = Rate{100'000}, .within = 10s};
    Rehearsal run(plan);
    run.driver.keeps = ScriptedDriver::Keeps::sessions;
    run.driver.forget = [](EquipmentId, Instant) { return ScriptedDriver::Dial{.takes = Nanos::max()}; };
    run.connect();
    run.start();
    run.drain();
    const Instant before = run.now();
    const auto result = run.close(5s);
    EXPECT_LE(run.now() - before, 5s + 10ms);
    EXPECT_EQ(result.counts.sessions_left, 2'000u);
}

TEST(Engine, HasSessionsForgottenWhoseConnectionsAreSilent) {
    for (const Nanos within : {Nanos{200ms}, Nanos{10s}}) {
        auto plan = plain_plan(periodic, {steady(1s, 1)});
        plan.equipments = 1'500;
        plan.start = plan::StartByRate{.rate = Rate{100'000}, .within = 10s};
        if (within < 1s) {
            plan.equipments = 300;  // one burst
        }
        Rehearsal run(plan);
        run.driver.keeps = ScriptedDriver::Keeps::sessions;
        run.driver.goodbye = 1h;
        run.connect();
        run.start();
        run.drain();
        const Instant before = run.now();
        const auto result = run.close(within);
        EXPECT_LT(run.now() - before, within / 2);
        EXPECT_EQ(result.counts.sessions_left, 0u);
        EXPECT_THAT(run.driver.kept, IsEmpty());
        EXPECT_EQ(run.driver.forgets, plan.equipments);
    }
}

TEST(Engine, HasNothingForgottenOfEquipmentsThatNoServerAccepted) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 30;
    plan.start = plan::StartByRate{.rate = Rate{100'000}, .within = 1s};
    plan.delivery.drain = 0s;
    Rehearsal run(plan);
    run.driver.keeps = ScriptedDriver::Keeps::sessions;
    run.driver.dial = [](EquipmentId id, Instant) {
        return ScriptedDriver::Dial{.failure = number_of(id) > 10 ? refused() : error_code{}};
    };
    run.connect();
    run.start();
    run.drain();
    const Instant before = run.now();
    const auto result = run.close(60s);
    EXPECT_LT(run.now() - before, 1s);
    EXPECT_EQ(run.driver.forgets, 10u);
    EXPECT_EQ(result.counts.sessions_left, 0u);
}

TEST(Engine, LeavesSessionsToAServerThatEndsWithTheRun) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.equipments = 10;
    plan.debris = plan::Debris::left;
    Rehearsal run(plan);
    run.driver.keeps = ScriptedDriver::Keeps::sessions;
    const auto result = run.whole();
    EXPECT_EQ(run.driver.forgets, 0u);
    EXPECT_EQ(result.counts.sessions_left, 0u);
}

TEST(Engine, MayBeClosedInTheMiddleOfEverything) {
    for (const Nanos at : {0ms, 1ms, 1500ms, 4200ms}) {
        auto plan = plain_plan(periodic, {steady(100s, 10)});
        plan.equipments = 50;
        plan.delivery.batch = {.max = 3, .linger = 1s};
        plan.start = plan::StartBySteps{.step = 10, .every = 1s};
        Rehearsal run(plan);
        run.driver.dial = [](EquipmentId id, Instant) -> ScriptedDriver::Dial {
            return {.failure = number_of(id) % 7 == 0 ? refused() : error_code{}, .takes = 1ms * number_of(id)};
        };
        run.driver.reply = [](const driver::Batch& batch, Instant) {
            return Reply{.after = batch.first % 2 == 0 ? 5s : 10ms};
        };
        run.connect();
        run.start();
        run.run_to(at);
        const auto result = run.close();
        EXPECT_TRUE(account::is_balanced(result.counts));
        EXPECT_EQ(run.driver.open_now, 0u);
    }
    Rehearsal before_t0(plain_plan(periodic, {steady(100s, 10)}));
    before_t0.connect();
    EXPECT_EQ(before_t0.close().counts.generated, 0u);
}

TEST(Engine, AClosedLoopFillsTheWindow) {
    auto plan = plain_plan({.kind = arrival::Kind::closed}, {steady(10s, 0)});
    plan.equipments = 2;
    plan.delivery.in_flight = 4;
    plan.delivery.batch.max = 3;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = 100ms}; };
    const auto result = run.whole();
    // Each of 2 equipments sends 4 batches of 3 every 100 ms, from T0 to the end of the stages.
    EXPECT_EQ(result.counts.generated, 2u * 4 * 3 * 100);
    EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
    EXPECT_EQ(result.response.min(), 100ms);
    EXPECT_EQ(result.response.max(), 100ms);
    EXPECT_EQ(result.lateness.max(), 0ns);
    EXPECT_EQ(run.driver.offers.front().at, run.t0);
    EXPECT_LT(run.driver.offers.back().at, run.t0 + 10s);
}

TEST(Engine, KeepsFiguresByWhenAValidationWasDueNotByWhenItWasAnswered) {
    auto plan = plain_plan(periodic, {steady(2s, 10, Measure::off), steady(3s, 10), steady(5s, 20)});
    plan.delivery.in_flight = 100;
    plan.delivery.batch = {.max = 7, .linger = 10s};  // batches that lie across the stages' ends
    plan.delivery.timeout = 60s;
    Rehearsal run(plan);
    run.driver.reply = [&run](const auto&, Instant now) {
        return Reply{.after = std::max(run.t0 + 8s - now, Nanos{1ms})};  // nothing is answered before 8 s
    };
    run.connect();
    run.start();
    run.run_to(7900ms);
    EXPECT_EQ(run.engine().snapshot().counts.acknowledged, 0u);
    EXPECT_EQ(run.engine().snapshot().unanswered, run.engine().snapshot().counts.generated - 20);
    run.drain();
    const auto result = run.close();
    ASSERT_EQ(result.parts.size(), 3u);
    const std::uint64_t counts[] = {20, 30, 100};
    const Nanos ends[] = {2s, 5s, 10s};
    stats::Histogram measured;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(result.parts[i].counts.generated, counts[i]);
        EXPECT_EQ(result.parts[i].counts.acknowledged, counts[i]);
        EXPECT_EQ(result.parts[i].response.count(), counts[i]);
        EXPECT_EQ(result.parts[i].service.count(), counts[i]);
        EXPECT_EQ(result.parts[i].lateness.count(), counts[i]);
        EXPECT_GE(result.parts[i].response.min(), std::max(8s - ends[i], Nanos{1ms}));
        if (result.parts[i].measure == Measure::on) {
            measured.merge(result.parts[i].response);
        }
    }
    EXPECT_TRUE(measured == result.response);
    EXPECT_EQ(result.measured_generated, 130u);
    EXPECT_EQ(result.measured_acknowledged, 130u);
}

TEST(Engine, TellsWhatHasChangedAndNothingElse) {
    auto plan = plain_plan(periodic, {steady(2s, 10, Measure::off), steady(2s, 10), steady(2s, 10)});
    Rehearsal run(plan);
    run.connect();
    EXPECT_FALSE(run.engine().changes().connect.empty());
    run.start();
    run.run_to(1s);
    auto changes = run.engine().changes();
    EXPECT_TRUE(changes.connect.empty());
    EXPECT_TRUE(changes.generator_lag.empty());  // it holds only measured validations
    ASSERT_EQ(changes.parts.size(), 1u);
    EXPECT_EQ(changes.parts[0].segment, 0u);
    EXPECT_EQ(changes.parts[0].counts.generated, 10u);
    EXPECT_TRUE(run.engine().changes().parts.empty());
    run.run_to(3s);
    EXPECT_EQ(run.engine().changes().parts.size(), 2u);
    run.run_to(6s);
    changes = run.engine().changes();
    ASSERT_EQ(changes.parts.size(), 2u);
    run.drain();
    EXPECT_TRUE(run.engine().changes().parts.size() <= 1);
    const auto result = run.close();
    EXPECT_TRUE(*stats::unpack(changes.parts[0].packed[0]) == result.parts[1].response);
    EXPECT_TRUE(*stats::unpack(changes.parts[0].packed[2]) == result.parts[1].lateness);
    EXPECT_TRUE(*stats::unpack(changes.parts[0].packed[1]) == result.parts[1].service);
    EXPECT_EQ(changes.parts[0].counts.acknowledged, result.parts[1].counts.acknowledged);
    EXPECT_FALSE(changes.generator_lag.empty());
}

TEST(Engine, AClosedLoopIsDueThoughOffline) {
    auto plan =
        plain_plan({.kind = arrival::Kind::closed}, {steady(10s, 0, Measure::off), steady(10s, 0, Measure::on)});
    plan.delivery.in_flight = 2;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = 1s}; };
    run.connect();
    run.start();
    run.run_to(4500ms);
    run.driver.break_connection(one, reset());
    run.driver.dial = [](EquipmentId, Instant) -> ScriptedDriver::Dial { return {.takes = 9s}; };
    run.run_to(9s);
    EXPECT_EQ(run.engine().snapshot().counts.generated, 10u);
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
    EXPECT_EQ(result.counts.retries, 2u);
    EXPECT_EQ(result.measured_generated, result.response.count());
    EXPECT_GT(result.measured_generated, 10u);
}

TEST(Engine, TheSeriesTellsTheRunSecondBySecond) {
    auto plan = plain_plan(periodic, {steady(4s, 10)});
    plan.delivery.in_flight = 100;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = 2s}; };
    const auto result = run.whole();
    const auto& intervals = result.series.intervals;
    ASSERT_EQ(intervals.size(), 6u);
    const std::vector<std::uint64_t> due{10, 10, 10, 10, 0, 0};
    const std::vector<std::uint64_t> acknowledged{0, 0, 10, 10, 10, 10};
    const std::vector<std::uint64_t> in_flight{10, 20, 20, 20, 10, 0};
    stats::Histogram all;
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(intervals[i].due, due[i]) << i;
        EXPECT_EQ(intervals[i].acknowledged, acknowledged[i]) << i;
        EXPECT_EQ(intervals[i].in_flight, in_flight[i]) << i;
        EXPECT_EQ(intervals[i].cached, 0u) << i;
        EXPECT_EQ(intervals[i].connected, i < 5 ? 1u : 0u) << i;
        EXPECT_EQ(intervals[i].response.empty(), acknowledged[i] == 0) << i;
        if (!intervals[i].response.empty()) {
            all.merge(*stats::unpack(intervals[i].response));
        }
    }
    EXPECT_EQ(all, result.response);
}

TEST(Engine, WhatIsDueCountsInItsSecondThoughItLingersOrTheLoopIsLate) {
    auto plan = plain_plan(periodic, {steady(8s, 5)});
    plan.delivery.batch = {.max = 60, .linger = 1700ms};
    Rehearsal run(plan);
    run.connect();
    run.start();
    run.run_to(5s);
    run.simulation.stall(2500ms);
    run.drain();
    const auto result = run.close();
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(result.series.intervals.at(i).due, 5u) << i;
    }
}

TEST(Engine, AGaugeIsThatOfTheIntervalsEndHoweverLateTheLoop) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.timeout = 1h;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) {
        return Reply{.after = ScriptedDriver::never_answered, .written = Reply::Written::never};
    };
    run.connect();
    run.start();
    run.run_to(2990ms);
    run.simulation.stall(500ms);
    run.driver.break_connection(one, reset());  // before any timer has rung
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.series.intervals.at(2).connected, 1u);
    EXPECT_EQ(result.series.intervals.at(2).in_flight, 3u);
    EXPECT_EQ(result.series.intervals.at(2).cached, 0u);
}

TEST(Engine, TheSeriesDoublesItsWidthInLongRuns) {
    auto plan = plain_plan(periodic, {steady(5h, 1)});
    Rehearsal run(plan);
    run.driver.notes = ScriptedDriver::Notes::none;
    const auto result = run.whole();
    EXPECT_EQ(result.series.width, 32s);
    ASSERT_EQ(result.series.intervals.size(), (5 * 3600 + 31) / 32u);
    stats::Histogram all;
    for (const auto& interval : result.series.intervals) {
        all.merge(*stats::unpack(interval.response));
    }
    EXPECT_EQ(result.series.intervals[0].due, 32u);
    EXPECT_EQ(sum_due(result.series), 18'000u);
    EXPECT_EQ(all, result.response);
}

TEST(Engine, SnapshotsFollowTheRun) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.in_flight = 2;
    Rehearsal run(plan);
    run.driver.reply = [&run](const auto&, Instant now) { return Reply{.after = now < run.t0 + 3s ? 1ms : 10s}; };
    run.connect();
    run.start();
    run.run_to(2500ms);
    auto snapshot = run.engine().snapshot();
    EXPECT_EQ(snapshot.counts.generated, 25u);
    EXPECT_EQ(snapshot.counts.acknowledged, 25u);
    EXPECT_EQ(snapshot.connected, 1u);
    EXPECT_EQ(stats::unpack(snapshot.response)->count(), 10u);
    run.run_to(5500ms);
    snapshot = run.engine().snapshot();
    EXPECT_EQ(snapshot.counts.generated, 55u);
    EXPECT_EQ(snapshot.in_flight, 2u);
    EXPECT_EQ(snapshot.cached, 23u);
    EXPECT_EQ(snapshot.unanswered, 25u);
    EXPECT_THAT(snapshot.response, IsEmpty());
    run.drain();
    run.close();
}

}  // namespace
}  // namespace portillon::fleet
