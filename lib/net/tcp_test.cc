#include "net/tcp.h"

#include <gmock/gmock.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "net/task_group.h"
#include "net/wakeup.h"

namespace portillon::net {
namespace {

struct RecordingReader : Transport::Reader {
    explicit RecordingReader(Loop& loop) : changed(loop) {}
    void received(std::span<const std::byte> bytes) override {
        heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        changed.wake();
        if (then) {
            then();
        }
    }
    void ended(const error_code& why) override {
        cause = why;
        over = true;
        ++ends;
        changed.wake();
    }
    void drained() override {
        ++drains;
        changed.wake();
    }
    Wakeup changed;
    std::string heard;
    error_code cause;
    bool over = false;
    int ends = 0, drains = 0;
    std::function<void()> then;  // after each piece
};

// Both ends of one connection over loopback, in real time; each test is a conversation, bounded by its own end.
struct Ends {
    MonotonicClock clock;
    Loop loop{clock};
    Traffic client_traffic, server_traffic;
    std::unique_ptr<Transport> server;
    Wakeup accepted{loop};
    Acceptor acceptor{loop, server_traffic, [this](std::unique_ptr<Transport> transport) {
                          server = std::move(transport);
                          accepted.wake();
                      }};
    RecordingReader client_ear{loop}, server_ear{loop};
    std::unique_ptr<Transport> client;
    TaskGroup tasks{loop};

    void converse(Task<void> (*conversation)(Ends&)) {
        ASSERT_FALSE(acceptor.listen(*parse_endpoint("127.0.0.1:0")));
        tasks.spawn(run(*this, conversation));
        loop.run();
    }

