// When batches are sent, in which order, and what happens to them when they are not acknowledged.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/scripted.h"

namespace portillon::fleet {
namespace {

using driver::Answer;
using Reply = ScriptedDriver::Reply;
using ::testing::ElementsAre;

std::vector<std::tuple<Sequence, std::uint32_t, std::uint32_t>> names(
    const std::vector<ScriptedDriver::Offer>& offers) {
    std::vector<std::tuple<Sequence, std::uint32_t, std::uint32_t>> names;
    for (const auto& offer : offers) {
        names.emplace_back(offer.first, offer.count, offer.attempt);
    }
    return names;
}

auto is(Sequence first, std::uint32_t count, std::uint32_t attempt = 1) {
    return std::tuple(first, count, attempt);
}

// Due times are rounded down to whole nanoseconds, each by itself.
MATCHER_P(is_about, value, "") {
    return arg.has_value() && *arg >= value - 2ns && *arg <= value + 2ns;
}

// Answers the n-th offer by the n-th reply, all later ones at once.
auto in_turn(std::vector<Reply> replies) {
    return [replies = std::move(replies), n = std::size_t{0}](const driver::Batch&, Instant) mutable {
        return n < replies.size() ? replies[n++] : Reply{};
    };
}

TEST(Delivery, WithBatchesOfOneEachGoesTheInstantItIsDue) {
    const auto plan = plain_plan(periodic, {steady(10s, 2)});
    Rehearsal run(plan);
    const auto result = run.whole();
    const auto dues = dues_of(plan, one);
    ASSERT_EQ(dues.size(), 20u);
    ASSERT_EQ(run.driver.offers.size(), 20u);
    for (std::size_t i = 0; i < dues.size(); ++i) {
        EXPECT_EQ(run.driver.offers[i].at, run.t0 + dues[i]);
        EXPECT_EQ(run.driver.offers[i].first, i + 1);
    }
    EXPECT_EQ(result.counts.acknowledged, 20u);
    EXPECT_EQ(result.response.min(), 1ms);
    EXPECT_EQ(result.response.max(), 1ms);
    EXPECT_EQ(result.service.max(), 1ms);
    EXPECT_EQ(result.lateness.max(), 0ns);
    EXPECT_EQ(result.generator_lag.max(), 0ns);
    EXPECT_EQ(result.generator_lag.count(), 20u);
}

TEST(Delivery, ABatchIsCompleteWhenItIsFull) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.batch = {.max = 5, .linger = 10s};
    Rehearsal run(plan);
    const auto result = run.whole();
    const auto dues = dues_of(plan, one);
    ASSERT_EQ(run.driver.offers.size(), 20u);
    for (std::size_t i = 0; i < run.driver.offers.size(); ++i) {
        EXPECT_EQ(run.driver.offers[i].count, 5u);
        EXPECT_EQ(run.driver.offers[i].at, run.t0 + dues[5 * i + 4]);
    }
    EXPECT_THAT(result.lateness.max(), is_about(400ms));
    EXPECT_EQ(result.generator_lag.max(), 0ns);  // lingering is no lag
}

TEST(Delivery, ABatchIsCompleteWhenItsFirstHasLingered) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.batch = {.max = 60, .linger = 250ms};
    Rehearsal run(plan);
    run.whole();
    const auto dues = dues_of(plan, one);
    std::size_t next = 0;
    for (const auto& offer : run.driver.offers) {
        EXPECT_EQ(offer.first, next + 1);
        EXPECT_EQ(offer.at, run.t0 + dues[next] + 250ms);
        next += offer.count;
    }
    EXPECT_EQ(next, 100u);
    EXPECT_EQ(run.driver.offers.front().count, 3u);  // due 0, 100 and 200 ms after its first
}

