#include "net/moderation.h"

#include <gtest/gtest.h>

#include "net/processor_wait.h"

namespace portillon::net {
namespace {

struct Shard {
    // Lives for `duration`, waiting for a processor for `share` of the time.
    void live(Nanos duration, double share) {
        for (const Instant until = now + duration; now < until;) {
            now += 10ms;
            waited += Nanos{static_cast<std::int64_t>(share * 1e7)};
            if (moderation.wants_to_know(now)) {
                moderation.tell(waited, now);
                ++told;
            }
        }
    }
    Instant now{1h};
    Nanos waited{1h};  // whatever came before does not count
    Moderation moderation;
    int told = 0;
};

TEST(Moderation, AllowsNothingAtFirstOrOnAMachineWithRoom) {
    Shard shard;
    EXPECT_EQ(shard.moderation.allowance(), 0ns);
    shard.live(10s, 0.03);
    EXPECT_EQ(shard.moderation.allowance(), 0ns);
}

TEST(Moderation, AllowsMoreTheMoreCrowdedTheMachineIs) {
    Shard some, more;
    some.live(10s, 0.08);
    more.live(10s, 0.12);
    EXPECT_GT(some.moderation.allowance(), 0ns);
    EXPECT_GT(more.moderation.allowance(), some.moderation.allowance());
}

TEST(Moderation, HasAnEnd) {
    Shard shard;
    shard.live(10s, 0.9);
    EXPECT_EQ(shard.moderation.allowance(), 250us);
}

TEST(Moderation, ForgetsOnceThereIsRoomAgain) {
    Shard shard;
    shard.live(10s, 0.9);
    shard.live(2s, 0);
    EXPECT_EQ(shard.moderation.allowance(), 0ns);
}

TEST(Moderation, AsksTwentyTimesASecondAtMost) {
    Shard shard;
    shard.live(10s, 0.1);
    EXPECT_EQ(shard.told, 200);
}

TEST(ProcessorWait, NeverShrinks) {
    const ProcessorWait wait;
    const auto first = wait.total();
    if (!first) {
        GTEST_SKIP() << "this kernel does not say";
    }
    volatile unsigned work = 0;
    for (unsigned i = 0; i < 1'000'000; ++i) {
        work = work + i;
    }
    EXPECT_GE(*wait.total(), *first);
}

}  // namespace
}  // namespace portillon::net
