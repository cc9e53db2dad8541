// The connection breaks, falls silent or cannot be made; the server leaves. Every batch in flight is settled, and the
// session can be opened again.

#include <boost/asio/error.hpp>

#include "conformance/stand.h"
#include "conformance/suite.h"
#include "conformance/world.h"

namespace portillon::conformance {
namespace {

using Breaks = std::vector<std::string>;

ScriptedIngest::Verdict undecided(const ScriptedIngest::Arrival&) {
    return {.after = ScriptedIngest::never_decided};
}

ScriptedIngest::Verdict accepted(const ScriptedIngest::Arrival&) {
    return {};
}

class Faults : public Suite {
protected:
    // Whatever happened: opens the session if need be, and has every batch accepted. The batches are new ones where the
    // protocol decides about each batch once and for all, and perhaps never did.
    static void expect_recovery(Stand& stand) {
        const Sequence from = manners().promise == Manners::Promise::exactly_once ? 101 : 1;
        stand.ingest.decide = accepted;
        auto& equipment = stand.equipment();
        if (!equipment.is_open()) {
            equipment.open();
        }
        equipment.offer_all(from, from + 7);
        stand.pass_round_trips();
        EXPECT_TRUE(equipment.all_said(from, from + 7, good()));
    }

    // A whole run over a network with these faults from 2 s to 8 s.
    static fleet::Result survive(World& world) {
        const auto result = world.live();
        EXPECT_EQ(world.lost(result), 0u);
        if (acknowledges()) {
            EXPECT_EQ(result.counts.acknowledged, result.counts.generated);
            EXPECT_EQ(world.missing(), 0u);
        } else {
            EXPECT_EQ(result.counts.unacknowledged, result.counts.generated);
        }
        if (manners().promise != Manners::Promise::at_least_once) {
            EXPECT_EQ(world.account().counts.duplicated, 0u);
        }
        return result;
    }

    static plan::Lot impatient_plan() {
        auto plan = World::plan(candidate(), World::steady(10s, 10));
        plan.delivery.timeout = 1s;
        plan.delivery.connect_timeout = 500ms;
        plan.delivery.retry = {.base = 10ms, .max = 300ms};
        return plan;
    }
};
INSTANTIATE_TEST_SUITE_P(Drivers, Faults, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(Faults, AResetBreaksEverythingInFlightAndThenTheSession) {
    Stand stand(candidate());
    stand.ingest.decide = undecided;
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    stand.pass(10ms);
    EXPECT_EQ(equipment.in_flight(), acknowledges() ? 4u : 0u);
    stand.cable.reset();
    stand.pass_round_trips();
    EXPECT_EQ(equipment.breaks, Breaks{"reset"});
    EXPECT_EQ(equipment.settlements.size(), 4u);
    EXPECT_TRUE(equipment.all_said(1, 4, acknowledges() ? "broken" : "sent"));
    EXPECT_EQ(stand.cable.living(), 0u);
    if (acknowledges()) {
        EXPECT_EQ(cause_name(equipment.outcome(4).cause), "reset");
    }
    expect_recovery(stand);
}

TEST_P(Faults, TheServersEndIsABreakToo) {
    Stand stand(candidate());
    stand.ingest.decide = undecided;
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    stand.pass(10ms);
    stand.replace_listener();  // a killed server: its connections end
    stand.pass_round_trips();
    EXPECT_EQ(equipment.breaks.size(), 1u);
    EXPECT_TRUE(equipment.all_said(1, 4, acknowledges() ? "broken" : "sent"));
    EXPECT_EQ(stand.cable.living(), 0u);
    expect_recovery(stand);
}

TEST_P(Faults, WhatIsOfferedBeforeABreakIsToldIsBroken) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    stand.cable.reset();
    ASSERT_TRUE(equipment.is_open()) << "nobody has heard of it";
    equipment.offer_all(1, 2);
    stand.pass_round_trips();
    EXPECT_TRUE(equipment.all_said(1, 2, "broken"));
    EXPECT_EQ(equipment.outcome(1).sent, Instant{});
    EXPECT_EQ(equipment.breaks, Breaks{"reset"});
    EXPECT_TRUE(stand.ingest.arrivals.empty());
    expect_recovery(stand);
}

TEST_P(Faults, NothingOfABreakIsCountedAgainstTheNextConnection) {
    server::Limits limits;
    limits.streams = 4;
    Stand stand(candidate(), 8, limits);
    auto& equipment = stand.equipment();
    for (int round = 0; round < 30; ++round) {
        stand.ingest.decide = undecided;
        equipment.open();
        equipment.offer_all(1, 8);
        stand.pass(3ms * (round % 3));
        stand.cable.reset();
        stand.pass_round_trips();
        ASSERT_EQ(equipment.in_flight(), 0u);
    }
    EXPECT_EQ(equipment.breaks.size(), 30u);
    expect_recovery(stand);
}

TEST_P(Faults, ATimeOutInSilenceActsAsTheProtocolAllows) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there is nothing to wait for";
    }
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    stand.cable.cut();
    equipment.offer_all(1, 2);
    stand.pass(1s);
    EXPECT_EQ(equipment.in_flight(), 2u);
    equipment.abandon(1);
    stand.pass(10ms);
    EXPECT_EQ(equipment.answered_with(1), "timed_out");
    EXPECT_EQ(cause_name(equipment.outcome(1).cause), "timed_out");
    if (manners().time_out == Manners::TimeOut::cancels) {
        EXPECT_TRUE(equipment.breaks.empty());
        EXPECT_EQ(equipment.answered_with(2), "nothing");
        stand.cable.mend();
        stand.pass_round_trips();
        EXPECT_EQ(equipment.answered_with(2), "acknowledged");
    } else {
        EXPECT_EQ(equipment.breaks, Breaks{"timed_out"});
        EXPECT_EQ(equipment.answered_with(2), "broken");
        EXPECT_EQ(stand.cable.living(), 0u);
        stand.cable.mend();
    }
    EXPECT_EQ(equipment.settlements.size(), 2u);
    expect_recovery(stand);
}