    static Task<void> run(Ends& ends, Task<void> (*conversation)(Ends&)) {
        TcpDialer dialer(ends.loop, {{ends.acceptor.at(), {*parse_address("127.0.0.9")}}}, ends.client_traffic);
        ends.client = dialer.dial(EquipmentId{1});
        const auto error = co_await ends.client->connect(never);
        EXPECT_FALSE(error) << error.message();
        while (!ends.server) {
            co_await ends.accepted.until(never);
        }
        ends.client->start(ends.client_ear);
        ends.server->start(ends.server_ear);
        co_await conversation(ends);
        ends.loop.stop();
    }
};

Task<void> say_and_answer(Ends& ends) {
    ends.client->write(bytes_of("ping"));
    while (ends.server_ear.heard != "ping") {
        co_await ends.server_ear.changed.until(never);
    }
    ends.server->write(bytes_of("pong"));
    ends.server->shut();
    while (!ends.client_ear.over) {
        co_await ends.client_ear.changed.until(never);
    }
    EXPECT_EQ(ends.client_ear.heard, "pong");
    EXPECT_EQ(ends.client_ear.cause, asio::error::eof);
    EXPECT_EQ(ends.client_traffic.bytes_sent, 4u);
    EXPECT_EQ(ends.client_traffic.bytes_received, 4u);
    EXPECT_EQ(ends.server_traffic.bytes_received, 4u);
}

TEST(Tcp, CarriesBytesBothWaysAndCountsThem) {
    Ends{}.converse(say_and_answer);
}

Task<void> send_much(Ends& ends) {
    const std::string much(8 * 1024 * 1024, 'x');
    ends.server->pause();
    ends.client->write(bytes_of(much));
    EXPECT_GT(ends.client->unsent(), 0u);
    ends.client->shut();
    ends.server->resume();
    while (!ends.server_ear.over) {
        co_await ends.server_ear.changed.until(never);
    }
    EXPECT_EQ(ends.server_ear.heard.size(), much.size());
    EXPECT_EQ(ends.client_ear.drains, 1);
    EXPECT_EQ(ends.client->unsent(), 0u);
}

TEST(Tcp, KeepsWhatTheKernelDoesNotTakeAndEndsAfterIt) {
    Ends{}.converse(send_much);
}

Task<void> reset_it(Ends& ends) {
    ends.server->reset();
    while (!ends.client_ear.over) {
        co_await ends.client_ear.changed.until(never);
    }
    EXPECT_EQ(cause_name(ends.client_ear.cause), "reset");
    ends.client.reset();
}

TEST(Tcp, TellsAResetFromAnEnd) {
    Ends{}.converse(reset_it);
}

// If a paused connection were not told, a side that stops reading until its peer takes something would never hear that
// the peer has left.
Task<void> reset_a_writer_that_is_paused(Ends& ends) {
    const std::string much(16 << 20, 'x');
    ends.server->pause();
    ends.client->write(bytes_of(much));
    EXPECT_GT(ends.client->unsent(), 0u);
    ends.client->pause();
    ends.server->reset();
    while (ends.client_ear.drains == 0) {
        co_await ends.client_ear.changed.until(never);
    }
    EXPECT_EQ(ends.client->unsent(), 0u);
    EXPECT_FALSE(ends.client_ear.over);
    ends.client->resume();
    while (!ends.client_ear.over) {
        co_await ends.client_ear.changed.until(never);
    }
    EXPECT_EQ(cause_name(ends.client_ear.cause), "reset");
    EXPECT_EQ(ends.client_ear.drains, 1);
}

TEST(Tcp, TellsAPausedWriterThatNothingIsLeftToSendThoughTheConnectionBroke) {
    Ends{}.converse(reset_a_writer_that_is_paused);
}

Task<void> say_more_than_a_bufferful_and_end(Ends& ends) {
    const std::string much(100'000, 'x');
    ends.server_ear.then = [&ends] { ends.server->pause(); };
    ends.client->write(bytes_of(much));
    ends.client->shut();
    while (ends.server_ear.heard.size() < much.size()) {
        co_await ends.server_ear.changed.until(never);
        EXPECT_FALSE(ends.server_ear.over);
        ends.server->resume();
    }
    while (!ends.server_ear.over) {
        co_await ends.server_ear.changed.until(never);
    }
    EXPECT_EQ(ends.server_ear.cause, asio::error::eof);
}

TEST(Tcp, ReadsAllThatCameWithTheEndHoweverOftenItPauses) {
    Ends{}.converse(say_more_than_a_bufferful_and_end);
}

Task<void> write_after_the_others_end(Ends& ends) {
    ends.client->shut();
    while (!ends.server_ear.over) {
        co_await ends.server_ear.changed.until(never);
    }
    ends.server->write(bytes_of("last words"));
    ends.server->shut();
    while (!ends.client_ear.over) {
        co_await ends.client_ear.changed.until(never);
    }
    EXPECT_EQ(ends.client_ear.heard, "last words");
}

TEST(Tcp, WritesOnAfterTheOtherSideHasEnded) {
    Ends{}.converse(write_after_the_others_end);
}

Task<void> write_much_after_the_others_end(Ends& ends) {
    const std::string much(16 << 20, 'x');
    ends.client->pause();
    ends.client->shut();
    while (!ends.server_ear.over) {
        co_await ends.server_ear.changed.until(never);
    }
    ends.server->write(bytes_of(much));
    EXPECT_GT(ends.server->unsent(), 0u);
    ends.client->resume();
    while (ends.server_ear.drains == 0) {
        co_await ends.server_ear.changed.until(never);
    }
    ends.client->reset();
    ends.server->write(bytes_of("nobody hears this"));
    co_await ends.server_ear.changed.until(ends.loop.now() + 1ms);
    EXPECT_EQ(ends.server_ear.ends, 1);
}

TEST(Tcp, TellsThatItHasDrainedAfterTheOtherSideHasEndedButOfTheEndOnce) {
    Ends{}.converse(write_much_after_the_others_end);
}

Task<void> destroy_while_told(Ends& ends) {
    ends.server_ear.then = [&ends] { ends.server.reset(); };
    ends.client->write(bytes_of("bye"));
    while (ends.server) {
        co_await ends.server_ear.changed.until(never);
    }
    while (!ends.client_ear.over) {
        co_await ends.client_ear.changed.until(never);
    }
}

TEST(Tcp, MayBeDestroyedByItsReader) {
    Ends{}.converse(destroy_while_told);
}

// A listener whose queue is full: the kernel drops further SYNs, and a dial hangs.
struct FullQueue {
    FullQueue() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener, raw, size), 0);
        EXPECT_EQ(::listen(listener, 0), 0);
        EXPECT_EQ(::getsockname(listener, raw, &size), 0);
        EXPECT_EQ(::connect(first, raw, size), 0);
        at = Endpoint(asio::ip::address_v4::loopback(), ntohs(address.sin_port));
    }
    ~FullQueue() {
        ::close(first);
        ::close(listener);
    }
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    int first = ::socket(AF_INET, SOCK_STREAM, 0);
    Endpoint at;
};

