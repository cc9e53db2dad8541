// Answers that refuse, come late, come in pieces, come twice, or are no answers at all.

#include <boost/asio/error.hpp>
#include <cstdlib>

#include "base/random.h"
#include "conformance/suite.h"
#include "conformance/test_bench.h"

namespace portillon::conformance {
namespace {

using server::Disposition;

class BadAnswers : public Suite {
protected:
    static bool works(TestBench& bench) {
        auto& equipment = bench.equipment();
        equipment.offer_all(101, 104);
        bench.pass_round_trips();
        for (const Sequence first : equipment.firsts_in_flight()) {
            equipment.abandon(first);
        }
        bench.pass_round_trips();
        return equipment.answered_with(101) == good() && equipment.answered_with(104) == good();
    }

    // Whatever the session received: batches in flight can be abandoned, the session opened again, and then all works.
    // A connection with unknown bytes on it may be unusable although neither end has noticed.
    static void expect_recovery(TestBench& bench) {
        bench.cable.on_piece = nullptr;
        auto& equipment = bench.equipment();
        for (const Sequence first : equipment.firsts_in_flight()) {
            equipment.abandon(first);
        }
        bench.pass_round_trips();
        EXPECT_EQ(equipment.in_flight(), 0u);
        EXPECT_LE(equipment.breaks.size(), 1u);
        if (equipment.is_open() && works(bench)) {
            return;
        }
        if (equipment.is_open()) {
            equipment.close();
        }
        equipment.open();
        EXPECT_TRUE(works(bench));
    }

    // The size of the first piece that answers a batch.
    static std::size_t answer_bytes() {
        TestBench bench(candidate());
        auto& equipment = bench.equipment();
        equipment.open();
        std::size_t bytes = 0;
        bench.cable.on_piece = [&](const Cable::DriverEnd& driver_end, std::span<const std::byte> piece) {
            bytes = bytes == 0 ? piece.size() : bytes;
            driver_end.hear(piece);
        };
        equipment.offer(1);
        bench.pass_round_trips();
        return bytes;
    }
};
INSTANTIATE_TEST_SUITE_P(Drivers, BadAnswers, ::testing::ValuesIn(candidates()), name_of_candidate);

TEST_P(BadAnswers, ANoMeansWhatTheContractSays) {
    struct Row {
        Disposition disposition;
        std::optional<Nanos> retry_after;
        driver::Answer answer;
    };
    for (const Row& row : {Row{Disposition::malformed, std::nullopt, manners().malformed},
                           Row{Disposition::refused, std::nullopt, manners().refused},
                           Row{Disposition::refused, 1'200'001us, manners().refused_for_a_while}}) {
        SCOPED_TRACE(static_cast<int>(row.answer));
        TestBench bench(candidate());
        bench.ingest.decide = [&](const auto&) {
            return ScriptedIngest::Verdict{.disposition = row.disposition, .retry_after = row.retry_after};
        };
        auto& equipment = bench.equipment();
        equipment.open();
        equipment.offer(1);
        bench.pass_round_trips();
        const auto& outcome = equipment.outcome(1);
        EXPECT_EQ(outcome.answer, row.answer) << equipment.answered_with(1);
        const Nanos unit = manners().retry_after_unit;
        if (row.retry_after && unit > 0ns) {
            EXPECT_EQ(outcome.retry_after, (*row.retry_after + unit - 1ns) / unit * unit);
        } else {
            EXPECT_FALSE(outcome.retry_after);
        }
        EXPECT_EQ(equipment.settlements.size(), 1u);
        EXPECT_EQ(equipment.breaks.size(), row.answer == driver::Answer::broken ? 1u : 0u);
        bench.pass(2s);
        bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{}; };
        expect_recovery(bench);
    }
}

TEST_P(BadAnswers, ANoIsForItsBatchAlone) {
    if (manners().refused == driver::Answer::broken || !acknowledges()) {
        GTEST_SKIP() << "there is no word for it";
    }
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto& arrival) {
        return ScriptedIngest::Verdict{.disposition = arrival.first % 3 == 0   ? Disposition::refused
                                                      : arrival.first % 3 == 1 ? Disposition::malformed
                                                                               : Disposition::accepted};
    };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 6);
    bench.pass_round_trips();
    for (Sequence first = 1; first <= 6; ++first) {
        const auto expected = first % 3 == 0   ? manners().refused
                              : first % 3 == 1 ? manners().malformed
                                               : driver::Answer::acknowledged;
        EXPECT_EQ(equipment.outcome(first).answer, expected) << first;
    }
    EXPECT_TRUE(equipment.is_open());
}

