#include "server/admin/http_server.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "net/byte_stream.h"
#include "net/task_group.h"
#include "net/tcp.h"
#include "testing/pipe.h"
#include "testing/simulation.h"
#include "testing/stuck_transport.h"

namespace portillon::server::admin {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The client's end of a connection.
class Client final : net::Transport::Reader {
public:
    explicit Client(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
    }
    void write(std::string_view text) { transport_->write(std::as_bytes(std::span(text))); }
    void shut() { transport_->shut(); }
    void close() { transport_->close(); }

    std::string heard;
    bool over = false;

private:
    void received(std::span<const std::byte> bytes) override {
        heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void ended(const error_code&) override { over = true; }

    std::unique_ptr<net::Transport> transport_;
};

// A server that answers with the request it received, on simulated time.
class EchoServer {
public:
    explicit EchoServer(std::string token = {}, HttpLimits limits = {})
        : http_(
              simulation.loop(), std::move(token),
              [this](AdminRequest request) { return echo(*this, std::move(request)); }, limits),
          tasks_(simulation.loop()) {}

    ~EchoServer() {
        stop();
        simulation.run_for(1s);
        EXPECT_TRUE(stopped);
    }

    std::unique_ptr<Client> connect() {
        auto ends = testing::make_pipe(simulation.loop(), 1ms, client_traffic, server_traffic);
        auto kernel = std::make_unique<testing::StuckTransport>(std::move(ends.server));
        last_accepted = kernel.get();
        http_.serve(std::move(kernel));
        return std::make_unique<Client>(std::move(ends.client));
    }

    // Everything that the server sends until it closes, or for a minute.
    std::string say(std::string_view text) {
        const auto client = connect();
        constexpr std::size_t piece = 10'000;
        for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
            client->write(text.substr(0, piece));
        }
        for (const Instant end = simulation.now() + 1min; !client->over && simulation.now() < end;) {
            simulation.run_for(1ms);
        }
        return client->heard;
    }

    void stop() {
        if (!std::exchange(stopping_, true)) {
            tasks_.spawn(stop_it(*this));
        }
    }

    // Delays all answers from now on.
    void hold() { held_ = true; }
    void let_go() {
        held_ = false;
        released_.wake();
    }

    testing::Simulation simulation;
    net::Traffic client_traffic, server_traffic;
    testing::StuckTransport* last_accepted = nullptr;
    std::size_t answer_bytes = 0;  // at least
    int asked = 0;
    bool stopped = false;

private:
    static net::Task<AdminAnswer> echo(EchoServer& server, AdminRequest request) {
        ++server.asked;
        while (server.held_) {
            co_await server.released_.until(never);
        }
        std::string answer = request.method + " " + request.target + " " + request.body;
        answer.resize(std::max(answer.size(), server.answer_bytes), '.');
        co_return AdminAnswer{200, std::move(answer)};
    }

    static net::Task<void> stop_it(EchoServer& server) {
        co_await server.http_.stopped();
        server.stopped = true;
    }

    net::Wakeup released_{simulation.loop()};
    bool held_ = false;
    bool stopping_ = false;
    HttpServer http_;
    net::TaskGroup tasks_;
};

const std::string last = "Connection: close\r\n\r\n";

TEST(HttpServer, AnswersRequestsOneAfterTheOther) {
    EchoServer server;
    const auto heard = server.say(
        "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\nPOST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + last +
        "abc");
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(heard, HasSubstr("GET /v1/health"));
    EXPECT_THAT(heard, HasSubstr("POST /v1/runs abc"));
}

TEST(HttpServer, SaysTheLengthOfWhatItLeavesOutWhereOnlyTheHeadIsAskedFor) {
    EchoServer server;
    const auto heard = server.say("HEAD /v1/health HTTP/1.1\r\n\r\nGET /v1/runs HTTP/1.1\r\n" + last);
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(heard, HasSubstr("Content-Length: 15\r\n"));
    EXPECT_THAT(heard, HasSubstr("\r\n\r\nHTTP/1.1 200 OK"));
    EXPECT_THAT(heard, HasSubstr("GET /v1/runs"));
    EXPECT_THAT(server.say("HEAD / HTTP/1.1\r\nOrigin: x\r\n" + last), EndsWith("\r\n\r\n"));
}

TEST(HttpServer, AsksForItsToken) {
    EchoServer server("secret");
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\n" + last), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nAuthorization: Bearer secreT\r\n" + last), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nAuthorization: Bearer secret2\r\n" + last), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nAuthorization: Bearer secret\r\n" + last), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, HasNothingForPagesOfABrowser) {
    EchoServer server;
    EXPECT_THAT(server.say("POST /v1/faults HTTP/1.1\r\nOrigin: http://x\r\n" + last), StartsWith("HTTP/1.1 403"));
}

