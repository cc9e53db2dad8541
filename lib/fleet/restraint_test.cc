// Everything that keeps a connected equipment from sending: a full cache, its pace, its retry budget, its circuit
// breaker, and a server that throttles it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/scripted.h"

namespace portillon::fleet {
namespace {

using driver::Answer;
using Reply = ScriptedDriver::Reply;
using ::testing::Each;
using ::testing::ElementsAre;

ScriptedDriver::Dial refused_dial() {
    return {.failure = refused()};
}

// The script refuses every dial until `until`, since T0.
void offline_until(Rehearsal& run, Nanos until) {
    run.driver.dial = [&run, until](EquipmentId, Instant now) {
        return run.t0 != Instant{} && now >= run.t0 + until ? ScriptedDriver::Dial{} : refused_dial();
    };
}

std::vector<Sequence> firsts(const ScriptedDriver& driver) {
    std::vector<Sequence> all;
    for (const auto& offer : driver.offers) {
        all.push_back(offer.first);
    }
    return all;
}

plan::Lot offline_plan(std::uint64_t cache, plan::Overflow overflow) {
    auto plan = plain_plan(periodic, {steady(20s, 1)});
    plan.start = plan::StartByRate{.rate = Rate{1000}, .within = 1ms};
    plan.delivery.retry = {.base = 100ms, .max = 100ms, .jitter = plan::Jitter::none};
    plan.delivery.cache = Bytes{(cache)*plan.payload_bytes};
    plan.delivery.overflow = overflow;
    return plan;
}

TEST(Overflow, TheOldestGoWhenTheyAreToGo) {
    Rehearsal run(offline_plan(5, plan::Overflow::oldest));
    offline_until(run, 12s);
    const auto result = run.whole();
    ASSERT_GT(result.counts.discarded, 0u);
    EXPECT_THAT(result.exceptions, ElementsAre(Exception{one, 1, result.counts.discarded, State::discarded}));
    EXPECT_EQ(result.counts.acknowledged + result.counts.discarded, 20u);
    EXPECT_EQ(run.driver.offers.front().first, result.counts.discarded + 1);
}

TEST(Overflow, TheNewestGoWhenTheyAreToGoAndTheOldestArriveInOrder) {
    Rehearsal run(offline_plan(5, plan::Overflow::newest));
    offline_until(run, 12s);
    const auto result = run.whole();
    const auto gone = result.counts.discarded;
    ASSERT_GE(gone, 6u);
    EXPECT_THAT(result.exceptions, ElementsAre(Exception{one, 6, 5 + gone, State::discarded}));
    std::vector<Sequence> expected{1, 2, 3, 4, 5};
    for (Sequence sequence = 6 + gone; sequence <= 20; ++sequence) {
        expected.push_back(sequence);
    }
    EXPECT_EQ(firsts(run.driver), expected);
    EXPECT_EQ(result.counts.acknowledged, expected.size());
}

TEST(Overflow, ABatchEndsWhereTheNewestWentAndNothingIsForgottenAtTheEnd) {
    auto plan = offline_plan(5, plan::Overflow::newest);
    plan.delivery.batch = {.max = 4, .linger = 2s};
    plan.delivery.drain = 1s;
    Rehearsal run(plan);
    offline_until(run, 1h);
    const auto result = run.whole();
    EXPECT_EQ(result.counts.generated, 20u);
    EXPECT_EQ(result.counts.cached, 5u);
    EXPECT_EQ(result.counts.discarded, 15u);
    EXPECT_THAT(result.exceptions,
                ElementsAre(Exception{one, 1, 5, State::cached}, Exception{one, 6, 20, State::discarded}));
    std::uint64_t cached = 0, discarded = 0;
    for (const auto& part : result.parts) {
        cached += part.counts.cached;
        discarded += part.counts.discarded;
    }
    EXPECT_EQ(cached, 5u);
    EXPECT_EQ(discarded, 15u);
}

TEST(Overflow, SeveralHolesAreSteppedOver) {
    auto plan = offline_plan(2, plan::Overflow::newest);
    plan.delivery.in_flight = 1;
    plan.delivery.timeout = 1h;
    plan.delivery.drain = 1h;
    Rehearsal run(plan);
    // Each answer takes 3.5 s. Of the validations due meanwhile two fit into the cache; the others are discarded.
    run.driver.reply = [](const driver::Batch&, Instant) { return Reply{.after = 3500ms}; };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.acknowledged + result.counts.discarded, 20u);
    std::uint64_t holes = 0;
    std::vector<Sequence> gone;
    for (const auto& exception : result.exceptions) {
        EXPECT_EQ(exception.state, State::discarded);
        ++holes;
        for (Sequence sequence = exception.first; sequence <= exception.last; ++sequence) {
            gone.push_back(sequence);
        }
    }
    EXPECT_GE(holes, 3u);
    EXPECT_EQ(gone.size(), result.counts.discarded);
    auto all = firsts(run.driver);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    all.insert(all.end(), gone.begin(), gone.end());
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), 20u);
    for (Sequence sequence = 1; sequence <= 20; ++sequence) {
        EXPECT_EQ(all[sequence - 1], sequence);
    }
}

