// The limits of the peer, the kernel and the window, and what happens to batches beyond them.

#include "conformance/stand.h"
#include "conformance/suite.h"

namespace portillon::conformance {
namespace {

using HeldBackBy = Manners::HeldBackBy;

class Limits : public Suite {};
INSTANTIATE_TEST_SUITE_P(Drivers, Limits, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(Limits, ABatchLargerThanThePeerTakesIsAnsweredAndTheNextGoesOn) {
    server::Limits limits;
    limits.packet_bytes = 4 << 10;
    Stand stand(candidate(), 8, limits);
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer(1, 60);
    stand.pass_round_trips();
    EXPECT_EQ(equipment.outcome(1).answer, manners().too_large) << equipment.answered_with(1);
    EXPECT_EQ(equipment.breaks.size(), manners().too_large == driver::Answer::broken ? 1u : 0u);
    EXPECT_TRUE(stand.ingest.arrivals.empty());
    stand.pass(2s);
    if (!equipment.is_open()) {
        equipment.open();
    }
    equipment.offer(201);
    stand.pass_round_trips();
    EXPECT_EQ(equipment.answered_with(201), good());
}

TEST_P(Limits, LargeBatchesGoThrough) {
    constexpr std::uint32_t count = 3'500;  // less than 1 MiB in JSON, more than HTTP/2's window in protobuf
    Stand stand(candidate(), 4);
    auto& equipment = stand.equipment();
    equipment.open();
    for (Sequence first = 1; first <= 4 * count; first += count) {
        equipment.offer(first, count);
    }
    stand.pass(10s);
    EXPECT_EQ(stand.ingest.arrivals.size(), 4u);
    for (Sequence first = 1; first <= 4 * count; first += count) {
        EXPECT_EQ(equipment.answered_with(first), good());
        EXPECT_EQ(stand.ingest.times(first), 1u);
    }
}

TEST_P(Limits, OffersWaitForASmallerWindowOfThePeer) {
    server::Limits limits;
    limits.streams = 2;
    Stand stand(candidate(), 32, limits);
    stand.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 10ms}; };
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 32);
    stand.pass(10s);
    EXPECT_TRUE(equipment.all_said(1, 32, good()));
    EXPECT_EQ(stand.ingest.arrivals.size(), 32u);
    EXPECT_TRUE(equipment.breaks.empty());
    if (manners().held_back_by == HeldBackBy::window) {
        EXPECT_EQ(stand.ingest.undecided_most, 2u);
    }
}

TEST_P(Limits, AWindowOfOneStillMoves) {
    server::Limits limits;
    limits.streams = 1;
    Stand stand(candidate(), 8, limits);
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 8);
    stand.pass(1s);
    EXPECT_TRUE(equipment.all_said(1, 8, good()));
}