TEST(HttpServer, RefusesWhatIsNoRequest) {
    EchoServer server;
    EXPECT_THAT(server.say("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, TakesALongBodyOnlyWhereOneBelongs) {
    EchoServer server;
    const auto long_body = [](const std::string& target) {
        return "POST " + target + " HTTP/1.1\r\nContent-Length: 3000000\r\n" + last;
    };
    EXPECT_THAT(server.say(long_body("/v1/runs")), StartsWith("HTTP/1.1 413"));
    const auto heard = server.say(long_body("/v1/runs/00000000000000a1/reconcile") + std::string(3'000'000, '7'));
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 200"));
    EXPECT_GT(heard.size(), 3'000'000u);
}

TEST(HttpServer, TakesABodyByteByByte) {
    EchoServer server;
    const auto client = server.connect();
    for (const char letter : "POST /v1/runs HTTP/1.1\r\nContent-Length: 5\r\n" + last + "abcde") {
        client->write({&letter, 1});
        server.simulation.run_for(10ms);
    }
    EXPECT_THAT(client->heard, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(client->heard, HasSubstr("POST /v1/runs abcde"));
    EXPECT_TRUE(client->over);
}

TEST(HttpServer, TakesABodyInChunksUpToTheSameLimit) {
    const std::string head = "POST /v1/runs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + last;
    EchoServer server;
    EXPECT_THAT(server.say(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), HasSubstr("POST /v1/runs abcde"));
    std::string much = head;
    for (int i = 0; i < 300; ++i) {
        much += "2710\r\n" + std::string(10'000, 'x') + "\r\n";
    }
    EXPECT_THAT(server.say(much + "0\r\n\r\n"), StartsWith("HTTP/1.1 413"));
    EXPECT_EQ(server.asked, 1);
}

TEST(HttpServer, EndsAConnectionThatEndsInTheMiddle) {
    EchoServer server;
    const auto client = server.connect();
    client->write("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    client->shut();
    server.simulation.run_for(10ms);
    EXPECT_TRUE(client->over);
    EXPECT_EQ(client->heard, "");
    EXPECT_EQ(server.asked, 0);
}

TEST(HttpServer, AnswersAClientThatHasEndedAfterItsRequest) {
    EchoServer server;
    const auto client = server.connect();
    client->write("GET /v1/health HTTP/1.1\r\n\r\n");
    client->shut();
    server.simulation.run_for(10ms);
    EXPECT_THAT(client->heard, HasSubstr("GET /v1/health"));
    EXPECT_TRUE(client->over);
}

TEST(HttpServer, KeepsAConnectionOfHttp10OnlyOnDemand) {
    EchoServer server;
    const auto once = server.connect();
    once->write("GET / HTTP/1.0\r\n\r\n");
    const auto again = server.connect();
    again->write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    server.simulation.run_for(10ms);
    EXPECT_THAT(once->heard, HasSubstr("Connection: close"));
    EXPECT_TRUE(once->over);
    EXPECT_THAT(again->heard, Not(HasSubstr("Connection: close")));
    EXPECT_FALSE(again->over);
}

TEST(HttpServer, TellsAClientThatAsksToGoOn) {
    EchoServer server;
    const auto client = server.connect();
    client->write("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    server.simulation.run_for(10ms);
    EXPECT_EQ(client->heard, "HTTP/1.1 100 Continue\r\n\r\n");
    client->write("ab");
    server.simulation.run_for(10ms);
    EXPECT_THAT(client->heard, HasSubstr("POST / ab"));
}

TEST(HttpServer, ClosesConnectionsThatSayNothing) {
    EchoServer server({}, {.idle = 20ms});
    const auto client = server.connect();
    server.simulation.run_for(20ms);
    EXPECT_FALSE(client->over);
    server.simulation.run_for(1ms);
    EXPECT_TRUE(client->over);
    EXPECT_EQ(client->heard, "");
}

TEST(HttpServer, ClosesConnectionsThatAreIdleAfterARequest) {
    EchoServer server({}, {.idle = 20ms});
    const auto client = server.connect();
    server.simulation.run_for(15ms);
    client->write("GET / HTTP/1.1\r\n\r\n");
    server.simulation.run_for(1ms + 20ms);
    EXPECT_THAT(client->heard, StartsWith("HTTP/1.1 200"));
    EXPECT_FALSE(client->over);
    server.simulation.run_for(1ms);
    EXPECT_TRUE(client->over);
}

TEST(HttpServer, ClosesConnectionsThatNeverFinish) {
    EchoServer server({}, {.request = 20ms});
    for (const std::string text : {"GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"}) {
        const auto client = server.connect();
        client->write(text);
        server.simulation.run_for(1ms + 20ms);
        EXPECT_FALSE(client->over);
        server.simulation.run_for(1ms);
        EXPECT_TRUE(client->over);
        EXPECT_EQ(client->heard, "");
    }
}

TEST(HttpServer, LetsAnAnswerTakeItsTime) {
    EchoServer server({}, {.request = 20ms, .idle = 20ms});
    const auto client = server.connect();
    server.hold();
    client->write("GET / HTTP/1.1\r\n\r\n");
    server.simulation.run_for(1min);
    EXPECT_FALSE(client->over);
    server.let_go();
    server.simulation.run_for(10ms);
    EXPECT_THAT(client->heard, StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, GivesUpAClientThatNeverReadsItsAnswer) {
    EchoServer server({}, {.request = 20ms});
    server.answer_bytes = 10'000'000;
    const auto client = server.connect();
    server.last_accepted->stuck = true;
    client->write("GET / HTTP/1.1\r\n\r\n");
    server.simulation.run_for(1ms + 10ms);
    EXPECT_GT(server.last_accepted->unsent(), 0u);
    EXPECT_LT(server.last_accepted->unsent(), 1'000'000u);
    server.simulation.run_for(10ms);
    EXPECT_FALSE(client->over);
    server.simulation.run_for(1ms);
    EXPECT_TRUE(client->over);
    EXPECT_EQ(client->heard, "");
}

TEST(HttpServer, ReadsNoFurtherAheadOfItsAnswersThanItMust) {
    EchoServer server;
    const auto client = server.connect();
    server.hold();
    constexpr int many = 10'000;
    for (int i = 0; i < many; ++i) {
        client->write("GET / HTTP/1.1\r\nX: 0123456789\r\n\r\n");
    }
    server.simulation.run_for(100ms);
    EXPECT_EQ(server.asked, 1);
    EXPECT_LT(server.server_traffic.bytes_received, 100'000u);
    server.let_go();
    server.simulation.run_for(1s);
    EXPECT_EQ(server.asked, many);
    EXPECT_GT(server.server_traffic.bytes_received, 300'000u);
}

TEST(HttpServer, ClosesConnectionsAboveItsLimitAtOnce) {
    EchoServer server({}, {.connections = 2});
    const auto one = server.connect();
    const auto two = server.connect();
    EXPECT_EQ(server.say("GET / HTTP/1.1\r\n\r\n"), "");
    two->close();
    server.simulation.run_for(10ms);
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\n" + last), StartsWith("HTTP/1.1 200"));
    EXPECT_FALSE(one->over);
}

// If the server closed with unread bytes, a reset would destroy the answer before the client has read it.
TEST(HttpServer, HearsAClientOutThatItHasRefused) {
    EchoServer server;
    const auto client = server.connect();
    client->write("POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n");
    server.simulation.run_for(2ms);
    EXPECT_THAT(client->heard, StartsWith("HTTP/1.1 413"));
    const auto before = server.server_traffic.bytes_received;
    for (int i = 0; i < 20; ++i) {
        client->write(std::string(10'000, 'x'));
        server.simulation.run_for(1ms);
    }
    EXPECT_EQ(server.server_traffic.bytes_received - before, 200'000u);
    server.simulation.run_for(1s);
    client->write("x");
    server.simulation.run_for(1ms);
    EXPECT_EQ(server.server_traffic.bytes_received - before, 200'000u) << "it never ends";
}

TEST(HttpServer, StopsOnceWhatIsUnderWayHasEnded) {
    EchoServer server;
    const auto idle = server.connect();
    const auto client = server.connect();
    server.hold();
    client->write("GET / HTTP/1.1\r\n\r\n");
    server.simulation.run_for(10ms);
    server.stop();
    server.simulation.run_for(1ms);
    EXPECT_TRUE(idle->over);
    EXPECT_FALSE(server.stopped);
    server.let_go();
    server.simulation.settle();
    EXPECT_TRUE(server.stopped);
    EXPECT_EQ(client->heard, "");
}

net::Task<AdminAnswer> much(AdminRequest request) {
    co_return AdminAnswer{200, request.target + std::string(5'000'000, '.')};
}

// A server and its client on one loop, over TCP.
struct OverTcp {
    MonotonicClock clock;
    net::Loop loop{clock};
    HttpServer http{loop, {}, much};
    net::TaskGroup tasks{loop};
    std::string heard;

    static net::Task<void> ask(OverTcp& scene) {
        const net::Endpoint at = scene.http.at();
        net::Traffic traffic;
        net::TcpDialer dialer(scene.loop, at, traffic);
        auto transport = dialer.dial(EquipmentId{1});
        const error_code refused = co_await transport->connect(never);
        EXPECT_FALSE(refused) << refused.message();
        net::ByteStream stream(scene.loop, std::move(transport), 1 << 16);
        const std::string request = "GET /here HTTP/1.1\r\n" + last;
        error_code error = co_await stream.send(bytes_of(request), never);
        while (!error) {
            const auto bytes = stream.buffered();
            scene.heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            stream.consume(bytes.size());
            error = co_await stream.read_more(never);
        }
        EXPECT_EQ(error, boost::asio::error::eof);
        stream.close();
        co_await scene.http.stopped();
        scene.loop.stop();
    }
};

TEST(HttpServer, ListensOnAPortOfTheKernelsChoice) {
    OverTcp scene;
    ASSERT_FALSE(scene.http.listen(*net::parse_endpoint("127.0.0.1:0")));
    EXPECT_NE(scene.http.at().port(), 0);
    scene.tasks.spawn(OverTcp::ask(scene));
    scene.loop.run();
    EXPECT_THAT(scene.heard, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(scene.heard, HasSubstr("/here..."));
    EXPECT_GT(scene.heard.size(), 5'000'000u);
}

TEST(HttpServer, SharesItsPortWithNobody) {
    MonotonicClock clock;
    net::Loop loop(clock);
    HttpServer one(loop, {}, nullptr);
    HttpServer two(loop, {}, nullptr);
    ASSERT_FALSE(one.listen(*net::parse_endpoint("127.0.0.1:0")));
    EXPECT_EQ(two.listen(one.at()), boost::system::errc::address_in_use);
}

TEST(HttpServer, SaysWhenItsPortIsTaken) {
    MonotonicClock clock;
    net::Loop loop(clock);
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    net::Endpoint at = *net::parse_endpoint("127.0.0.1:0");
    auto size = static_cast<socklen_t>(at.capacity());
    ASSERT_EQ(::bind(socket, at.data(), static_cast<socklen_t>(at.size())), 0);
    ASSERT_EQ(::listen(socket, 1), 0);
    ASSERT_EQ(::getsockname(socket, at.data(), &size), 0);
    HttpServer http(loop, {}, nullptr);
    EXPECT_EQ(http.listen(at), boost::system::errc::address_in_use);
    ::close(socket);
}

}  // namespace
}  // namespace portillon::server::admin
