#include "mqtt/unanswered.h"

#include <gtest/gtest.h>

namespace portillon::mqtt {
namespace {

TEST(Unanswered, LeavesInTheOrderOfArrival) {
    Unanswered messages;
    std::uint64_t decided = 0;
    std::uint16_t next_id = 1;
    std::uint16_t next_out = 1;
    for (int round = 0; round < 1'000; ++round) {
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(messages.add(next_id, Unanswered::Message::Answer::puback),
                      static_cast<std::uint64_t>(next_id - 1));
            ++next_id;
        }
        const std::uint64_t upto = round % 100 == 99 ? static_cast<std::uint64_t>(next_id - 1) : decided + 2;
        for (std::uint64_t number = upto; number > decided; --number) {
            EXPECT_FALSE(messages.ready());
            messages.decide(number - 1, wire::mqtt::Reason::success);
        }
        decided = upto;
        while (messages.ready()) {
            EXPECT_EQ(messages.pop().packet_id, next_out++);
        }
        EXPECT_EQ(next_out, decided + 1);
        EXPECT_EQ(messages.size(), next_id - 1 - decided);
    }
    EXPECT_TRUE(messages.empty());
    EXPECT_DEATH(messages.decide(0, wire::mqtt::Reason::success), "decided once");
}

}  // namespace
}  // namespace portillon::mqtt
