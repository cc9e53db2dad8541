#include "server/admin/http_server.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "net/task_group.h"

namespace portillon::server {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server on a port of the kernel's choice that answers with what it was asked, in a thread of its own.
class EchoServer {
public:
    explicit EchoServer(std::string token = {}, HttpLimits limits = {})
        : http_(
              loop_, std::move(token), [](AdminRequest request) { return echo(std::move(request)); }, limits),
          tasks_(loop_) {
        EXPECT_FALSE(http_.listen(*net::parse_endpoint("127.0.0.1:0")));
        at_ = http_.at();
        thread_ = std::thread([this] { loop_.run(); });
    }

    ~EchoServer() {
        boost::asio::post(loop_.io(), [this] { tasks_.spawn(stop()); });
        thread_.join();
    }

    // Everything that comes back until the server closes, or until `enough` has come.
    std::string say(const std::string& text, const std::string& enough = "\xff") const {
        const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(::connect(socket, at_.data(), static_cast<socklen_t>(at_.size())), 0);
        EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
        std::string heard;
        char piece[4096];
        for (ssize_t got = 1; got > 0 && heard.find(enough) == std::string::npos;) {
            got = ::recv(socket, piece, sizeof piece, 0);
            heard.append(piece, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        }
        ::close(socket);
        return heard;
    }

private:
    static net::Task<AdminAnswer> echo(AdminRequest request) {
        co_return AdminAnswer{200, request.method + " " + request.target + " " + request.body};
    }

    net::Task<void> stop() {
        co_await http_.stopped();
        loop_.stop();
    }

    MonotonicClock clock_;
    net::Loop loop_{clock_};
    HttpServer http_;
    net::TaskGroup tasks_;
    net::Endpoint at_;
    std::thread thread_;
};

const std::string last = "Connection: close\r\n\r\n";

TEST(HttpServer, AnswersRequestsOneAfterTheOther) {
    const EchoServer server;
    const auto heard = server.say(
        "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\nPOST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + last +
        "abc");
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(heard, HasSubstr("GET /v1/health"));
    EXPECT_THAT(heard, HasSubstr("POST /v1/runs abc"));
}

TEST(HttpServer, AsksForItsToken) {
    const EchoServer server("secret");
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\n" + last), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nAuthorization: Bearer secreT\r\n" + last), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nAuthorization: Bearer secret2\r\n" + last), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nAuthorization: Bearer secret\r\n" + last), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, HasNothingForPagesOfABrowser) {
    const EchoServer server;
    EXPECT_THAT(server.say("POST /v1/faults HTTP/1.1\r\nOrigin: http://x\r\n" + last), StartsWith("HTTP/1.1 403"));
}

TEST(HttpServer, RefusesWhatIsNoRequest) {
    const EchoServer server;
    EXPECT_THAT(server.say("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(server.say("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, TakesALongBodyOnlyWhereOneBelongs) {
    const EchoServer server;
    const auto long_body = [](const std::string& target) {
        return "POST " + target + " HTTP/1.1\r\nContent-Length: 3000000\r\n" + last;
    };
    EXPECT_THAT(server.say(long_body("/v1/runs")), StartsWith("HTTP/1.1 413"));
    const auto heard = server.say(long_body("/v1/runs/00000000000000a1/reconcile") + std::string(3'000'000, '7'));
    EXPECT_THAT(heard, StartsWith("HTTP/1.1 200"));
    EXPECT_GT(heard.size(), 3'000'000u);
}

TEST(HttpServer, TellsAClientThatAsksToGoOn) {
    const EchoServer server;
    EXPECT_THAT(server.say("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "\r\n\r\n"),
                StartsWith("HTTP/1.1 100"));
}

TEST(HttpServer, ClosesConnectionsThatSayNothing) {
    const EchoServer server({}, {.idle = 20ms});
    EXPECT_EQ(server.say(""), "");
}

TEST(HttpServer, ClosesConnectionsThatNeverFinish) {
    const EchoServer server({}, {.request = 20ms});
    EXPECT_EQ(server.say("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"), "");
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
}  // namespace portillon::server
