// The limits of the peer, the kernel and the window, and what happens to batches beyond them.

#include "conformance/suite.h"
#include "conformance/test_bench.h"

namespace portillon::conformance {
namespace {

using HeldBackBy = Manners::HeldBackBy;

class Limits : public Suite {};
INSTANTIATE_TEST_SUITE_P(Drivers, Limits, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(Limits, ABatchLargerThanThePeerTakesIsAnsweredAndTheNextGoesOn) {
    server::Limits limits;
    limits.packet_bytes = 4 << 10;
    TestBench bench(candidate(), 8, limits);
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer(1, 60);
    bench.pass_round_trips();
    EXPECT_EQ(equipment.outcome(1).answer, manners().too_large) << equipment.answered_with(1);
    EXPECT_EQ(equipment.breaks.size(), manners().too_large == driver::Answer::broken ? 1u : 0u);
    EXPECT_TRUE(bench.ingest.arrivals.empty());
    bench.pass(2s);
    if (!equipment.is_open()) {
        equipment.open();
    }
    equipment.offer(201);
    bench.pass_round_trips();
    EXPECT_EQ(equipment.answered_with(201), good());
}

TEST_P(Limits, LargeBatchesGoThrough) {
    constexpr std::uint32_t count = 3'500;  // less than 1 MiB in JSON, more than HTTP/2's window in protobuf
    TestBench bench(candidate(), 4);
    auto& equipment = bench.equipment();
    equipment.open();
    for (Sequence first = 1; first <= 4 * count; first += count) {
        equipment.offer(first, count);
    }
    bench.pass(10s);
    EXPECT_EQ(bench.ingest.arrivals.size(), 4u);
    for (Sequence first = 1; first <= 4 * count; first += count) {
        EXPECT_EQ(equipment.answered_with(first), good());
        EXPECT_EQ(bench.ingest.times(first), 1u);
    }
}

TEST_P(Limits, OffersWaitForASmallerWindowOfThePeer) {
    server::Limits limits;
    limits.streams = 2;
    TestBench bench(candidate(), 32, limits);
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 10ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 32);
    bench.pass(10s);
    EXPECT_TRUE(equipment.all_said(1, 32, good()));
    EXPECT_EQ(bench.ingest.arrivals.size(), 32u);
    EXPECT_TRUE(equipment.breaks.empty());
    if (manners().held_back_by == HeldBackBy::window) {
        EXPECT_EQ(bench.ingest.undecided_most, 2u);
    }
}

TEST_P(Limits, AWindowOfOneStillMoves) {
    server::Limits limits;
    limits.streams = 1;
    TestBench bench(candidate(), 8, limits);
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 8);
    bench.pass(1s);
    EXPECT_TRUE(equipment.all_said(1, 8, good()));
}

TEST_P(Limits, WhatWasNeverSentIsAbandonedWithoutAWord) {
    server::Limits limits;
    limits.streams = manners().held_back_by == HeldBackBy::window ? 1 : limits.streams;
    TestBench bench(candidate(), 8, limits);
    auto& equipment = bench.equipment();
    equipment.open();
    switch (manners().held_back_by) {
        case HeldBackBy::window:
            bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 50ms}; };
            equipment.offer(1);
            break;
        case HeldBackBy::flow_control:
            bench.cable.cut();
            equipment.offer(1, 4'000);
            break;
        case HeldBackBy::kernel:
            bench.cable.block();
            equipment.offer(1);
            break;
    }
    bench.pass(10ms);
    equipment.offer(5'001);
    equipment.offer(5'002);
    bench.pass(10ms);
    equipment.abandon(5'001);
    bench.simulation.settle();
    EXPECT_EQ(equipment.answered_with(5'001), "timed_out");
    EXPECT_EQ(equipment.outcome(5'001).sent, Instant{});
    bench.cable.unblock();
    bench.cable.mend();
    bench.pass(1s);
    EXPECT_EQ(equipment.answered_with(1), good());
    EXPECT_EQ(equipment.answered_with(5'002), good());
    EXPECT_EQ(bench.ingest.times(5'001), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
}

TEST_P(Limits, AbandoningWhatIsNotInFlightDoesNothing) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.abandon(7);
    equipment.offer(1);
    bench.pass_round_trips();
    equipment.abandon(1);
    equipment.abandon(2);
    bench.pass_round_trips();
    EXPECT_EQ(equipment.settlements.size(), 1u);
    EXPECT_TRUE(equipment.is_open());
}

TEST_P(Limits, AbandoningTwiceIsAbandoningOnce) {
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 50ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    bench.pass(10ms);
    for (const Sequence first : {2u, 2u, 1u, 3u, 2u}) {
        equipment.abandon(first);
    }
    bench.pass(1s);
    EXPECT_EQ(equipment.settlements.size(), 3u);
    EXPECT_EQ(equipment.answered_with(2), acknowledges() ? "timed_out" : "sent");
    EXPECT_EQ(equipment.in_flight(), 0u);
}

// Bytes that the kernel does not take must be kept somewhere, but not all of them in our memory.
TEST_P(Limits, WhoDoesNotReadIsNotWrittenAllAtOnce) {
    constexpr Sequence batches = 400;
    constexpr std::uint32_t count = 60;
    TestBench bench(candidate(), batches);
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.block();
    for (Sequence i = 0; i < batches; ++i) {
        equipment.offer(1 + i * count, count);
        if (i % 50 == 0) {
            bench.pass(1ms);
        }
    }
    bench.pass(1s);
    EXPECT_GT(bench.cable.kept_bytes(), 0u);
    EXPECT_LE(bench.cable.kept_bytes(), std::size_t{3} << 19) << "of " << batches * count * 100;
    bench.cable.unblock();
    bench.pass(10s);
    EXPECT_EQ(bench.ingest.arrivals.size(), batches);
    EXPECT_EQ(equipment.in_flight(), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
}

TEST_P(Limits, ManySessionsShareADriverAndNothingElse) {
    constexpr std::uint32_t fleet = 300;
    TestBench bench(candidate());
    for (std::uint32_t number = 1; number <= fleet; ++number) {
        bench.equipment(number).begin_to_open(10s);
    }
    bench.pass_round_trips();
    for (Sequence first = 1; first <= 5; ++first) {
        for (std::uint32_t number = 1; number <= fleet; ++number) {
            bench.equipment(number).offer(first);
        }
    }
    bench.pass_round_trips();
    EXPECT_EQ(bench.ingest.arrivals.size(), fleet * 5u);
    EXPECT_EQ(bench.listener().connections(), fleet);
    for (std::uint32_t number = 1; number <= fleet; ++number) {
        EXPECT_TRUE(bench.equipment(number).all_said(1, 5, good()));
    }
    for (std::uint32_t number = 1; number <= fleet; number += 2) {
        bench.equipment(number).begin_to_close(10s);
    }
    bench.pass_round_trips();
    EXPECT_EQ(bench.listener().connections(), fleet / 2);
    for (std::uint32_t number = 2; number <= fleet; number += 2) {
        bench.equipment(number).offer(6);
    }
    bench.pass_round_trips();
    EXPECT_EQ(bench.ingest.times(6), fleet / 2);
}

TEST_P(Limits, CloseSettlesWhatIsInFlightFirst) {
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 20ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    bench.pass(5ms);
    equipment.begin_to_close(10s);
    bench.simulation.settle();
    EXPECT_EQ(equipment.in_flight(), 0u);
    bench.pass(1s);  // in which the server decides
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(equipment.settlements.size(), 4u);
    EXPECT_TRUE(equipment.all_said(1, 4, acknowledges() ? "broken" : "sent"));
    EXPECT_TRUE(equipment.breaks.empty());
    EXPECT_EQ(bench.listener().connections(), 0u);
}

TEST_P(Limits, CloseSendsNothingOfWhatItHasSettled) {
    if (manners().held_back_by != HeldBackBy::window) {
        GTEST_SKIP() << "nothing waits";
    }
    server::Limits limits;
    limits.streams = 2;
    TestBench bench(candidate(), 8, limits);
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 20ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 6);
    bench.pass(5ms);
    equipment.begin_to_close(10s);
    bench.pass(1s);
    EXPECT_EQ(bench.ingest.arrivals.size(), 2u);
    EXPECT_TRUE(equipment.all_said(1, 6, "broken"));
    EXPECT_NE(equipment.outcome(2).sent, Instant{});
    EXPECT_EQ(equipment.outcome(3).sent, Instant{});
}

TEST_P(Limits, CloseSendsNothingOfWhatWasOfferedInTheSameTurn) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.begin_to_close(10s);
    equipment.offer_all(1, 4);  // before that has begun
    bench.pass(1s);
    EXPECT_TRUE(equipment.closed);
    EXPECT_TRUE(equipment.all_said(1, 4, "broken"));
    EXPECT_TRUE(bench.ingest.arrivals.empty());
    EXPECT_TRUE(equipment.breaks.empty());
}

}  // namespace
}  // namespace portillon::conformance
