#include "net/bridge.h"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "base/clock.h"

namespace portillon::net {
namespace {

using ::testing::ElementsAre;

// Stops a test that hangs; what is asserted does not depend on it.
class GivesUp final : public Alarm {
public:
    explicit GivesUp(Loop& loop) : loop_(loop) { loop_.timers().set(*this, loop_.now() + 1min); }
    void ring(Instant) override {
        ADD_FAILURE() << "the loop was not woken";
        loop_.stop();
    }

private:
    Loop& loop_;
};

struct BridgeScene {
    BridgeScene() { bridge.emplace(loop); }

    MonotonicClock clock;
    Loop loop{clock};
    GivesUp gives_up{loop};
    std::optional<Bridge> bridge;
};

TEST(Bridge, RunsWhatAnotherThreadPostsOnTheLoopsThread) {
    BridgeScene scene;
    ASSERT_FALSE(scene.bridge->open());
    std::thread::id ran_on;
    std::thread thread([&scene, &ran_on, poster = scene.bridge->poster()] {
        EXPECT_TRUE(poster.post([&] {
            ran_on = std::this_thread::get_id();
            scene.loop.stop();
        }));
    });
    scene.loop.run();
    thread.join();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Bridge, KeepsTheOrderOfEachThread) {
    constexpr int threads = 4;
    constexpr int posts = 5'000;
    BridgeScene scene;
    ASSERT_FALSE(scene.bridge->open());
    std::array<std::vector<int>, threads> came;  // only the loop's thread touches it
    int over = 0;
    std::vector<std::thread> running;
    for (int number = 0; number < threads; ++number) {
        running.emplace_back([&, number, poster = scene.bridge->poster()] {
            for (int i = 0; i < posts; ++i) {
                EXPECT_TRUE(poster.post([&, number, i] {
                    came[static_cast<std::size_t>(number)].push_back(i);
                    if (i + 1 == posts && ++over == threads) {
                        scene.loop.stop();
                    }
                }));
            }
        });
    }
    scene.loop.run();
    for (std::thread& each : running) {
        each.join();
    }
    for (const std::vector<int>& each : came) {
        ASSERT_EQ(each.size(), static_cast<std::size_t>(posts));
        EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
    }
}

TEST(Bridge, LetsAlarmsRingBetweenTheWorkOfOneThatNeverRests) {
    BridgeScene scene;
    ASSERT_FALSE(scene.bridge->open());
    const auto poster = scene.bridge->poster();
    std::atomic<bool> rang = false;
    struct Bell final : Alarm {
        Bell(Loop& on, std::atomic<bool>& tells) : loop(on), rang(tells) { loop.timers().set(*this, loop.now() + 5ms); }
        void ring(Instant) override {
            rang = true;
            loop.stop();
        }
        Loop& loop;
        std::atomic<bool>& rang;
    } bell(scene.loop, rang);
    std::thread thread([&] {
        while (!rang) {
            static_cast<void>(poster.post([] {}));
        }
    });
    scene.loop.run();
    thread.join();
    EXPECT_TRUE(rang);
}

TEST(Bridge, RunsWhatWorkPostsInALaterPlace) {
    BridgeScene scene;
    ASSERT_FALSE(scene.bridge->open());
    const auto poster = scene.bridge->poster();
    std::vector<int> ran;
    EXPECT_TRUE(poster.post([&] {
        EXPECT_TRUE(poster.post([&] {
            ran.push_back(3);
            scene.loop.stop();
        }));
        ran.push_back(1);
    }));
    EXPECT_TRUE(poster.post([&] { ran.push_back(2); }));
    scene.loop.run();
    EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST(Bridge, SaysNoWhenItIsFull) {
    BridgeScene scene;
    Bridge small(scene.loop, 2);
    ASSERT_FALSE(small.open());
    const auto poster = small.poster();
    int ran = 0;
    EXPECT_TRUE(poster.post([&] { ++ran; }));
    EXPECT_TRUE(poster.post([&] { ++ran; }));
    EXPECT_FALSE(poster.post([&] { ++ran; }));
    while (scene.loop.poll()) {
    }
    EXPECT_EQ(ran, 2);
    EXPECT_TRUE(poster.post([&] { ++ran; }));
}

TEST(Bridge, DestroysWhatHasNotRunAndRefusesWhatComesAfterItsEnd) {
    BridgeScene scene;
    ASSERT_FALSE(scene.bridge->open());
    const auto owned = std::make_shared<int>(7);
    std::promise<void> ended;
    std::promise<void> posted;
    std::thread thread([&, poster = scene.bridge->poster()] {
        EXPECT_TRUE(poster.post([owned] { FAIL() << "the bridge has ended"; }));
        posted.set_value();
        ended.get_future().wait();
        EXPECT_FALSE(poster.post([owned] { FAIL() << "the bridge has ended"; }));
    });
    posted.get_future().wait();
    scene.bridge.reset();
    ended.set_value();
    thread.join();
    EXPECT_EQ(owned.use_count(), 1);
}

TEST(Bridge, EndsWhileThreadsPost) {
    for (int i = 0; i < 50; ++i) {
        std::optional<MonotonicClock> clock(std::in_place);
        std::optional<Loop> loop(std::in_place, *clock);
        std::optional<Bridge> bridge(std::in_place, *loop);
        ASSERT_FALSE(bridge->open());
        std::atomic<int> accepted = 0;
        std::vector<std::thread> threads;
        for (int number = 0; number < 2; ++number) {
            threads.emplace_back([&accepted, poster = bridge->poster()] {
                while (poster.post([] {})) {
                    ++accepted;
                }
            });
        }
        while (accepted < 10) {
            loop->poll();
        }
        bridge.reset();
        loop.reset();
        for (std::thread& each : threads) {
            each.join();
        }
    }
}

}  // namespace
}  // namespace portillon::net