TEST(Delivery, WithoutLingerOnlyWhatIsDueTogetherTravelsTogether) {
    auto plan = plain_plan({.kind = arrival::Kind::burst, .burst_size = 7}, {steady(10s, 7)});
    plan.delivery.batch = {.max = 5, .linger = 0ns};
    Rehearsal run(plan);
    run.whole();
    ASSERT_EQ(run.driver.offers.size(), 20u);
    EXPECT_EQ(run.driver.offers[0].at, run.driver.offers[1].at);
    EXPECT_EQ(run.driver.offers[0].count, 5u);
    EXPECT_EQ(run.driver.offers[1].count, 2u);
}

TEST(Delivery, AFullWindowHoldsBackAndTheLatenessIsExact) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.in_flight = 1;
    plan.delivery.timeout = 1h;
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.after = 3s}; };
    const auto result = run.whole();
    const auto dues = dues_of(plan, one);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(run.driver.offers[i].at, run.t0 + dues[0] + 3s * static_cast<int>(i));
    }
    EXPECT_EQ(result.lateness.min(), 0ns);
    EXPECT_THAT(result.lateness.max(), is_about(18s));
    EXPECT_THAT(result.response.max(), is_about(21s));
    EXPECT_EQ(result.service.max(), 3s);
    EXPECT_EQ(result.generator_lag.max(), 0ns);
    EXPECT_EQ(result.sent_late, 0u);  // the window was full: the server's doing
}

TEST(Delivery, WhatWaitedTravelsTogether) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.in_flight = 1;
    plan.delivery.batch = {.max = 20, .linger = 0ns};
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.after = 2950ms}});
    run.whole();
    EXPECT_THAT(names({run.driver.offers.begin(), run.driver.offers.begin() + 4}),
                ElementsAre(is(1, 1), is(2, 20), is(22, 9), is(31, 1)));
}

TEST(Delivery, ARejectionIsFinal) {
    const auto plan = plain_plan(periodic, {steady(3s, 1)});
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.answer = Answer::rejected, .cause = refused()}});
    const auto result = run.whole();
    EXPECT_EQ(run.driver.offers.size(), 3u);
    EXPECT_EQ(result.counts.rejected, 1u);
    EXPECT_EQ(result.counts.acknowledged, 2u);
    EXPECT_EQ(result.counts.retries, 0u);
    EXPECT_EQ(result.unanswered(), 1u);
    EXPECT_EQ(result.lateness.count(), 3u);
    EXPECT_THAT(result.exceptions, ElementsAre(Exception{one, 1, 1, State::rejected}));
    EXPECT_THAT(result.errors, ElementsAre(std::pair("deliver.refused", 1)));
}

TEST(Delivery, ARetryKeepsTheBoundariesOfItsBatch) {
    auto plan = plain_plan(periodic, {steady(4s, 10)});
    plan.delivery.batch = {.max = 10, .linger = 10s};
    plan.delivery.retry = {.base = 1500ms, .max = 10s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.answer = Answer::try_again, .cause = reset()}});
    const auto result = run.whole();
    EXPECT_THAT(names(run.driver.offers), ElementsAre(is(1, 10), is(11, 10), is(1, 10, 2), is(21, 10), is(31, 10)));
    EXPECT_EQ(run.driver.offers[2].at, run.driver.offers[0].at + 1ms + 1500ms);
    EXPECT_EQ(result.counts.retries, 1u);
    EXPECT_EQ(result.counts.sent_batches, 5u);
    EXPECT_EQ(result.counts.acknowledged, 40u);
    EXPECT_EQ(result.service.max(), 1ms);                          // only the attempt that was answered
    EXPECT_THAT(result.lateness.max(), is_about(900ms));           // from due to the first attempt
    EXPECT_THAT(result.response.max(), is_about(900ms + 1502ms));  // from due to the answer
}