TEST_P(Limits, WhatWasNeverSentIsAbandonedWithoutAWord) {
    server::Limits limits;
    limits.streams = manners().held_back_by == HeldBackBy::window ? 1 : limits.streams;
    Stand stand(candidate(), 8, limits);
    auto& equipment = stand.equipment();
    equipment.open();
    switch (manners().held_back_by) {
        case HeldBackBy::window:
            stand.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 50ms}; };
            equipment.offer(1);
            break;
        case HeldBackBy::flow_control:
            stand.cable.cut();
            equipment.offer(1, 4'000);
            break;
        case HeldBackBy::kernel:
            stand.cable.block();
            equipment.offer(1);
            break;
    }
    stand.pass(10ms);
    equipment.offer(5'001);
    equipment.offer(5'002);
    stand.pass(10ms);
    equipment.abandon(5'001);
    stand.simulation.settle();
    EXPECT_EQ(equipment.answered_with(5'001), "timed_out");
    EXPECT_EQ(equipment.outcome(5'001).sent, Instant{});
    stand.cable.unblock();
    stand.cable.mend();
    stand.pass(1s);
    EXPECT_EQ(equipment.answered_with(1), good());
    EXPECT_EQ(equipment.answered_with(5'002), good());
    EXPECT_EQ(stand.ingest.times(5'001), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
}

TEST_P(Limits, AbandoningWhatIsNotInFlightDoesNothing) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.abandon(7);
    equipment.offer(1);
    stand.pass_round_trips();
    equipment.abandon(1);
    equipment.abandon(2);
    stand.pass_round_trips();
    EXPECT_EQ(equipment.settlements.size(), 1u);
    EXPECT_TRUE(equipment.is_open());
}

TEST_P(Limits, AbandoningTwiceIsAbandoningOnce) {
    Stand stand(candidate());
    stand.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 50ms}; };
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    stand.pass(10ms);
    for (const Sequence first : {2u, 2u, 1u, 3u, 2u}) {
        equipment.abandon(first);
    }
    stand.pass(1s);
    EXPECT_EQ(equipment.settlements.size(), 3u);
    EXPECT_EQ(equipment.answered_with(2), acknowledges() ? "timed_out" : "sent");
    EXPECT_EQ(equipment.in_flight(), 0u);
}

// Bytes that the kernel does not take must be kept somewhere, but not all of them in our memory.
TEST_P(Limits, WhoDoesNotReadIsNotWrittenAllAtOnce) {
    constexpr Sequence batches = 400;
    constexpr std::uint32_t count = 60;
    Stand stand(candidate(), batches);
    auto& equipment = stand.equipment();
    equipment.open();
    stand.cable.block();
    for (Sequence i = 0; i < batches; ++i) {
        equipment.offer(1 + i * count, count);
        if (i % 50 == 0) {
            stand.pass(1ms);
        }
    }
    stand.pass(1s);
    EXPECT_GT(stand.cable.kept_bytes(), 0u);
    EXPECT_LE(stand.cable.kept_bytes(), std::size_t{3} << 19) << "of " << batches * count * 100;
    stand.cable.unblock();
    stand.pass(10s);
    EXPECT_EQ(stand.ingest.arrivals.size(), batches);
    EXPECT_EQ(equipment.in_flight(), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
}

TEST_P(Limits, ManySessionsShareADriverAndNothingElse) {
    constexpr std::uint32_t fleet = 300;
    Stand stand(candidate());
    for (std::uint32_t number = 1; number <= fleet; ++number) {
        stand.equipment(number).begin_to_open(10s);
    }
    stand.pass_round_trips();
    for (Sequence first = 1; first <= 5; ++first) {
        for (std::uint32_t number = 1; number <= fleet; ++number) {
            stand.equipment(number).offer(first);
        }
    }
    stand.pass_round_trips();
    EXPECT_EQ(stand.ingest.arrivals.size(), fleet * 5u);
    EXPECT_EQ(stand.listener().connections(), fleet);
    for (std::uint32_t number = 1; number <= fleet; ++number) {
        EXPECT_TRUE(stand.equipment(number).all_said(1, 5, good()));
    }
    for (std::uint32_t number = 1; number <= fleet; number += 2) {
        stand.equipment(number).begin_to_close(10s);
    }
    stand.pass_round_trips();
    EXPECT_EQ(stand.listener().connections(), fleet / 2);
    for (std::uint32_t number = 2; number <= fleet; number += 2) {
        stand.equipment(number).offer(6);
    }
    stand.pass_round_trips();
    EXPECT_EQ(stand.ingest.times(6), fleet / 2);
}

TEST_P(Limits, CloseSettlesWhatIsInFlightFirst) {
    Stand stand(candidate());
    stand.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 20ms}; };
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    stand.pass(5ms);
    equipment.begin_to_close(10s);
    stand.simulation.settle();
    EXPECT_EQ(equipment.in_flight(), 0u);
    stand.pass(1s);  // in which the server decides
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(equipment.settlements.size(), 4u);
    EXPECT_TRUE(equipment.all_said(1, 4, acknowledges() ? "broken" : "sent"));
    EXPECT_TRUE(equipment.breaks.empty());
    EXPECT_EQ(stand.listener().connections(), 0u);
}

TEST_P(Limits, CloseSendsNothingOfWhatItHasSettled) {
    if (manners().held_back_by != HeldBackBy::window) {
        GTEST_SKIP() << "nothing waits";
    }
    server::Limits limits;
    limits.streams = 2;
    Stand stand(candidate(), 8, limits);
    stand.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 20ms}; };
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 6);
    stand.pass(5ms);
    equipment.begin_to_close(10s);
    stand.pass(1s);
    EXPECT_EQ(stand.ingest.arrivals.size(), 2u);
    EXPECT_TRUE(equipment.all_said(1, 6, "broken"));
    EXPECT_NE(equipment.outcome(2).sent, Instant{});
    EXPECT_EQ(equipment.outcome(3).sent, Instant{});
}

TEST_P(Limits, CloseSendsNothingOfWhatWasOfferedInTheSameTurn) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.begin_to_close(10s);
    equipment.offer_all(1, 4);  // before that has begun
    stand.pass(1s);
    EXPECT_TRUE(equipment.closed);
    EXPECT_TRUE(equipment.all_said(1, 4, "broken"));
    EXPECT_TRUE(stand.ingest.arrivals.empty());
    EXPECT_TRUE(equipment.breaks.empty());
}

}  // namespace
}  // namespace portillon::conformance
