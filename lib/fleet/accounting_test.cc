// Every validation ends in exactly one state, whatever happens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/random.h"
#include "fleet/scripted.h"
#include "plan/segments.h"

namespace portillon::fleet {
namespace {

using driver::Answer;
using Reply = ScriptedDriver::Reply;
using ::testing::ElementsAre;

TEST(Accounting, AFullCacheDropsTheOldestNeverOffered) {
    auto plan = plain_plan(periodic, {steady(20s, 10)});
    plan.delivery.cache = Bytes{(25) * plan.payload_bytes};
    plan.delivery.in_flight = 2;
    plan.delivery.timeout = 60s;
    Rehearsal run(plan);
    run.driver.reply = [&run](const auto&, Instant now) {
        return Reply{.after = std::max(run.t0 + 10s - now, Nanos{1ms})};
    };
    run.connect();
    run.start();
    run.run_to(9950ms);
    const auto snapshot = run.engine().snapshot();
    EXPECT_EQ(snapshot.cached, 25u);
    EXPECT_EQ(snapshot.in_flight, 2u);
    const auto generated = snapshot.counts.generated;
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.generated, 200u);
    // Until 10 s all validations were dropped but the two in flight and the newest 25.
    const auto dropped = result.counts.discarded;
    EXPECT_GE(dropped, generated - 27);
    EXPECT_LE(dropped, generated - 27 + 1);
    EXPECT_EQ(result.counts.acknowledged, 200 - dropped);
    EXPECT_THAT(result.exceptions, ElementsAre(Exception{one, 3, 2 + dropped, State::discarded}));
    EXPECT_EQ(result.unanswered(), dropped);
}

TEST(Accounting, WhatIsOfferedOfflineIsDiscardedToo) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.cache = Bytes{(30) * plan.payload_bytes};
    plan.start = plan::StartByRate{.rate = Rate{1'000}, .within = 1ms};
    plan.delivery.drain = 1s;
    Rehearsal run(plan);
    run.driver.dial = [](EquipmentId, Instant) -> ScriptedDriver::Dial { return {.failure = refused()}; };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.discarded, 70u);
    EXPECT_EQ(result.counts.cached, 30u);
    EXPECT_THAT(result.exceptions,
                ElementsAre(Exception{one, 1, 70, State::discarded}, Exception{one, 71, 100, State::cached}));
    EXPECT_EQ(result.generator_lag.count(), 100u);  // turned to, connected or not
    EXPECT_EQ(result.generator_lag.max(), 0ns);
    EXPECT_EQ(result.lateness.count(), 0u);
}

TEST(Accounting, WithoutAcknowledgementsEverythingSentIsUnacknowledged) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.batch = {.max = 4, .linger = 1s};
    Rehearsal run(plan);
    run.driver.reply = [](const auto&, Instant) { return Reply{.answer = Answer::sent, .after = 0ns}; };
    run.connect();
    run.start();
    run.drain();
    EXPECT_LT(run.since_t0(), 12s);  // the drain does not wait for answers that cannot come
    const auto result = run.close();
    EXPECT_EQ(result.counts.unacknowledged, 100u);
    EXPECT_EQ(result.counts.sent_batches, 25u);
    EXPECT_TRUE(result.response.empty());
    EXPECT_TRUE(result.service.empty());
    EXPECT_EQ(result.lateness.count(), 100u);
    EXPECT_THAT(result.exceptions, ElementsAre(Exception{one, 1, 100, State::unacknowledged}));
    EXPECT_EQ(result.unanswered(), 100u);
    EXPECT_TRUE(result.errors.empty());
}

TEST(Accounting, WhatWasOfferedButNeverWrittenIsCached) {
    auto plan = plain_plan(periodic, {steady(5s, 1)});
    plan.delivery.timeout = 60s;
    plan.delivery.drain = 2s;
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return Reply{.after = ScriptedDriver::never_answered,
                     .written = batch.first <= 3 ? Reply::Written::at_once : Reply::Written::never};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.unacknowledged, 3u);
    EXPECT_EQ(result.counts.cached, 2u);
    EXPECT_EQ(result.counts.sent_batches, 3u);
    EXPECT_EQ(result.lateness.count(), 3u);
    EXPECT_TRUE(result.errors.empty());  // batches that close() breaks are no failures
}

TEST(Accounting, AWaitingRetryIsUnacknowledgedAtTheEnd) {
    auto plan = plain_plan(periodic, {steady(3s, 1)});
    plan.delivery.drain = 2s;
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch&, Instant) {
        return Reply{.answer = Answer::try_again, .cause = refused(), .retry_after = 1h};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.unacknowledged, 3u);
    EXPECT_EQ(result.errors.at("deliver.refused"), 3u);
}