TEST(Delivery, BackoffDoublesUpToItsLimitAndBeginsAnewWithTheNextBatch) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.delivery.retry = {.base = 100ms, .max = 500ms, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    const Reply no{.answer = Answer::try_again, .after = 0ns, .cause = reset()};
    run.driver.reply = in_turn({no, no, no, no, no});
    run.whole();
    std::vector<Nanos> waits;
    for (std::size_t i = 1; i < run.driver.offers.size(); ++i) {
        waits.push_back(run.driver.offers[i].at - run.driver.offers[i - 1].at);
    }
    EXPECT_THAT(waits, ElementsAre(100ms, 200ms, 400ms, 500ms, 500ms));
}

TEST(Delivery, FullJitterLiesBelowTheFullValueAndComesFromTheSeed) {
    const auto waits = [](std::uint64_t seed) {
        auto plan = plain_plan(periodic, {steady(1s, 1)});
        plan.seed = seed;
        plan.delivery.retry = {.base = 100ms, .max = 10s, .jitter = plan::Jitter::full};
        Rehearsal run(plan);
        const Reply no{.answer = Answer::try_again, .after = 0ns, .cause = reset()};
        run.driver.reply = in_turn({no, no, no, no});
        run.whole();
        std::vector<Nanos> found;
        for (std::size_t i = 1; i < run.driver.offers.size(); ++i) {
            found.push_back(run.driver.offers[i].at - run.driver.offers[i - 1].at);
        }
        return found;
    };
    const auto found = waits(3);
    ASSERT_EQ(found.size(), 4u);
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_GE(found[i], 0ms);
        EXPECT_LT(found[i], 100ms * (1 << i));
    }
    EXPECT_EQ(found, waits(3));
    EXPECT_NE(found, waits(4));
}

TEST(Delivery, TheServersRetryAfterGoesBeforeTheBackoff) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.answer = Answer::throttled, .cause = refused(), .retry_after = 7s}});
    run.whole();
    EXPECT_EQ(run.driver.offers.at(1).at - run.driver.offers.at(0).at, 7s + 1ms);
}

TEST(Delivery, AnAttemptIsAbandonedAtItsDeadline) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.delivery.timeout = 5s;
    plan.delivery.retry = {.base = 100ms, .max = 1s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.after = ScriptedDriver::never_answered}});
    const auto result = run.whole();
    EXPECT_THAT(names(run.driver.offers), ElementsAre(is(1, 1), is(1, 1, 2)));
    EXPECT_EQ(run.driver.offers[1].at - run.driver.offers[0].at, 5s + 100ms);
    EXPECT_THAT(result.errors, ElementsAre(std::pair("deliver.timed_out", 1)));
    EXPECT_EQ(result.response.max(), 5101ms);
}

TEST(Delivery, DeadlinesOfManyAreEachKept) {
    auto plan = plain_plan(periodic, {steady(2s, 10)});
    plan.delivery.in_flight = 100;
    plan.delivery.timeout = 3s;
    plan.delivery.retry.base = 1h;
    plan.delivery.retry.max = 1h;
    plan.delivery.retry.jitter = plan::Jitter::none;
    plan.delivery.drain = 10s;
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return Reply{.after = batch.first % 3 == 0 ? 100ms : ScriptedDriver::never_answered};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.errors.at("deliver.timed_out"), 14u);
    EXPECT_EQ(result.counts.acknowledged, 6u);
    EXPECT_EQ(result.counts.unacknowledged, 14u);
}

TEST(Delivery, AnAnswerAfterTheDeadlineStillCounts) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.delivery.timeout = 1s;
    Rehearsal run(plan);
    run.driver.on_abandon = ScriptedDriver::Abandon::late;
    run.driver.reply = in_turn({{.after = 4s}});
    const auto result = run.whole();
    EXPECT_EQ(result.counts.acknowledged, 1u);
    EXPECT_EQ(result.counts.sent_batches, 1u);
    EXPECT_EQ(result.response.max(), 4s);
}