TEST_P(BadAnswers, AnAnswerAfterTheDeadlineChangesNothing) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto& arrival) {
        return ScriptedIngest::Verdict{.after = arrival.first == 1 ? 1s : 0s};
    };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer(1, 1, 100ms);
    bench.pass(100ms);
    equipment.abandon(1);
    bench.pass(50ms);
    EXPECT_EQ(equipment.answered_with(1), "timed_out");
    if (!equipment.is_open()) {
        equipment.open();
    }
    equipment.offer(2);
    bench.pass(2s);
    EXPECT_EQ(equipment.settlements.size(), 2u);
    EXPECT_EQ(equipment.answered_with(1), "timed_out");
    EXPECT_EQ(equipment.answered_with(2), "acknowledged");
    equipment.offer(1);
    bench.pass(2s);
    EXPECT_EQ(equipment.answered_with(1), "acknowledged");
}

TEST_P(BadAnswers, MayComeByteByByte) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    bench.cable.on_piece = [](const Cable::DriverEnd& driver_end, std::span<const std::byte> piece) {
        for (const std::byte& byte : piece) {
            driver_end.hear({&byte, 1});
        }
    };
    equipment.open();
    equipment.offer_all(1, 5);
    bench.pass_round_trips();
    EXPECT_TRUE(equipment.all_said(1, 5, good()));
    EXPECT_TRUE(equipment.breaks.empty());
    equipment.close();
}

TEST_P(BadAnswers, MayComeAllInOnePiece) {
    TestBench bench(candidate(), 100);
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.cut_answers();
    equipment.offer_all(1, 100);
    bench.pass(1s);
    EXPECT_EQ(equipment.in_flight(), acknowledges() ? 100u : 0u);
    bench.cable.mend();
    bench.pass_round_trips();
    EXPECT_TRUE(equipment.all_said(1, 100, good()));
    EXPECT_TRUE(equipment.breaks.empty());
}

TEST_P(BadAnswers, CutShortAtAnyByteSettlesOnce) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    const std::size_t whole = answer_bytes();
    ASSERT_GT(whole, 0u);
    for (std::size_t kept = 0; kept < whole; ++kept) {
        SCOPED_TRACE(::testing::Message() << kept << " of " << whole << " bytes");
        TestBench bench(candidate());
        auto& equipment = bench.equipment();
        equipment.open();
        bench.cable.on_piece = [&](const Cable::DriverEnd& driver_end, std::span<const std::byte> piece) {
            if (kept > 0) {
                driver_end.hear(piece.first(kept));
            }
            driver_end.end(kept % 2 == 0 ? boost::asio::error::make_error_code(boost::asio::error::eof)
                                         : boost::asio::error::make_error_code(boost::asio::error::connection_reset));
        };
        equipment.offer(1);
        bench.pass_round_trips();
        EXPECT_EQ(equipment.settlements.size(), 1u);
        EXPECT_EQ(equipment.breaks.size(), 1u);
        expect_recovery(bench);
    }
}

TEST_P(BadAnswers, HeardTwiceSettleOnce) {
    TestBench bench(candidate());
    auto& equipment = bench.equipment();
    equipment.open();
    bench.cable.on_piece = [](const Cable::DriverEnd& driver_end, std::span<const std::byte> piece) {
        driver_end.hear(piece);
        driver_end.hear(piece);
    };
    equipment.offer_all(1, 3);
    bench.pass_round_trips();
    EXPECT_EQ(equipment.settlements.size(), 3u);
    EXPECT_EQ(equipment.answered_with(1), good());
    if (candidate().manners.repeated == Manners::Repeated::passes) {
        EXPECT_TRUE(equipment.all_said(1, 3, good()));
        EXPECT_TRUE(equipment.breaks.empty());
    }
    expect_recovery(bench);
}

TEST_P(BadAnswers, WithAnyByteWrongSettleOnce) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    const std::size_t whole = answer_bytes();
    for (std::size_t wrong = 0; wrong < whole; ++wrong) {
        for (const unsigned mask : {0x01u, 0x80u, 0xFFu}) {
            SCOPED_TRACE(::testing::Message() << "byte " << wrong << " xor " << mask);
            TestBench bench(candidate());
            auto& equipment = bench.equipment();
            equipment.open();
            bench.cable.on_piece = [&](const Cable::DriverEnd& driver_end, std::span<const std::byte> piece) {
                std::vector<std::byte> bytes(piece.begin(), piece.end());
                if (wrong < bytes.size()) {
                    bytes[wrong] ^= std::byte{static_cast<unsigned char>(mask)};
                }
                bench.cable.on_piece = nullptr;
                driver_end.hear(bytes);
            };
            equipment.offer_all(1, 2);
            bench.pass_round_trips();
            expect_recovery(bench);
        }
    }
}