TEST(Accounting, ALingeringBatchIsNotForgottenWhenTheDrainIsShort) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    plan.delivery.batch = {.max = 60, .linger = 1h};
    plan.delivery.drain = 2s;
    Rehearsal run(plan);
    const auto result = run.whole();
    EXPECT_EQ(result.counts.generated, 10u);
    EXPECT_EQ(result.counts.cached, 10u);
}

TEST(Accounting, AttemptsThatWereNeverWrittenAreNoRetries) {
    auto plan = plain_plan(periodic, {steady(1s, 1)});
    plan.delivery.retry = {.base = 2s, .max = 2s, .jitter = plan::Jitter::none};
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return batch.attempt < 3
                   ? Reply{.answer = Answer::try_again, .cause = reset(), .written = Reply::Written::never}
                   : Reply{};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.counts.sent_batches, 1u);
    EXPECT_EQ(result.counts.retries, 0u);
    EXPECT_EQ(result.parts.at(0).counts.retries, 0u);
    EXPECT_EQ(result.errors.at("deliver.reset"), 2u);
    EXPECT_EQ(result.lateness.max(), run.driver.offers.at(2).at - run.driver.offers.at(0).at);
    EXPECT_EQ(result.sent_late, 0u);  // the network delayed it, not the generator
}

// The driver behaves as with a receive maximum of 1: most of the batches that a break settles had not been written.
TEST(Accounting, FirstTriesAndRetriesAddUpToTheWrites) {
    auto plan = plain_plan(periodic, {steady(10s, 10)});
    plan.delivery.in_flight = 30;
    Rehearsal run(plan);
    std::uint32_t in_flight = 0, writes = 0;
    std::set<Sequence> written;
    run.driver.reply = [&](const driver::Batch& batch, Instant) {
        const bool writes_it = in_flight++ == 0;
        writes += writes_it ? 1 : 0;
        if (writes_it) {
            written.insert(batch.first);
        }
        return Reply{.after = run.since_t0() < 3s ? Nanos{1h} : Nanos{1ms},
                     .written = writes_it ? Reply::Written::at_once : Reply::Written::never};
    };
    run.connect();
    run.start();
    run.run_to(2900ms);
    run.driver.break_connection(one, reset());
    run.driver.reply = [&](const driver::Batch& batch, Instant) {
        ++writes;
        written.insert(batch.first);
        return Reply{};
    };
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.acknowledged, 100u);
    EXPECT_EQ(result.counts.sent_batches, writes);
    EXPECT_EQ(written.size() + result.counts.retries, writes);
    EXPECT_EQ(result.counts.retries, 1u);  // of the 29 that the break has settled, one had been written
    EXPECT_THAT(result.errors, ElementsAre(std::pair("connection.reset", 1), std::pair("deliver.reset", 29)));
}

TEST(Accounting, ALostConnectionHasItsCauseWithNothingInFlight) {
    auto plan = plain_plan(periodic, {steady(10s, 1)});
    Rehearsal run(plan);
    run.connect();
    run.start();
    for (const Nanos at : {2500ms, 4500ms}) {
        run.run_to(at);
        run.driver.break_connection(one, reset());
    }
    run.run_to(6500ms);
    run.driver.break_connection(one, refused());
    run.drain();
    const auto result = run.close();
    EXPECT_EQ(result.counts.reconnects, 3u);
    EXPECT_THAT(result.errors, ElementsAre(std::pair("connection.refused", 1), std::pair("connection.reset", 2)));
    for (const std::size_t second : {2U, 4U, 6U}) {
        EXPECT_EQ(result.series.intervals[second].errors, 1u);
    }
    EXPECT_EQ(result.series.intervals[3].errors, 0u);
}

TEST(Accounting, TheFirstWordsForEachCauseAreKept) {
    const auto plan = plain_plan(periodic, {steady(5s, 1)});
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        Reply reply{.answer = Answer::rejected, .cause = batch.first == 3 ? reset() : refused()};
        reply.words = batch.first == 1   ? ""
                      : batch.first == 2 ? std::string(300, 'a')
                                         : "number " + std::to_string(batch.first);
        return reply;
    };
    const auto result = run.whole();
    EXPECT_THAT(result.server_said, ElementsAre(std::pair("refused", std::string(driver::most_words_bytes, 'a')),
                                                std::pair("reset", "number 3")));
}