TEST(Delivery, AfterABreakWhatWasInFlightGoesFirstAtOnceAndInOrder) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.retry = {.base = 2s, .max = 2s, .jitter = plan::Jitter::none};
    plan.delivery.in_flight = 4;
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.after = 1h}, {.after = 1h}, {.after = 1h}});
    run.connect();
    run.start();
    const auto dues = dues_of(plan, one);
    run.run_to(dues[2] + 500ms);
    run.driver.break_connection(one, reset());
    run.drain();
    const auto result = run.close();
    // 2 s of backoff and 2 ms of dialling later; validations 4 and 5 became due meanwhile.
    const Instant again = run.t0 + dues[2] + 500ms + 2002ms;
    EXPECT_THAT(names(run.driver.offers),
                ElementsAre(is(1, 1), is(2, 1), is(3, 1), is(1, 1, 2), is(2, 1, 2), is(3, 1, 2), is(4, 1), is(5, 1),
                            is(6, 1), is(7, 1), is(8, 1), is(9, 1), is(10, 1)));
    for (std::size_t i = 3; i < 7; ++i) {
        EXPECT_EQ(run.driver.offers[i].at, again);
    }
    EXPECT_EQ(run.driver.offers[7].at, again + 1ms);  // the window has 4 places
    EXPECT_EQ(result.counts.acknowledged, 10u);
    EXPECT_EQ(result.counts.reconnects, 1u);
    EXPECT_EQ(result.counts.connects, 2u);
    EXPECT_EQ(result.counts.retries, 3u);
    EXPECT_THAT(result.errors, ElementsAre(std::pair("connection.reset", 1), std::pair("deliver.reset", 3)));
}

TEST(Delivery, ATimeOutThatDropsTheConnectionResendsEverythingAtOnce) {
    auto plan = plain_plan(periodic, {steady(2s, 2)});
    plan.delivery.timeout = 5s;
    plan.delivery.retry = {.base = 1s, .max = 64s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.on_abandon = ScriptedDriver::Abandon::drops_connection;
    run.driver.reply = in_turn({{.after = 1h}, {.after = 1h}, {.after = 1h}, {.after = 1h}});
    const auto result = run.whole();
    EXPECT_THAT(names(run.driver.offers), ElementsAre(is(1, 1), is(2, 1), is(3, 1), is(4, 1), is(1, 1, 2), is(2, 1, 2),
                                                      is(3, 1, 2), is(4, 1, 2)));
    for (std::size_t i = 4; i < 8; ++i) {
        EXPECT_EQ(run.driver.offers[i].at, run.driver.offers[0].at + 5s + 1s + 2ms);
    }
    EXPECT_EQ(result.errors.at("deliver.timed_out"), 1u);
    EXPECT_EQ(result.errors.at("deliver.reset"), 3u);
}

TEST(Delivery, ServersThatAskedForPatienceGetItAcrossAReconnect) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.delivery.retry = {.base = 10ms, .max = 10ms, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.answer = Answer::throttled, .cause = refused(), .retry_after = 9s}});
    run.connect();
    run.start();
    run.run_to(2s);
    run.driver.break_connection(one, reset());
    run.drain();
    EXPECT_EQ(run.driver.offers.at(1).at - run.driver.offers.at(0).at, 9s + 1ms);
}

TEST(Delivery, ABackoffOutlastsTheConnectionThatBroughtTheAnswer) {
    for (const Answer answer : {Answer::throttled, Answer::try_again}) {
        auto plan = plain_plan(periodic, {steady(1s, 1)});
        plan.delivery.retry = {.base = 1s, .max = 8s, .jitter = plan::Jitter::none};
        Rehearsal run(plan);
        const Reply no{.answer = answer, .after = 0ns, .cause = refused()};
        run.driver.reply = in_turn({no, no, no});
        run.connect();
        run.start();
        const auto& offers = run.driver.offers;
        run.run_to(dues_of(plan, one)[0] + 4s);
        ASSERT_EQ(offers.size(), 3u) << "at 0, 1 and 3 s; the next is due at 7 s";
        run.driver.break_connection(one, reset());
        run.drain();
        EXPECT_EQ(offers.at(3).at - offers.at(2).at, 4s);
        EXPECT_EQ(run.close().counts.reconnects, 1u);
    }
}