TEST(Overflow, NothingGoesThatTheWindowTakes) {
    auto plan = offline_plan(1, plan::Overflow::newest);
    plan.delivery.batch = {.max = 4, .linger = 10s};
    plan.start = plan::StartByRate{};
    Rehearsal run(plan);
    EXPECT_EQ(run.whole().counts.acknowledged, 20u);
}

TEST(Pace, ACacheDrainsNoFasterOldestFirst) {
    auto plan = offline_plan(1000, plan::Overflow::oldest);
    plan.delivery.pace = Rate{4};
    Rehearsal run(plan);
    offline_until(run, 12s);
    const auto result = run.whole();
    EXPECT_EQ(result.counts.acknowledged, 20u);
    const auto all = firsts(run.driver);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    for (std::size_t i = 1; i < run.driver.offers.size(); ++i) {
        EXPECT_GE(run.driver.offers[i].at - run.driver.offers[i - 1].at, 250ms) << i;
    }
    // Twelve validations wait, four a second are sent, one a second becomes due: it has caught up within four seconds.
    EXPECT_LE(run.driver.offers.at(15).at - run.driver.offers.at(0).at, 4s);
    EXPECT_EQ(result.sent_late, 0u);  // the plan's pace delayed them, not the generator
}

TEST(Pace, WholeBatchesPayForAllTheyHold) {
    auto plan = offline_plan(1000, plan::Overflow::oldest);
    plan.delivery.pace = Rate{10};
    plan.delivery.batch = {.max = 5, .linger = 0s};
    Rehearsal run(plan);
    offline_until(run, 12s);
    run.whole();
    EXPECT_EQ(run.driver.offers.at(0).count, 5u);
    EXPECT_EQ(run.driver.offers.at(1).at - run.driver.offers.at(0).at, 500ms);
}

TEST(RetryBudget, WhatIsBeyondItWaitsTheLongestWait) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.retry = {.base = 10ms, .max = 5s, .jitter = plan::Jitter::none, .budget = Share{0.25}};
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return batch.attempt == 1 ? Reply{.answer = Answer::try_again, .cause = reset()} : Reply{};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.acknowledged, 10u);
    EXPECT_EQ(result.counts.retries, 10u);
    // The budget begins with one retry and earns a quarter for each first try: enough for three.
    EXPECT_EQ(result.counts.retries_put_off, 7u);
}

TEST(RetryBudget, IsNotTouchedByABreak) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.retry = {.base = 10ms, .max = 1h, .jitter = plan::Jitter::none, .budget = Share{0}};
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return Reply{.after = batch.attempt == 1 ? Nanos{1h} : Nanos{1ms}};
    };
    run.connect();
    run.start();
    run.run_to(5s);
    run.driver.break_connection(one, reset());
    run.run_to(9900ms);
    run.driver.break_connection(one, reset());
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.retries_put_off, 0u);
    EXPECT_GT(result.counts.retries, 0u);
}

plan::Lot breaker_plan() {
    auto plan = plain_plan(periodic, {steady(30s, 1)});
    plan.delivery.retry = {.base = 1ms, .max = 1ms, .jitter = plan::Jitter::none};
    plan.delivery.breaker = {.failures = 3, .open = 5s};
    plan.delivery.in_flight = 8;
    return plan;
}

