#include "run/rounds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace portillon::run {
namespace {

// "a1 b1 b2 a2", what is run again with a "!".
std::string played(std::size_t entrants, unsigned repeats, const std::function<bool(const RoundTurn&)>& invalid) {
    Rounds rounds(entrants, repeats);
    std::string text;
    while (const auto turn = rounds.next()) {
        text += fmt::format("{}{}{}{}", text.empty() ? "" : " ", static_cast<char>('a' + turn->entrant), turn->repeat,
                            turn->again ? "!" : "");
        if (invalid(*turn)) {
            rounds.invalid(*turn);
        }
    }
    return text;
}

TEST(Rounds, InterleaveAndTurnTheOrderRound) {
    const auto well = [](const RoundTurn&) { return false; };
    EXPECT_EQ(played(3, 3, well), "a1 b1 c1 c2 b2 a2 a3 b3 c3");
    EXPECT_EQ(played(1, 1, well), "a1");
}

TEST(Rounds, RunAnInvalidRepeatAgainAfterItsRound) {
    const auto first_of_b2 = [](const RoundTurn& turn) { return turn.entrant == 1 && turn.repeat == 2 && !turn.again; };
    EXPECT_EQ(played(2, 3, first_of_b2), "a1 b1 b2 a2 b2! a3 b3");
    const auto only_one = [](const RoundTurn& turn) { return !turn.again; };
    EXPECT_EQ(played(1, 1, only_one), "a1 a1!");
}

TEST(Rounds, NeverRunMoreOftenAgainThanWasAskedFor) {
    for (const unsigned repeats : {1U, 2U, 5U}) {
        const auto text = played(2, repeats, [](const RoundTurn& turn) { return turn.entrant == 0; });
        EXPECT_EQ(std::count(text.begin(), text.end(), '!'), repeats) << text;
        EXPECT_EQ(std::count(text.begin(), text.end(), 'a'), 2 * repeats) << text;
        EXPECT_EQ(std::count(text.begin(), text.end(), 'b'), repeats) << text;
    }
    // One bad minute at the start does not use up what the later rounds may need.
    EXPECT_EQ(played(1, 3, [n = 0](const RoundTurn&) mutable { return ++n <= 3; }), "a1 a1! a2 a1! a3 a2!");
}

TEST(Rounds, NumberTheRunsOfARepeat) {
    Rounds rounds(2, 2);
    std::string text;
    while (const auto turn = rounds.next()) {
        text += fmt::format("{}/{} ", turn->repeat, turn->order);
        if (turn->entrant == 1 && !turn->again) {
            rounds.invalid(*turn);
        }
    }
    EXPECT_EQ(text, "1/1 1/2 1/3 2/1 2/2 2/3 ");
}

TEST(Rounds, LeaveOutWhoWasGivenUp) {
    Rounds rounds(2, 3);
    std::string text;
    while (const auto turn = rounds.next()) {
        text += fmt::format("{}{} ", static_cast<char>('a' + turn->entrant), turn->repeat);
        if (turn->entrant == 1) {
            rounds.invalid(*turn);
            rounds.give_up(1);
        }
    }
    EXPECT_EQ(text, "a1 b1 a2 a3 ");
    EXPECT_EQ(rounds.left_invalid(), 1U);
}

}  // namespace
}  // namespace portillon::run