TEST(Accounting, AServerWithManyCausesIsNotListenedToForEver) {
    auto plan = plain_plan(periodic, {steady(10s, 100)});
    Rehearsal run(plan);
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return Reply{.answer = Answer::rejected,
                     .cause = error_code(static_cast<int>(1'000 + batch.first), boost::system::system_category()),
                     .words = "no"};
    };
    const auto result = run.whole();
    EXPECT_EQ(result.errors.size(), 1000u);
    EXPECT_EQ(result.server_said.size(), 64u);
}

// Counts again, from the due times of each equipment, what was due in each segment and what became of it.
void expect_parts_of(const plan::Lot& plan, const Result& result) {
    if (plan.schedule.arrival().kind == arrival::Kind::closed) {
        std::vector<std::uint64_t> generated(result.parts.size());
        for (const auto& [equipment, count, by_segment] : result.generated) {
            ASSERT_EQ(by_segment.size(), generated.size());
            for (std::size_t i = 0; i < generated.size(); ++i) {
                generated[i] += by_segment[i];
            }
        }
        for (std::size_t i = 0; i < generated.size(); ++i) {
            EXPECT_EQ(result.parts[i].counts.generated, generated[i]);
        }
        return;
    }
    const plan::Segments segments(plan.schedule.stages());
    std::vector<Part> parts(segments.size());
    auto exception = result.exceptions.begin();
    for (const auto& [equipment, count, by_segment] : result.generated) {
        EXPECT_TRUE(by_segment.empty());
        const auto dues = dues_of(plan, equipment);
        for (Sequence sequence = 1; sequence <= count; ++sequence) {
            Part& part = parts[segments.at(dues[sequence - 1], 0)];
            ++part.counts.generated;
            while (exception != result.exceptions.end() &&
                   (exception->equipment < equipment ||
                    (exception->equipment == equipment && exception->last < sequence))) {
                ++exception;
            }
            const bool excepted = exception != result.exceptions.end() && exception->equipment == equipment &&
                                  exception->first <= sequence;
            const auto state = excepted ? exception->state : State::acknowledged;
            part.counts.acknowledged += state == State::acknowledged ? 1 : 0;
            part.counts.rejected += state == State::rejected ? 1 : 0;
            part.counts.discarded += state == State::discarded ? 1 : 0;
            part.counts.cached += state == State::cached ? 1 : 0;
        }
    }
    ASSERT_EQ(result.parts.size(), parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        EXPECT_EQ(result.parts[i].measure, segments.list()[i].measure);
        EXPECT_EQ(result.parts[i].counts.generated, parts[i].counts.generated);
        EXPECT_EQ(result.parts[i].counts.acknowledged, parts[i].counts.acknowledged);
        EXPECT_EQ(result.parts[i].counts.rejected, parts[i].counts.rejected);
        EXPECT_EQ(result.parts[i].counts.discarded, parts[i].counts.discarded);
        EXPECT_EQ(result.parts[i].counts.cached, parts[i].counts.cached);
        EXPECT_EQ(result.parts[i].response.count(), parts[i].counts.acknowledged);
        EXPECT_EQ(result.parts[i].service.count(), parts[i].counts.acknowledged);
    }
}

// Server and network misbehave at random. The engine's account is compared with what the script did.
void survive(std::uint64_t seed) {
    SCOPED_TRACE(::testing::Message() << "PORTILLON_SEED=" << seed);
    Random random(seed);
    const auto below = [&random](std::uint64_t end) { return random.next() % end; };
    const arrival::Kind kinds[] = {arrival::Kind::periodic, arrival::Kind::poisson, arrival::Kind::burst,
                                   arrival::Kind::closed};
    const arrival::Kind kind = kinds[below(4)];
    auto plan = plain_plan({.kind = kind, .burst_size = static_cast<std::uint32_t>(1 + below(9))},
                           {steady(2s, 5, arrival::Measure::off), steady(8s, 5)});
    plan.seed = seed;
    plan.equipments = static_cast<std::uint32_t>(1 + below(12));
    plan.delivery.in_flight = static_cast<std::uint32_t>(1 + below(4));
    plan.delivery.batch = {.max = static_cast<std::uint32_t>(1 + below(6)), .linger = 100ms * below(15)};
    plan.delivery.order = below(2) == 0 ? plan::Order::strict : plan::Order::relaxed;
    plan.delivery.cache = Bytes{(1 + below(40)) * plan.payload_bytes};
    plan.delivery.timeout = 100ms * (1 + below(30));
    plan.delivery.connect_timeout = 100ms * (1 + below(30));
    plan.delivery.drain = 1s * below(20);
    plan.delivery.retry = {.base = 10ms, .max = 2s, .jitter = below(2) == 0 ? plan::Jitter::full : plan::Jitter::none};
    if (below(2) == 0) {
        plan.start = plan::StartBySteps{.step = static_cast<std::uint32_t>(1 + below(3)), .every = 700ms};
    } else {
        plan.start = plan::StartByRate{.rate = Rate{100}, .within = 1s};
    }

    Rehearsal run(plan);
    run.driver.on_abandon = static_cast<ScriptedDriver::Abandon>(below(3));
    run.driver.dial = [&](EquipmentId, Instant) -> ScriptedDriver::Dial {
        return {.failure = below(3) == 0 ? refused() : error_code{}, .takes = 10ms * below(200)};
    };
    std::map<EquipmentId, std::map<Sequence, std::uint32_t>> cuts;
    run.driver.reply = [&](const driver::Batch& batch, Instant) {
        const auto [cut, fresh] = cuts[batch.equipment].emplace(batch.first, batch.count);
        EXPECT_EQ(cut->second, batch.count) << "boundaries are never re-cut";
        EXPECT_EQ(fresh, batch.attempt == 1);
        if (fresh) {
            EXPECT_EQ(std::next(cut), cuts[batch.equipment].end()) << "first offers go in order";
        }
        Reply reply{.after = 10ms * below(100)};
        switch (below(8)) {
            case 0:
                reply.answer = Answer::rejected;
                break;
            case 1:
                reply.answer = Answer::throttled;
                reply.retry_after = 100ms * below(20);
                break;
            case 2:
                reply.answer = Answer::try_again;
                break;
            case 3:
                reply.answer = Answer::sent;
                break;
            case 4:
                reply.after = ScriptedDriver::never_answered;
                break;
            default:
                break;
        }
        if (reply.answer != Answer::acknowledged && reply.answer != Answer::sent) {
            reply.cause = reset();
        }
        if (below(10) == 0 && reply.answer != Answer::acknowledged && reply.answer != Answer::sent) {
            reply.written = Reply::Written::never;
        }
        return reply;
    };
    run.connect();
    run.start();
    const std::uint64_t breaks = below(20);
    for (std::uint64_t i = 0; i < breaks; ++i) {
        run.simulation.run_for(10ms * below(100));
        run.driver.break_connection(EquipmentId{static_cast<std::uint32_t>(1 + below(plan.equipments))}, reset());
        if (below(4) == 0) {
            run.simulation.stall(10ms * below(100));
        }
        if (below(40) == 0) {
            run.engine().stop(run.now());
        }
        const auto snapshot = run.engine().snapshot();
        EXPECT_GE(snapshot.counts.generated, snapshot.counts.acknowledged + snapshot.in_flight + snapshot.cached);
    }
    if (below(4) != 0) {
        run.drain();
        run.simulation.run_for(100ms * below(30));
    }
    const auto result = run.close(100ms * below(30));
    EXPECT_TRUE(account::is_balanced(result.counts));
    EXPECT_EQ(run.driver.open_now, 0u);
    EXPECT_EQ(result.response.count(), result.measured_acknowledged);
    EXPECT_EQ(result.service.count(), result.measured_acknowledged);
    EXPECT_EQ(result.generator_lag.count(), result.measured_generated);
    std::uint64_t due = 0;
    std::uint64_t acknowledged = 0;
    for (const auto& interval : result.series.intervals) {
        due += interval.due;
        acknowledged += interval.acknowledged;
    }
    EXPECT_EQ(due, result.counts.generated);
    EXPECT_EQ(acknowledged, result.counts.acknowledged);
    std::uint64_t generated = 0;
    for (const auto& [equipment, count, by_segment] : result.generated) {
        generated += count;
        // No batch holds a discarded validation, and every validation in a batch was generated.
        for (const auto& [first, size] : cuts[equipment]) {
            EXPECT_LE(first + size - 1, count);
        }
    }
    EXPECT_EQ(generated, result.counts.generated);
    expect_parts_of(plan, result);
    for (const auto& [equipment, first, last, state] : result.exceptions) {
        const auto next = cuts[equipment].lower_bound(first);
        const bool offered = next != cuts[equipment].end() && next->first <= last;
        if (state == State::discarded) {
            EXPECT_FALSE(offered);
        } else if (state == State::rejected || state == State::unacknowledged) {
            EXPECT_TRUE(offered);
        }
    }
}

TEST(Accounting, BalancesWhateverHappens) {
    if (const char* seed = std::getenv("PORTILLON_SEED"); seed != nullptr) {
        survive(std::strtoull(seed, nullptr, 10));
        return;
    }
    for (std::uint64_t seed = 1; seed <= 200 && !HasFailure(); ++seed) {
        survive(seed);
    }
}

}  // namespace
}  // namespace portillon::fleet