TEST_P(Faults, WhatIsOfferedAgainArrivesAsOftenAsTheProtocolPromises) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    stand.cable.cut_answers();
    equipment.offer_all(1, 4);
    stand.pass(10ms);
    EXPECT_EQ(stand.ingest.arrivals.size(), 4u);
    stand.cable.reset();
    stand.pass_round_trips();
    if (manners().promise != Manners::Promise::at_most_once) {
        EXPECT_TRUE(equipment.all_said(1, 4, "broken"));
        equipment.open();
        equipment.offer_all(1, 4);
        stand.pass_round_trips();
    }
    EXPECT_TRUE(equipment.all_said(1, 4, good()));
    for (Sequence first = 1; first <= 4; ++first) {
        EXPECT_EQ(stand.ingest.times(first), manners().promise == Manners::Promise::at_least_once ? 2u : 1u);
    }
}

TEST_P(Faults, AnOpenThatIsRefusedFailsAtOnceAndMayBeTriedAgain) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    stand.cable.dials = Cable::Dials::refuse;
    for (int attempt = 0; attempt < 3; ++attempt) {
        equipment.begin_to_open(10s);
        stand.simulation.settle();
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(cause_name(*equipment.opened), "refused");
    }
    EXPECT_EQ(stand.cable.living(), 0u);
    stand.cable.dials = Cable::Dials::connect;
    expect_recovery(stand);
    EXPECT_TRUE(equipment.breaks.empty()) << "what was never open does not break";
}

TEST_P(Faults, AnOpenThatHangsFailsAtItsDeadline) {
    for (const auto dials : {Cable::Dials::hang, Cable::Dials::connect}) {
        Stand stand(candidate());
        auto& equipment = stand.equipment();
        stand.cable.dials = dials;
        stand.cable.cut();  // dials connect, and the peer never sends a byte
        equipment.begin_to_open(2s);
        stand.pass(2s - 1ns);
        EXPECT_FALSE(equipment.opened);
        stand.pass(1ns);
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(cause_name(*equipment.opened), "timed_out");
        EXPECT_EQ(stand.cable.living(), 0u);
        stand.cable.dials = Cable::Dials::connect;
        stand.cable.mend();
        expect_recovery(stand);
        EXPECT_TRUE(equipment.breaks.empty());
    }
}