struct HangingDial {
    MonotonicClock clock;
    Loop loop{clock};
    FullQueue queue;
    Traffic traffic;
    TcpDialer dialer{loop, queue.at, traffic};
    std::unique_ptr<Transport> transport = dialer.dial(EquipmentId{1});
    TaskGroup tasks{loop};
    error_code result;

    static Task<void> connect(HangingDial& dial, Instant deadline) {
        dial.result = co_await dial.transport->connect(deadline);
        dial.loop.stop();
    }
};

TEST(Tcp, GivesUpADialAtItsDeadline) {
    HangingDial dial;
    dial.tasks.spawn(HangingDial::connect(dial, dial.loop.now() + 1ms));
    dial.loop.run();
    EXPECT_EQ(cause_name(dial.result), "timed_out");
}

TEST(Tcp, HasConnectedEvenIfItIsNoticedAfterTheDeadline) {
    HangingDial dial;
    const int waiting = ::accept(dial.queue.listener, nullptr, nullptr);  // so there is room again
    dial.tasks.spawn(HangingDial::connect(dial, dial.loop.now()));
    dial.loop.run();
    EXPECT_FALSE(dial.result) << dial.result.message();
    ::close(waiting);
}

TEST(Tcp, EndsADialWhoseTransportIsDestroyed) {
    HangingDial dial;
    struct Destroy final : Alarm {
        explicit Destroy(std::unique_ptr<Transport>& which) : transport(which) {}
        void ring(Instant) override { transport.reset(); }
        std::unique_ptr<Transport>& transport;
    } destroy{dial.transport};
    dial.loop.timers().set(destroy, dial.loop.now() + 1ms);
    dial.tasks.spawn(HangingDial::connect(dial, never));
    dial.loop.run();
    EXPECT_EQ(dial.result, asio::error::operation_aborted);
}

// Dials one transport after the other by routes of which some refuse, some hang, and one has a listener.
struct Routed {
    MonotonicClock clock;
    Loop loop{clock};
    Traffic traffic;
    int accepted = 0;
    Acceptor acceptor{loop, traffic, [this](auto) { ++accepted; }};
    TaskGroup tasks{loop};
    std::vector<error_code> results;
    std::vector<Endpoint> from;  // where the connections came from
    int chose_late = 0;          // whether the last connection's port was chosen at connect

    Endpoint listening() {
        EXPECT_FALSE(acceptor.listen(*parse_endpoint("127.0.0.1:0")));
        return acceptor.at();
    }
    static Endpoint refusing() {  // bound, so that nobody else listens there, but not listening
        static const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        static const Endpoint at = [] {
            Endpoint chosen = *parse_endpoint("127.0.0.1:0");
            EXPECT_EQ(::bind(socket, chosen.data(), static_cast<socklen_t>(chosen.size())), 0);
            auto size = static_cast<socklen_t>(chosen.capacity());
            EXPECT_EQ(::getsockname(socket, chosen.data(), &size), 0);
            return chosen;
        }();
        return at;
    }