TEST_P(BadAnswers, GarbageBreaksAtMostItsConnection) {
    const char* const given = std::getenv("PORTILLON_SEED");
    const std::uint64_t from = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
    for (std::uint64_t seed = from; seed <= (given != nullptr ? from : 200); ++seed) {
        SCOPED_TRACE(::testing::Message() << "PORTILLON_SEED=" << seed);
        Random random(seed);
        TestBench bench(candidate());
        bench.ingest.decide = [](const auto&) {
            return ScriptedIngest::Verdict{.after = ScriptedIngest::never_decided};
        };
        auto& equipment = bench.equipment();
        const bool greeted = seed % 4 != 0;
        if (greeted) {
            equipment.open();
            equipment.offer_all(1, 3);
            bench.pass(10ms);
        } else {
            bench.cable.on_piece = [](const Cable::DriverEnd&, auto) {};
            equipment.begin_to_open(20ms);
            bench.pass(10ms);
        }
        std::vector<std::byte> bytes(1 + random.next() % 300);
        for (std::byte& byte : bytes) {
            byte = static_cast<std::byte>(random.next());
        }
        bench.cable.say(bytes);
        bench.pass(20ms);
        bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{}; };
        ASSERT_TRUE(equipment.opened);
        EXPECT_EQ(!*equipment.opened, greeted) << "no greeting is made of noise";
        expect_recovery(bench);
    }
}

TEST_P(BadAnswers, APeerThatNeverComesToAnEndIsLeft) {
    for (const unsigned byte : {0x00u, 0x20u, 0x30u, 0x40u, 0x78u, 0x7Bu, 0xFFu}) {
        SCOPED_TRACE(byte);
        TestBench bench(candidate());
        auto& equipment = bench.equipment();
        equipment.open();
        const std::vector<std::byte> bytes(16 << 10, std::byte{static_cast<unsigned char>(byte)});
        for (int i = 0; i < 64 && equipment.is_open(); ++i) {
            bench.cable.say(bytes);
            bench.pass(1ms);
        }
        EXPECT_EQ(equipment.breaks.size(), 1u);
        EXPECT_EQ(bench.cable.living(), 0u);
        expect_recovery(bench);
    }
}

// The peer keeps the connection alive as its protocol demands, and takes every batch: only a new connection helps.
TEST_P(BadAnswers, APeerThatTakesEverythingAndAnswersNothingIsLeft) {
    if (!acknowledges()) {
        GTEST_SKIP() << "there are no answers";
    }
    for (const Sequence at_once : {Sequence{1}, Sequence{8}}) {
        SCOPED_TRACE(::testing::Message() << at_once << " in flight");
        TestBench bench(candidate());
        bench.ingest.decide = [](const auto&) {
            return ScriptedIngest::Verdict{.after = ScriptedIngest::never_decided};
        };
        auto& equipment = bench.equipment();
        equipment.open();
        for (Sequence round = 0; round < 3 && equipment.is_open(); ++round) {
            for (Sequence i = 1; i <= at_once; ++i) {
                equipment.offer(10 * round + i, 1, 1s);
            }
            bench.pass(1s);
            for (const Sequence first : equipment.firsts_in_flight()) {
                equipment.abandon(first);
            }
            bench.pass_round_trips();
        }
        EXPECT_EQ(equipment.breaks.size(), 1u);
        EXPECT_EQ(equipment.in_flight(), 0u);
        bench.ingest.forget();
        bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{}; };
        expect_recovery(bench);
    }
}

TEST_P(BadAnswers, NothingIsHeardAfterGoodbye) {
    TestBench bench(candidate());
    bench.ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{.after = 3ms}; };
    auto& equipment = bench.equipment();
    equipment.open();
    equipment.offer_all(1, 3);
    bench.pass(2ms);
    bench.cable.cut_answers();
    equipment.begin_to_close(1s);
    bench.pass(100ms);
    bench.cable.say(std::as_bytes(std::span("{\"equipment\":1,\"first\":1}\n\x40\x02\x00\x01")));
    EXPECT_FALSE(equipment.closed);
    bench.cable.mend();  // what the server had sent, what it never sent, and its end
    bench.pass(1s);
    EXPECT_TRUE(equipment.closed);
    EXPECT_EQ(equipment.settlements.size(), 3u);
    EXPECT_TRUE(equipment.breaks.empty());
    EXPECT_EQ(bench.cable.living(), 0u);
}

}  // namespace
}  // namespace portillon::conformance
