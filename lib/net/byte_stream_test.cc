#include "net/byte_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <string>

#include "base/bytes.h"
#include "net/local.h"
#include "net/task_group.h"
#include "testing/pipe.h"
#include "testing/simulation.h"
#include "testing/stuck_transport.h"

namespace portillon::net {
namespace {

struct PipeReader : Transport::Reader {
    void received(std::span<const std::byte> bytes) override { heard += text_of(bytes); }
    void ended(const error_code& cause) override { end = cause; }
    std::string heard;
    error_code end;
};

// How a wait in the stream ended, and when.
struct Told {
    bool over = false;
    error_code error;
    Instant at{};
};

// A stream at one end of a pipe with a delay of 1 ms, and the bare transport of the other end.
struct Scene {
    static constexpr std::size_t limit = 16;

    Scene() { other->start(ear); }

    Told& read(Instant deadline = never) {
        told = {};
        tasks.spawn(read_once(*this, deadline));
        return told;
    }
    Told& send(std::string_view text, Instant deadline = never) {
        told = {};
        tasks.spawn(send_once(*this, text, deadline));
        return told;
    }
    void say(std::string_view text) {
        other->write(bytes_of(text));
        simulation.run_for(1ms);
    }
    std::string buffered() const { return text_of(stream.buffered()); }

    static Task<void> read_once(Scene& scene, Instant deadline) {
        const error_code error = co_await scene.stream.read_more(deadline);
        scene.told = {true, error, scene.simulation.now()};
    }
    static Task<void> send_once(Scene& scene, std::string_view text, Instant deadline) {
        const error_code error = co_await scene.stream.send(bytes_of(text), deadline);
        scene.told = {true, error, scene.simulation.now()};
    }

