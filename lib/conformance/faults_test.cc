// The connection breaks, falls silent or cannot be made; the server leaves. Every batch in flight is settled, and the
// session can be opened again.

#include <boost/asio/error.hpp>

#include "conformance/suite.h"
#include "conformance/test_bench.h"
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
    static void expect_recovery(TestBench& bench) {
        const Sequence from = manners().promise == Manners::Promise::exactly_once ? 101 : 1;
        bench.ingest.decide = accepted;
        auto& equipment = bench.equipment();
        if (!equipment.is_open()) {
            equipment.open();
        }
        equipment.offer_all(from, from + 7);
        bench.pass_round_trips();
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
    TestBench bench(candidate());
    bench.ingest.decide = undecided;
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    bench.pass(10ms);
    EXPECT_EQ(equipment.in_flight(), acknowledges() ? 4u : 0u);
    bench.cable.reset();
    bench.pass_round_trips();
    EXPECT_EQ(equipment.breaks, Breaks{"reset"});
    EXPECT_EQ(equipment.settlements.size(), 4u);
    EXPECT_TRUE(equipment.all_said(1, 4, acknowledges() ? "broken" : "sent"));
    EXPECT_EQ(bench.cable.living(), 0u);
    if (acknowledges()) {
        EXPECT_EQ(cause_name(equipment.outcome(4).cause), "reset");
    }
    expect_recovery(bench);
}

TEST_P(Faults, TheServersEndIsABreakToo) {
    TestBench bench(candidate());
    bench.ingest.decide = undecided;
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 4);
    bench.pass(10ms);
    bench.replace_listener();  // a killed server: its connections end
    bench.pass_round_trips();
    EXPECT_EQ(equipment.breaks.size(), 1u);
    EXPECT_TRUE(equipment.all_said(1, 4, acknowledges() ? "broken" : "sent"));
    EXPECT_EQ(bench.cable.living(), 0u);
    expect_recovery(bench);
}

TEST_P(Faults, WhatIsOfferedBeforeABreakIsToldIsBroken) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.reset();
    ASSERT_TRUE(equipment.is_open()) << "nobody has heard of it";
    equipment.offer_all(1, 2);
    bench.pass_round_trips();
    EXPECT_TRUE(equipment.all_said(1, 2, "broken"));
    EXPECT_EQ(equipment.outcome(1).sent, Instant{});
    EXPECT_EQ(equipment.breaks, Breaks{"reset"});
    EXPECT_TRUE(bench.ingest.arrivals.empty());
    expect_recovery(bench);
}

TEST_P(Faults, NothingOfABreakIsCountedAgainstTheNextConnection) {
    server::Limits limits;
    limits.streams = 4;
    TestBench bench(candidate(), 8, limits);
    auto& equipment = bench.equipment();
    for (int round = 0; round < 30; ++round) {
        bench.ingest.decide = undecided;
        equipment.open();
        equipment.offer_all(1, 8);
        bench.pass(3ms * (round % 3));
        bench.cable.reset();
        bench.pass_round_trips();
        ASSERT_EQ(equipment.in_flight(), 0u);
    }
    EXPECT_EQ(equipment.breaks.size(), 30u);
    expect_recovery(bench);
}

TEST_P(Faults, ATimeOutInSilenceActsAsTheProtocolAllows) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there is nothing to wait for";
    }
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.cut();
    equipment.offer_all(1, 2);
    bench.pass(1s);
    EXPECT_EQ(equipment.in_flight(), 2u);
    equipment.abandon(1);
    bench.pass(10ms);
    EXPECT_EQ(equipment.answered_with(1), "timed_out");
    EXPECT_EQ(cause_name(equipment.outcome(1).cause), "timed_out");
    if (manners().time_out == Manners::TimeOut::cancels) {
        EXPECT_TRUE(equipment.breaks.empty());
        EXPECT_EQ(equipment.answered_with(2), "nothing");
        bench.cable.mend();
        bench.pass_round_trips();
        EXPECT_EQ(equipment.answered_with(2), "acknowledged");
    } else {
        EXPECT_EQ(equipment.breaks, Breaks{"timed_out"});
        EXPECT_EQ(equipment.answered_with(2), "broken");
        EXPECT_EQ(bench.cable.living(), 0u);
        bench.cable.mend();
    }
    EXPECT_EQ(equipment.settlements.size(), 2u);
    expect_recovery(bench);
}