    void dial(std::vector<Route> routes, int times, Nanos patience) {
        TcpDialer dialer(loop, std::move(routes), traffic);
        tasks.spawn(connect(*this, dialer, times, patience));
        loop.run();
    }
    static Task<void> connect(Routed& routed, TcpDialer& dialer, int times, Nanos patience) {
        for (int i = 1; i <= times; ++i) {
            auto transport = dialer.dial(EquipmentId{static_cast<std::uint32_t>(i)});
            const auto error = co_await transport->connect(routed.loop.now() + patience);
            routed.results.push_back(error);
            Endpoint own;
            auto size = static_cast<socklen_t>(own.capacity());
            const int socket = transport->release();
            if (!error && ::getsockname(socket, own.data(), &size) == 0) {
                routed.from.push_back(own);
                socklen_t bytes = sizeof routed.chose_late;
                ::getsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &routed.chose_late, &bytes);
            }
            ::close(socket);
        }
        routed.loop.stop();
    }
};

TEST(TcpDialer, TriesOneAddressAfterTheOtherAndKeepsToTheOneThatAnswers) {
    Routed routed;
    const Endpoint at = routed.listening();
    routed.dial({{Routed::refusing(), {}}, {at, {*parse_address("127.0.0.7"), *parse_address("127.0.0.8")}}}, 3, 10s);
    EXPECT_THAT(routed.results, ::testing::Each(error_code{}));
    ASSERT_EQ(routed.from.size(), 3U);
    EXPECT_EQ(routed.from[0].address().to_string(), "127.0.0.8");
    EXPECT_EQ(routed.from[1].address().to_string(), "127.0.0.7");
}

TEST(TcpDialer, LeavesTimeForTheAddressesBehindOneThatHangs) {
    FullQueue queue;
    Routed routed;
    const Endpoint at = routed.listening();
    routed.dial({{queue.at, {}}, {Routed::refusing(), {}}, {at, {}}}, 1, 90ms);
    EXPECT_EQ(routed.results, std::vector{error_code{}});
}

TEST(TcpDialer, ReportsTheFirstAddressWhenNoneAnswers) {
    FullQueue queue;
    Routed routed;
    routed.dial({{Routed::refusing(), {}}, {queue.at, {}}}, 1, 20ms);
    EXPECT_EQ(cause_name(routed.results.front()), "refused");
}

// A port that is bound before connect would serve one target only, and a fleet would run out of ports.
TEST(TcpDialer, LeavesThePortToTheConnectInEitherFamily) {
    for (const auto& [listen, source] : {std::pair{"127.0.0.1:0", "127.0.0.9"}, std::pair{"[::1]:0", "::1"}}) {
        if (reach(*parse_endpoint(listen), std::nullopt)) {
            std::printf("no loopback network for %s on this machine: skipped\n", listen);
            continue;
        }
        Routed routed;
        ASSERT_FALSE(routed.acceptor.listen(*parse_endpoint(listen)));
        routed.dial({{routed.acceptor.at(), {*parse_address(source)}}}, 1, 10s);
        EXPECT_EQ(routed.results, std::vector{error_code{}});
        ASSERT_EQ(routed.from.size(), 1U);
        EXPECT_EQ(routed.from[0].address().to_string(), source);
        EXPECT_EQ(routed.chose_late, 1);
    }
}

TEST(Tcp, AcceptsAllThatWaitedThoughOnlyTheFirstIsAnnounced) {
    constexpr int many = 150;
    MonotonicClock clock;
    Loop loop(clock);
    Traffic traffic;
    int accepted = 0;
    Acceptor acceptor(loop, traffic, [&](auto) { ++accepted == many ? loop.stop() : void(); });
    ASSERT_FALSE(acceptor.listen(*parse_endpoint("127.0.0.1:0")));
    const Endpoint at = acceptor.at();
    std::vector<int> dialled;
    for (int i = 0; i < many; ++i) {
        dialled.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        ASSERT_EQ(::connect(dialled.back(), at.data(), static_cast<socklen_t>(at.size())), 0);
    }
    loop.run();
    EXPECT_EQ(accepted, many);
    for (const int socket : dialled) {
        ::close(socket);
    }
}