    testing::Simulation simulation;
    Traffic here, there;
    testing::PipeEnds ends = testing::make_pipe(simulation.loop(), 1ms, there, here);
    std::unique_ptr<Transport> other = std::move(ends.client);
    testing::StuckTransport* kernel = new testing::StuckTransport(std::move(ends.server));
    PipeReader ear;
    Told told;
    TaskGroup tasks{simulation.loop()};
    ByteStream stream{simulation.loop(), std::unique_ptr<Transport>(kernel), limit};
};

TEST(ByteStream, TellsOfWhatComesAndKeepsItUntilItIsConsumed) {
    Scene scene;
    const Told& told = scene.read();
    scene.simulation.settle();
    EXPECT_FALSE(told.over);
    scene.say("abc");
    EXPECT_TRUE(told.over);
    EXPECT_FALSE(told.error);
    EXPECT_EQ(scene.buffered(), "abc");
    scene.stream.consume(1);
    scene.read();
    scene.simulation.settle();
    EXPECT_FALSE(told.over) << "of bytes that it has told of";
    scene.say("de");
    EXPECT_TRUE(told.over);
    EXPECT_EQ(scene.buffered(), "bcde");
}

TEST(ByteStream, TellsOfWhatCameWhileNobodyWaitedUnlessItIsConsumed) {
    Scene scene;
    scene.simulation.settle();
    scene.say("abc");
    const Told& told = scene.read();
    scene.simulation.settle();
    EXPECT_TRUE(told.over);
    scene.say("de");
    scene.stream.consume(5);
    scene.read(scene.simulation.now() + 1s);
    scene.simulation.settle();
    EXPECT_FALSE(told.over);
    scene.simulation.run_for(1s);
}

TEST(ByteStream, EndsAWaitAtItsDeadline) {
    Scene scene;
    const Instant deadline = scene.simulation.now() + 20ms;
    const Told& told = scene.read(deadline);
    scene.simulation.run_for(1s);
    EXPECT_EQ(told.error, asio::error::timed_out);
    EXPECT_EQ(told.at, deadline);
}

TEST(ByteStream, TellsOfTheEndAfterWhatCameBeforeIt) {
    Scene scene;
    scene.other->write(bytes_of("last"));
    scene.other->shut();
    scene.simulation.run_for(2ms);
    const Told& told = scene.read();
    scene.simulation.settle();
    EXPECT_FALSE(told.error);
    EXPECT_EQ(scene.buffered(), "last");
    scene.read();
    scene.simulation.settle();
    EXPECT_EQ(told.error, asio::error::eof);
}

TEST(ByteStream, ReadsNoFurtherThanItsLimit) {
    Scene scene;
    for (int i = 0; i < 10; ++i) {
        scene.say("0123456789");
    }
    EXPECT_EQ(scene.buffered().size(), 20u);
    const Told& told = scene.read();
    scene.simulation.settle();
    EXPECT_FALSE(told.error);
    scene.read();
    scene.simulation.settle();
    EXPECT_EQ(told.error, asio::error::no_buffer_space);
    std::size_t all = 0;
    while (!scene.buffered().empty()) {
        all += scene.buffered().size();
        scene.stream.consume(scene.buffered().size());
        scene.simulation.run_for(1ms);
    }
    EXPECT_EQ(all, 100u);
}

TEST(ByteStream, SendsMuchAPieceAtATime) {
    Scene scene;
    const std::string much(1'000'000, 'x');
    scene.kernel->stuck = true;
    const Told& told = scene.send(much);
    scene.simulation.run_for(1s);
    EXPECT_FALSE(told.over);
    EXPECT_GT(scene.stream.unsent(), 0u);
    EXPECT_LT(scene.stream.unsent(), 500'000u);
    scene.kernel->come_loose();
    scene.simulation.run_for(1s);
    EXPECT_TRUE(told.over);
    EXPECT_FALSE(told.error);
    EXPECT_EQ(scene.ear.heard, much);
}

TEST(ByteStream, GivesUpSendingAtTheDeadline) {
    Scene scene;
    scene.kernel->stuck = true;
    const Instant deadline = scene.simulation.now() + 30s;
    const Told& told = scene.send("abc", deadline);
    scene.simulation.run_for(1min);
    EXPECT_EQ(told.error, asio::error::timed_out);
    EXPECT_EQ(told.at, deadline);
}

TEST(ByteStream, SaysWhatBrokeTheConnectionInTheMiddleOfSending) {
    Scene scene;
    scene.kernel->stuck = true;
    const Told& told = scene.send("abc");
    scene.simulation.settle();
    scene.other->reset();
    scene.simulation.run_for(1s);
    EXPECT_EQ(told.error, asio::error::connection_reset);
}

TEST(ByteStream, SendsAfterTheOtherSideHasEnded) {
    Scene scene;
    scene.other->shut();
    scene.simulation.run_for(1ms);
    const Told& told = scene.send("abc");
    scene.simulation.run_for(1ms);
    EXPECT_TRUE(told.over);
    EXPECT_FALSE(told.error);
    EXPECT_EQ(scene.ear.heard, "abc");
}

TEST(ByteStream, EndsWhoWaitsWhenItIsClosed) {
    for (const bool sends : {false, true}) {
        Scene scene;
        scene.kernel->stuck = true;
        const Told& told = sends ? scene.send("abc") : scene.read();
        scene.simulation.settle();
        EXPECT_FALSE(told.over);
        scene.stream.close();
        scene.simulation.settle();
        EXPECT_EQ(told.error, asio::error::operation_aborted) << sends;
        scene.simulation.run_for(1ms);
        EXPECT_EQ(scene.ear.end, asio::error::eof);
    }
}

TEST(ByteStream, SaysThatItIsClosedToWhoComesLater) {
    Scene scene;
    scene.stream.close();
    const Told& told = scene.read();
    scene.simulation.settle();
    EXPECT_EQ(told.error, asio::error::operation_aborted);
    scene.send("abc");
    scene.simulation.settle();
    EXPECT_EQ(told.error, asio::error::operation_aborted);
}

// Both ends of a socketpair, in real time; the conversation is bounded by its own end.
struct SocketEnds {
    SocketEnds() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0); }
    MonotonicClock clock;
    Loop loop{clock};
    Traffic traffic;
    int ends[2];
    TaskGroup tasks{loop};
};

Task<void> take_all(ByteStream& stream, std::size_t& taken) {
    error_code end;
    while (!end) {
        taken += stream.buffered().size();
        stream.consume(stream.buffered().size());
        end = co_await stream.read_more(never);
    }
}

Task<void> give_much_to_one_that_has_ended(SocketEnds& pair, std::size_t& taken) {
    const std::string much(8 << 20, 'x');
    ByteStream giver(pair.loop, adopt_local(pair.loop, pair.ends[0], pair.traffic), 1 << 16);
    ByteStream taker(pair.loop, adopt_local(pair.loop, pair.ends[1], pair.traffic), 1 << 16);
    taker.shut();
    const error_code end = co_await giver.read_more(never);
    EXPECT_EQ(end, asio::error::eof);
    pair.tasks.spawn(take_all(taker, taken));
    const error_code error = co_await giver.send(bytes_of(much), pair.loop.now() + 5min);
    EXPECT_FALSE(error) << error.message();
    giver.shut();
    while (pair.tasks.running() > 1) {
        Wakeup turn(pair.loop);
        co_await turn.until(pair.loop.now() + 1ms);
    }
    pair.loop.stop();
}

TEST(ByteStream, SendsMuchToOneThatHasEnded) {
    SocketEnds pair;
    std::size_t taken = 0;
    pair.tasks.spawn(give_much_to_one_that_has_ended(pair, taken));
    pair.loop.run();
    EXPECT_EQ(taken, std::size_t{8 << 20});
}

}  // namespace
}  // namespace portillon::net