TEST_P(Faults, WhatIsOfferedAgainArrivesAsOftenAsTheProtocolPromises) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.cut_answers();
    equipment.offer_all(1, 4);
    bench.pass(10ms);
    EXPECT_EQ(bench.ingest.arrivals.size(), 4u);
    bench.cable.reset();
    bench.pass_round_trips();
    if (manners().promise != Manners::Promise::at_most_once) {
        EXPECT_TRUE(equipment.all_said(1, 4, "broken"));
        equipment.open();
        equipment.offer_all(1, 4);
        bench.pass_round_trips();
    }
    EXPECT_TRUE(equipment.all_said(1, 4, good()));
    for (Sequence first = 1; first <= 4; ++first) {
        EXPECT_EQ(bench.ingest.times(first), manners().promise == Manners::Promise::at_least_once ? 2u : 1u);
    }
}

TEST_P(Faults, AnOpenThatIsRefusedFailsAtOnceAndMayBeTriedAgain) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    bench.cable.dials = Cable::Dials::refuse;
    for (int attempt = 0; attempt < 3; ++attempt) {
        equipment.begin_to_open(10s);
        bench.simulation.settle();
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(cause_name(*equipment.opened), "refused");
    }
    EXPECT_EQ(bench.cable.living(), 0u);
    bench.cable.dials = Cable::Dials::connect;
    expect_recovery(bench);
    EXPECT_TRUE(equipment.breaks.empty()) << "what was never open does not break";
}

TEST_P(Faults, AnOpenThatHangsFailsAtItsDeadline) {
    for (const auto dials : {Cable::Dials::hang, Cable::Dials::connect}) {
        TestBench bench(candidate());
        auto& equipment = bench.equipment();
        bench.cable.dials = dials;
        bench.cable.cut();  // dials connect, and the peer never sends a byte
        equipment.begin_to_open(2s);
        bench.pass(2s - 1ns);
        EXPECT_FALSE(equipment.opened);
        bench.pass(1ns);
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(cause_name(*equipment.opened), "timed_out");
        EXPECT_EQ(bench.cable.living(), 0u);
        bench.cable.dials = Cable::Dials::connect;
        bench.cable.mend();
        expect_recovery(bench);
        EXPECT_TRUE(equipment.breaks.empty());
    }
}

TEST_P(Faults, AnOpenFailsWhenThePeerLeavesInsteadOfGreeting) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    bench.cable.on_piece = [](const Cable::DriverEnd& driver_end, auto) { driver_end.end(boost::asio::error::eof); };
    equipment.begin_to_open(10s);
    bench.pass_round_trips();
    ASSERT_TRUE(equipment.opened);
    EXPECT_EQ(cause_name(*equipment.opened), "closed");
    EXPECT_EQ(bench.cable.living(), 0u);
    bench.cable.on_piece = nullptr;
    expect_recovery(bench);
    EXPECT_TRUE(equipment.breaks.empty());
}

// Whether that was an open session is for the driver to decide; that it has ended must be reported.
TEST_P(Faults, APeerThatGreetsAndLeavesIsOfNoUse) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    bench.cable.on_piece = [](const Cable::DriverEnd& driver_end, std::span<const std::byte> bytes) {
        driver_end.hear(bytes);
        driver_end.end(boost::asio::error::eof);
    };
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto breaks = equipment.breaks.size();
        equipment.begin_to_open(10s);
        bench.pass_round_trips();
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(equipment.breaks.size() - breaks, *equipment.opened ? 0u : 1u);
        EXPECT_FALSE(equipment.is_open());
        EXPECT_EQ(bench.cable.living(), 0u);
    }
    bench.cable.on_piece = nullptr;
    expect_recovery(bench);
}

TEST_P(Faults, AServerThatStopsAnswersWhatItHasTakenFirst) {
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 100ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    bench.pass(10ms);
    bench.listener().stop();
    bench.pass(2s);
    // A protocol that needs more than one answer completes the batch on the next connection.
    EXPECT_TRUE(equipment.all_said(1, 3,
                                   !acknowledges()              ? "sent"
                                   : manners().round_trips == 1 ? "acknowledged"
                                                                : "broken"));
    EXPECT_EQ(equipment.breaks.size(), 1u);
    EXPECT_EQ(bench.cable.living(), 0u);
    EXPECT_EQ(bench.listener().connections(), 0u);
    bench.replace_listener();
    expect_recovery(bench);
}