Task<void> read_past_an_urgent_byte(Ends& ends) {
    const int raw = ends.client->release();
    EXPECT_EQ(::send(raw, "ab", 2, 0), 2);
    EXPECT_EQ(::send(raw, "!", 1, MSG_OOB), 1);
    EXPECT_EQ(::send(raw, "cd", 2, 0), 2);
    while (ends.server_ear.heard.size() < 4) {
        co_await ends.server_ear.changed.until(never);
    }
    EXPECT_EQ(ends.server_ear.heard, "abcd");
    ::close(raw);
}

TEST(Tcp, ReadsPastAnUrgentByte) {
    Ends{}.converse(read_past_an_urgent_byte);
}

TEST(Tcp, SharesAPortOnlyAmongThoseThatSaySo) {
    MonotonicClock clock;
    Loop loop(clock);
    Traffic traffic;
    const auto second_beside = [&](Sharing first, Sharing second) {
        Acceptor one(loop, traffic, nullptr);
        EXPECT_FALSE(one.listen(*parse_endpoint("127.0.0.1:0"), first));
        return Acceptor(loop, traffic, nullptr).listen(one.at(), second);
    };
    const auto in_use = boost::system::errc::address_in_use;
    EXPECT_FALSE(second_beside(Sharing::with_other_shards, Sharing::with_other_shards));
    EXPECT_EQ(second_beside(Sharing::none, Sharing::none), in_use);
    EXPECT_EQ(second_beside(Sharing::none, Sharing::with_other_shards), in_use);
    EXPECT_EQ(second_beside(Sharing::with_other_shards, Sharing::none), in_use);
}

TEST(Tcp, StopsAcceptingFromInsideAnAcceptance) {
    MonotonicClock clock;
    Loop loop(clock);
    Traffic traffic;
    int accepted = 0;
    std::unique_ptr<Acceptor> acceptor;
    acceptor = std::make_unique<Acceptor>(loop, traffic, [&](auto) {
        ++accepted;
        acceptor.reset();
        loop.stop();
    });
    ASSERT_FALSE(acceptor->listen(*parse_endpoint("127.0.0.1:0")));
    const Endpoint at = acceptor->at();
    const int dialled[] = {::socket(AF_INET, SOCK_STREAM, 0), ::socket(AF_INET, SOCK_STREAM, 0)};
    for (const int socket : dialled) {
        EXPECT_EQ(::connect(socket, at.data(), static_cast<socklen_t>(at.size())), 0);
    }
    loop.run();
    EXPECT_EQ(accepted, 1);
    for (const int socket : dialled) {
        ::close(socket);
    }
}

Task<void> connect_to_nobody(Loop& loop, Endpoint nobody, error_code& result) {
    Traffic traffic;
    TcpDialer dialer(loop, nobody, traffic);
    const auto transport = dialer.dial(EquipmentId{1});
    result = co_await transport->connect(never);
    loop.stop();
}

TEST(Tcp, SaysRefusedWhereNobodyListens) {
    MonotonicClock clock;
    Loop loop(clock);
    Traffic traffic;
    Endpoint nobody;
    {
        Acceptor acceptor(loop, traffic, [](auto) {});
        ASSERT_FALSE(acceptor.listen(*parse_endpoint("127.0.0.1:0")));
        nobody = acceptor.at();
    }
    TaskGroup tasks(loop);
    error_code result;
    tasks.spawn(connect_to_nobody(loop, nobody, result));
    loop.run();
    EXPECT_EQ(cause_name(result), "refused");
}

}  // namespace
}  // namespace portillon::net