TEST_P(Faults, AnOpenFailsWhenThePeerLeavesInsteadOfGreeting) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    stand.cable.on_piece = [](const Cable::Ear& ear, auto) { ear.end(boost::asio::error::eof); };
    equipment.begin_to_open(10s);
    stand.pass_round_trips();
    ASSERT_TRUE(equipment.opened);
    EXPECT_EQ(cause_name(*equipment.opened), "closed");
    EXPECT_EQ(stand.cable.living(), 0u);
    stand.cable.on_piece = nullptr;
    expect_recovery(stand);
    EXPECT_TRUE(equipment.breaks.empty());
}

// Whether that was an open session is for the driver to decide; that it has ended must be reported.
TEST_P(Faults, APeerThatGreetsAndLeavesIsOfNoUse) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    stand.cable.on_piece = [](const Cable::Ear& ear, std::span<const std::byte> bytes) {
        ear.hear(bytes);
        ear.end(boost::asio::error::eof);
    };
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto breaks = equipment.breaks.size();
        equipment.begin_to_open(10s);
        stand.pass_round_trips();
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(equipment.breaks.size() - breaks, *equipment.opened ? 0u : 1u);
        EXPECT_FALSE(equipment.is_open());
        EXPECT_EQ(stand.cable.living(), 0u);
    }
    stand.cable.on_piece = nullptr;
    expect_recovery(stand);
}

TEST_P(Faults, AServerThatStopsAnswersWhatItHasTakenFirst) {
    Stand stand(candidate());
    stand.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 100ms}; };
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    stand.pass(10ms);
    stand.listener().stop();
    stand.pass(2s);
    // A protocol that needs more than one answer completes the batch on the next connection.
    EXPECT_TRUE(equipment.all_said(1, 3,
                                   !acknowledges()              ? "sent"
                                   : manners().round_trips == 1 ? "acknowledged"
                                                                : "broken"));
    EXPECT_EQ(equipment.breaks.size(), 1u);
    EXPECT_EQ(stand.cable.living(), 0u);
    EXPECT_EQ(stand.listener().connections(), 0u);
    stand.replace_listener();
    expect_recovery(stand);
}

TEST_P(Faults, CloseSaysGoodbyeAndLeavesNothingBehind) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    for (int round = 0; round < 3; ++round) {
        equipment.open();
        equipment.offer(1);
        stand.pass_round_trips();
        const Instant begun = stand.now();
        equipment.close();
        ASSERT_TRUE(equipment.closed);
        EXPECT_LE(*equipment.closed - begun, 4 * Stand::latency);
        EXPECT_EQ(stand.cable.living(), 0u);
        EXPECT_EQ(stand.listener().connections(), 0u);
    }
    EXPECT_TRUE(equipment.breaks.empty());
    expect_recovery(stand);
}

TEST_P(Faults, CloseEndsAtItsDeadlineWhenNobodyAnswers) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    stand.cable.cut();
    equipment.begin_to_close(2s);
    stand.pass(2s - 1ns);
    EXPECT_FALSE(equipment.closed);
    stand.pass(1ns);
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(stand.cable.living(), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
    stand.cable.mend();
    expect_recovery(stand);
}