TEST_P(Faults, CloseSaysGoodbyeAndLeavesNothingBehind) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    for (int round = 0; round < 3; ++round) {
        equipment.open();
        equipment.offer(1);
        bench.pass_round_trips();
        const Instant begun = bench.now();
        equipment.close();
        ASSERT_TRUE(equipment.closed);
        EXPECT_LE(*equipment.closed - begun, 4 * TestBench::latency);
        EXPECT_EQ(bench.cable.living(), 0u);
        EXPECT_EQ(bench.listener().connections(), 0u);
    }
    EXPECT_TRUE(equipment.breaks.empty());
    expect_recovery(bench);
}

TEST_P(Faults, CloseEndsAtItsDeadlineWhenNobodyAnswers) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.cut();
    equipment.begin_to_close(2s);
    bench.pass(2s - 1ns);
    EXPECT_FALSE(equipment.closed);
    bench.pass(1ns);
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(bench.cable.living(), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
    bench.cable.mend();
    expect_recovery(bench);
}

TEST_P(Faults, CloseEndsWhenTheConnectionDoes) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.cut();
    equipment.begin_to_close(1h);
    bench.pass(100ms);
    bench.cable.reset();
    bench.pass(10ms);
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(bench.cable.living(), 0u);
    EXPECT_TRUE(equipment.breaks.empty());
    expect_recovery(bench);
}

TEST_P(Faults, CloseOfWhatHasJustBrokenTellsNoBreak) {
    TestBench bench(candidate());
    bench.ingest.decide = undecided;
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    bench.pass(10ms);
    equipment.begin_to_close(10s);
    bench.cable.reset();
    ASSERT_TRUE(equipment.is_open()) << "nobody has heard of it";
    bench.pass_round_trips();
    EXPECT_TRUE(equipment.closed);
    EXPECT_TRUE(equipment.breaks.empty());
    EXPECT_TRUE(equipment.all_said(1, 3, acknowledges() ? "broken" : "sent"));
    expect_recovery(bench);
}

TEST_P(Faults, ASessionMayBeDestroyedWhileItDials) {
    TestBench bench(candidate());
    bench.cable.dials = Cable::Dials::hang;
    for (std::uint32_t number = 1; number <= 2; ++number) {
        auto& equipment = bench.equipment(number);
        if (number == 2) {  // not the first time that it dials
            bench.cable.dials = Cable::Dials::connect;
            equipment.open();
            bench.cable.reset();
            bench.pass_round_trips();
            bench.cable.dials = Cable::Dials::hang;
        }
        equipment.begin_to_open(1s);
        bench.pass(500ms);
        equipment.destroy();
        EXPECT_EQ(bench.cable.living(), 0u);
        bench.pass(1s);
        ASSERT_TRUE(equipment.opened);
        EXPECT_TRUE(*equipment.opened);
    }
}

TEST_P(Faults, ASessionMayBeDestroyedWhileItIsGreeted) {
    TestBench bench(candidate());
    bench.cable.cut();
    bench.equipment().begin_to_open_unjoined();
    bench.pass(10ms);
    bench.equipment().destroy();
    EXPECT_EQ(bench.cable.living(), 0u);
    bench.cable.mend();
    bench.pass(1s);
}

TEST_P(Faults, ASessionMayBeDestroyedWithBatchesInFlight) {
    for (const Nanos after : {0ms, 1ms, 10ms}) {
        TestBench bench(candidate());
        bench.ingest.decide = undecided;
        auto& equipment = bench.equipment();
        equipment.open();
        equipment.offer_all(1, 8);
        bench.pass(after);
        const auto settled = equipment.settlements.size();
        equipment.destroy();
        bench.pass(1s);
        EXPECT_EQ(equipment.settlements.size(), settled) << "nothing is settled any more";
        EXPECT_TRUE(equipment.breaks.empty());
    }
}

TEST_P(Faults, ASessionMayBeDestroyedByWhomItTells) {
    enum class Told : std::uint8_t { an_answer, what_a_break_took, a_break };
    for (const auto told : {Told::an_answer, Told::what_a_break_took, Told::a_break}) {
        TestBench bench(candidate());
        auto& equipment = bench.equipment();
        equipment.open();
        if (told == Told::a_break) {
            equipment.on_broken = [&] { equipment.destroy(); };
        } else {
            equipment.on_settled = [&](Sequence) { equipment.destroy(); };
        }
        equipment.offer_all(1, 3);
        if (told != Told::an_answer) {
            bench.cable.reset();
        }
        bench.pass(1s);
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