TEST(Delivery, StrictOrderOffersNothingNewWhileARetryWaits) {
    auto plan = plain_plan(periodic, {steady(6s, 1)});
    plan.delivery.order = plan::Order::strict;
    plan.delivery.retry = {.base = 2500ms, .max = 2500ms, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.reply = in_turn({{}, {.answer = Answer::try_again, .cause = reset()}});
    const auto result = run.whole();
    EXPECT_THAT(names(run.driver.offers),
                ElementsAre(is(1, 1), is(2, 1), is(2, 1, 2), is(3, 1), is(4, 1), is(5, 1), is(6, 1)));
    EXPECT_EQ(run.driver.offers[3].at, run.driver.offers[2].at);
    EXPECT_EQ(run.driver.offers[4].at, run.driver.offers[2].at);
    EXPECT_EQ(result.sent_late, 0u);
    EXPECT_THAT(result.lateness.max(), is_about(1501ms));
}

TEST(Delivery, RelaxedOrderGoesOnWhileARetryWaits) {
    auto plan = plain_plan(periodic, {steady(4s, 1)});
    plan.delivery.retry = {.base = 1500ms, .max = 2500ms, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.reply = in_turn({{.answer = Answer::try_again, .cause = reset()}});
    run.whole();
    EXPECT_THAT(names(run.driver.offers), ElementsAre(is(1, 1), is(2, 1), is(1, 1, 2), is(3, 1), is(4, 1)));
}

TEST(Delivery, WhatTheDriverSatOnIsTheToolsLateness) {
    auto plan = plain_plan(periodic, {steady(4s, 1)});
    Rehearsal run(plan);
    // A loop that stands still for 3 s, once: everything due meanwhile is turned to late.
    run.driver.reply = [](const driver::Batch& batch, Instant) { return Reply{.after = batch.first == 1 ? 1ms : 2ms}; };
    run.connect();
    run.start();
    const auto dues = dues_of(plan, one);
    run.run_to(dues[0] + 500ms);
    run.simulation.stall(3s);
    run.drain();
    const auto result = run.close();
    EXPECT_THAT(result.generator_lag.max(), is_about(2500ms));
    EXPECT_EQ(result.sent_late, 2u);  // by 2.5 and 1.5 s; the last by half a second
    EXPECT_EQ(result.counts.generated, 4u);
}

TEST(Delivery, BytesAreThoseOfTheSeedAtEveryAttempt) {
    for (const auto encoding : {wire::Encoding::protobuf, wire::Encoding::json}) {
        auto plan = plain_plan({.kind = arrival::Kind::poisson}, {steady(20s, 3)});
        plan.encoding = encoding;
        plan.delivery.batch = {.max = 7, .linger = 500ms};
        plan.seed = 9;
        Rehearsal run(plan);
        const auto dues = dues_of(plan, one);
        std::uint64_t seen = 0;
        run.driver.look = [&](const driver::Batch& batch) {
            std::vector<std::byte> bytes(batch.body->size());
            batch.body->write_to(bytes);
            wire::ReceivedBatch received;
            ASSERT_FALSE(wire::decode(bytes, encoding, received));
            EXPECT_EQ(received.run, plan.run);
            EXPECT_EQ(received.equipment, one);
            EXPECT_EQ(received.first, batch.first);
            ASSERT_EQ(received.validations.size(), batch.count);
            for (const auto& validation : received.validations) {
                EXPECT_EQ(validation.due, dues.at(validation.sequence - 1));
                EXPECT_TRUE(wire::matches(validation, plan.seed));
                ++seen;
            }
        };
        run.driver.reply = [](const driver::Batch& batch, Instant) {
            return batch.attempt == 1 ? Reply{.answer = Answer::try_again, .cause = reset()} : Reply{};
        };
        const auto result = run.whole();
        EXPECT_EQ(seen, 2 * result.counts.generated);
    }
}

}  // namespace
}  // namespace portillon::fleet