TEST(Breaker, OpensAfterFailuresInARowThenTriesOneThingAtATime) {
    Rehearsal run(breaker_plan());
    const auto sick_until = 10s;
    run.driver.reply = [&](const driver::Batch&, Instant now) {
        return now < run.t0 + sick_until ? Reply{.answer = Answer::try_again, .cause = reset()} : Reply{.after = 100ms};
    };
    const auto result = run.whole();
    const auto& offers = run.driver.offers;
    // Three tries of the first, 5 s of silence, one try that fails, 5 s of silence, one that succeeds.
    EXPECT_THAT(std::vector(offers.begin(), offers.begin() + 5),
                Each(::testing::Field(&ScriptedDriver::Offer::first, 1u)));
    EXPECT_EQ(offers[3].at - offers[2].at, 5s + 1ms);
    EXPECT_EQ(offers[4].at - offers[3].at, 5s + 1ms);
    EXPECT_EQ(offers[5].at - offers[4].at, 100ms);  // nothing else before it is answered
    EXPECT_EQ(offers[6].at, offers[5].at);          // then all
    EXPECT_EQ(result.counts.breaker_openings, 2u);
    EXPECT_EQ(result.counts.acknowledged, 30u);
    EXPECT_EQ(result.sent_late, 0u);
}

TEST(Breaker, KeepsFromDiallingToo) {
    auto plan = breaker_plan();
    plan.start = plan::StartByRate{.rate = Rate{1000}, .within = 1ms};
    Rehearsal run(plan);
    offline_until(run, 12s);
    const auto result = run.whole();
    ASSERT_GE(run.driver.dials.size(), 5u);
    for (std::size_t i = 3; i < run.driver.dials.size(); ++i) {
        EXPECT_GE(run.driver.dials[i].second - run.driver.dials[i - 1].second, 5s) << i;
    }
    EXPECT_EQ(result.counts.acknowledged, 30u);
    EXPECT_EQ(result.counts.breaker_openings, run.driver.dials.size() - 3);
}

TEST(Breaker, AnAnswerInBetweenKeepsItClosedAndSoDoesANo) {
    auto plan = breaker_plan();
    Rehearsal run(plan);
    run.driver.reply = [n = 0](const driver::Batch&, Instant) mutable {
        ++n;
        return n % 3 != 0   ? Reply{.answer = Answer::try_again, .cause = reset()}
               : n % 2 == 0 ? Reply{}
                            : Reply{.answer = Answer::rejected, .cause = refused()};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.breaker_openings, 0u);
    EXPECT_EQ(result.counts.acknowledged + result.counts.rejected, 30u);
}

TEST(Breaker, ABreakIsOneFailureHoweverMuchWasInFlight) {
    auto plan = breaker_plan();
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return Reply{.after = batch.attempt == 1 ? Nanos{1h} : Nanos{1ms}};
    };
    run.connect();
    run.start();
    run.run_to(7900ms);
    run.driver.break_connection(one, reset());
    run.drain();
    EXPECT_EQ(run.close().counts.breaker_openings, 0u);
}

TEST(Breaker, WithoutOneEverythingIsTriedForEver) {
    auto plan = breaker_plan();
    plan.delivery.breaker = {};
    plan.delivery.drain = 1s;
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch&, Instant) {
        return Reply{.answer = Answer::try_again, .cause = reset()};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.breaker_openings, 0u);
    EXPECT_GT(result.counts.retries, 1000u);
}

TEST(Throttled, TheWholeEquipmentSlowsDownAsTold) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    Rehearsal run(plan);
    run.driver.reply = [n = 0](const driver::Batch&, Instant) mutable {
        return ++n == 3 ? Reply{.answer = Answer::throttled, .cause = refused(), .retry_after = 4500ms} : Reply{};
    };
    const auto result = run.whole();
    const auto& offers = run.driver.offers;
    EXPECT_EQ(offers[3].at - offers[2].at, 4501ms);
    EXPECT_EQ(offers[3].first, 3u);  // oldest first
    EXPECT_EQ(offers[4].at, offers[3].at);
    EXPECT_EQ(result.counts.acknowledged, 10u);
    EXPECT_EQ(result.sent_late, 0u);
}

}  // namespace
}  // namespace portillon::fleet