TEST_P(Faults, CloseEndsWhenTheConnectionDoes) {
    Stand stand(candidate());
    auto& equipment = stand.equipment();
    equipment.open();
    stand.cable.cut();
    equipment.begin_to_close(1h);
    stand.pass(100ms);
    stand.cable.reset();
    stand.pass(10ms);
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(stand.cable.living(), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
    expect_recovery(stand);
}

TEST_P(Faults, CloseOfWhatHasJustBrokenTellsNoBreak) {
    Stand stand(candidate());
    stand.ingest.decide = undecided;
    auto& equipment = stand.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    stand.pass(10ms);
    equipment.begin_to_close(10s);
    stand.cable.reset();
    ASSERT_TRUE(equipment.is_open()) << "nobody has heard of it";
    stand.pass_round_trips();
    EXPECT_TRUE(equipment.closed);
    EXPECT_TRUE(equipment.breaks.empty());
    EXPECT_TRUE(equipment.all_said(1, 3, acknowledges() ? "broken" : "sent"));
    expect_recovery(stand);
}

TEST_P(Faults, ASessionMayBeDestroyedWhileItDials) {
    Stand stand(candidate());
    stand.cable.dials = Cable::Dials::hang;
    for (std::uint32_t number = 1; number <= 2; ++number) {
        auto& equipment = stand.equipment(number);
        if (number == 2) {  // not the first time that it dials
            stand.cable.dials = Cable::Dials::connect;
            equipment.open();
            stand.cable.reset();
            stand.pass_round_trips();
            stand.cable.dials = Cable::Dials::hang;
        }
        equipment.begin_to_open(1s);
        stand.pass(500ms);
        equipment.destroy();
        EXPECT_EQ(stand.cable.living(), 0u);
        stand.pass(1s);
        ASSERT_TRUE(equipment.opened);
        EXPECT_TRUE(*equipment.opened);
    }
}

TEST_P(Faults, ASessionMayBeDestroyedWhileItIsGreeted) {
    Stand stand(candidate());
    stand.cable.cut();
    stand.equipment().begin_to_open_unjoined();
    stand.pass(10ms);
    stand.equipment().destroy();
    EXPECT_EQ(stand.cable.living(), 0u);
    stand.cable.mend();
    stand.pass(1s);
}

TEST_P(Faults, ASessionMayBeDestroyedWithBatchesInFlight) {
    for (const Nanos after : {0ms, 1ms, 10ms}) {
        Stand stand(candidate());
        stand.ingest.decide = undecided;
        auto& equipment = stand.equipment();
        equipment.open();
        equipment.offer_all(1, 8);
        stand.pass(after);
        const auto settled = equipment.settlements.size();
        equipment.destroy();
        stand.pass(1s);
        EXPECT_EQ(equipment.settlements.size(), settled) << "nothing is settled any more";
        EXPECT_TRUE(equipment.breaks.empty());
    }
}

TEST_P(Faults, ASessionMayBeDestroyedByWhomItTells) {
    enum class Told : std::uint8_t { an_answer, what_a_break_took, a_break };
    for (const auto told : {Told::an_answer, Told::what_a_break_took, Told::a_break}) {
        Stand stand(candidate());
        auto& equipment = stand.equipment();
        equipment.open();
        if (told == Told::a_break) {
            equipment.on_broken = [&] { equipment.destroy(); };
        } else {
            equipment.on_settled = [&](Sequence) { equipment.destroy(); };
        }
        equipment.offer_all(1, 3);
        if (told != Told::an_answer) {
            stand.cable.reset();
        }
        stand.pass(1s);
        EXPECT_EQ(equipment.settlements.size(), told == Told::a_break ? 3u : 1u);
    }
}

// Whole runs.

TEST_P(Faults, AFleetTriesAgainWhatTimedOutAtAStalledServer) {
    World world(candidate(), World::plan(candidate(), World::steady(60s, 2)));
    world.set_fault({.kind = server::FaultKind::stall, .at = world.t0() + 10s, .length = 20s, .run = {}});
    const auto result = survive(world);
    EXPECT_EQ(result.counts.generated, World::equipments * 120u);
    EXPECT_EQ(result.counts.retries > 0, acknowledges());
}

TEST_P(Faults, AFleetComesBackFromASilence) {
    World world(candidate(), impatient_plan(), {{.kind = faults::Kind::cut, .at = 2s, .length = 4s}}, 1ms);
    const auto result = survive(world);
    EXPECT_EQ(result.counts.retries > 0, acknowledges());
}

TEST_P(Faults, AFleetFindsOutThatTheFarEndIsGone) {
    if (!acknowledges()) {
        GTEST_SKIP() << "who waits for no answer misses none";
    }
    World world(candidate(), impatient_plan(), {{.kind = faults::Kind::half_open, .at = 2s}}, 1ms);
    const auto result = survive(world);
    EXPECT_EQ(result.counts.reconnects, World::equipments);
}

TEST_P(Faults, AFleetComesBackToAPortThatRefused) {
    World world(
        candidate(), impatient_plan(),
        {{.kind = faults::Kind::reset, .at = 2s}, {.number = 1, .kind = faults::Kind::refuse, .at = 2s, .length = 4s}},
        1ms);
    const auto result = survive(world);
    EXPECT_EQ(result.counts.reconnects, World::equipments);
    EXPECT_GT(result.connect_failures.at("refused"), World::equipments);
}

TEST_P(Faults, AFleetLivesWithAWayThatFlaps) {
    World world(candidate(), impatient_plan(),
                {{.kind = faults::Kind::flapping, .at = 2s, .length = 6s, .up = 700ms, .down = 300ms}}, 1ms);
    const auto result = survive(world);
    EXPECT_GE(result.counts.reconnects, World::equipments * 4u);
}

}  // namespace
}  // namespace portillon::conformance
