// Runs the server as processes: this test program executes itself as conductor and shards, as portillon does.

#include "service/serve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/facts.h"
#include "link/process.h"
#include "server/piece_listener.h"
#include "server/sample_run.h"

namespace portillon::service {
namespace {

using nlohmann::json;

// A blocking connection that gives up after ten seconds.
class Connection {
public:
    explicit Connection(const net::Endpoint& to) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(socket_, to.data(), static_cast<socklen_t>(to.size())), 0) << std::strerror(errno);
    }
    Connection(Connection&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    Connection& operator=(Connection&&) = delete;
    ~Connection() { ::close(socket_); }

    void send(const void* bytes, std::size_t size) const {
        EXPECT_EQ(::send(socket_, bytes, size, MSG_NOSIGNAL), static_cast<ssize_t>(size));
    }
    std::string receive() const {
        char piece[65'536];
        const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
        return {piece, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    std::string receive_all() const {
        std::string all;
        for (std::string piece = receive(); !piece.empty(); piece = receive()) {
            all += piece;
        }
        return all;
    }

private:
    int socket_;
};

class ServerProcess {
public:
    explicit ServerProcess(unsigned shards) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        auto started = link::Process::start({"serve", std::to_string(shards)}, ends[1]);
        ::close(ends[1]);
        EXPECT_TRUE(started);
        process_.emplace(std::move(*started));
        link_ = process_->take_link();
        std::string line;
        char letter = 0;
        while (::read(ends[0], &letter, 1) == 1 && letter != '\n') {
            line += letter;
        }
        ::close(ends[0]);
        const json ready = json::parse(line);
        pieces = *net::parse_endpoint(ready["listeners"]["pieces"].get<std::string>());
        admin_ = *net::parse_endpoint(ready["admin"].get<std::string>());
        EXPECT_EQ(ready["shards"], shards);
        EXPECT_EQ(ready["pid"], process_->pid());
    }
    ~ServerProcess() { close_link(); }

    json ask(const std::string& method, const std::string& target, const json& body = {}) const {
        const std::string text = body.is_null() ? "" : body.dump();
        const std::string request = fmt::format("{} {} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
                                                method, target, text.size(), text);
        const Connection connection(admin_);
        connection.send(request.data(), request.size());
        const std::string answer = connection.receive_all();
        const auto begin = answer.find("\r\n\r\n");
        EXPECT_NE(begin, std::string::npos) << answer;
        return json::parse(answer.substr(begin + 4));
    }

    void open(const plan::RunSpec& spec) const {
        const json opened = ask("POST", "/v1/runs",
                                {{"run", format_run(spec.run)},
                                 {"seed", spec.payload.seed},
                                 {"payload_bytes", spec.payload.bytes},
                                 {"equipments", spec.equipments},
                                 {"sequences", spec.sequences}});
        EXPECT_EQ(opened["run"], format_run(spec.run)) << opened;
    }

    std::string close_link() {
        if (link_ >= 0) {
            ::close(std::exchange(link_, -1));
        }
        return process_->wait();
    }

    net::Endpoint pieces;

private:
    std::optional<link::Process> process_;
    int link_ = -1;
    net::Endpoint admin_;
};

std::string deliver(const Connection& connection, const server::SampleRun& run, std::uint32_t equipment,
                    Sequence first) {
    const auto bytes = run.batch(equipment, first, 5);
    connection.send(bytes.data(), bytes.size());
    return connection.receive();
}

TEST(Serve, AccountsForARunOverAllItsShards) {
    constexpr std::uint32_t equipments = 40;
    ServerProcess server(2);
    const server::SampleRun run(server::sample_spec(equipments, 10));
    server.open(run.spec);
    const std::string path = "/v1/runs/" + format_run(run.spec.run);
    server.ask("POST", path + "/start", {{"t0_ns", MonotonicClock().now().time_since_epoch().count()}});
    server.ask("POST", "/v1/faults", {{"kind", "lose"}, {"count", 3}, {"run", format_run(run.spec.run)}});
    {
        std::vector<Connection> connections;
        for (std::uint32_t equipment = 1; equipment <= equipments; ++equipment) {
            connections.emplace_back(server.pieces);
            EXPECT_EQ(deliver(connections.back(), run, equipment, 1), "y");
        }
        for (std::uint32_t equipment = 1; equipment <= equipments; ++equipment) {
            EXPECT_EQ(deliver(connections[equipment - 1], run, equipment, 6), "y");
        }
    }
    const json frozen = server.ask("POST", path + "/freeze", {{"within_ms", 5'000}});
    EXPECT_EQ(frozen, (json{{"frozen", true}, {"connections_left", 0}}));
    const json found = server.ask("POST", path + "/reconcile", {{"generated", std::vector<int>(equipments, 10)}});
    EXPECT_EQ(found["delivered"], 10 * equipments - 3);
    EXPECT_EQ(found["end_to_end"]["count"], 10 * equipments - 3);
    EXPECT_EQ(found["duplicated"], 0);
    EXPECT_EQ(found["unexpected"], 0);
    const json figures = server.ask("GET", "/v1/figures");
    EXPECT_EQ(figures["totals"]["validations"], 10 * equipments);
    EXPECT_EQ(figures["totals"]["accepted"], equipments);
    EXPECT_EQ(figures["totals"]["connections"], 0);
    EXPECT_EQ(figures["host"]["machine"], host::look().machine);
    EXPECT_GT(figures["host"]["cpu_used_ns"], 0);
    for (const json& shard : figures["shards"]) {
        EXPECT_GT(shard["accepted"], 0);
        EXPECT_GT(shard["cpu_s"], 0.0);
        EXPECT_GT(shard["rss_bytes"], 0);
        EXPECT_GT(shard["bytes_received"], 0);
    }
    EXPECT_EQ(server.close_link(), "exited with 0");
}

TEST(Serve, GoesOnWhenAShardDies) {
    ServerProcess server(2);
    const server::SampleRun run;
    server.open(run.spec);
    const auto dead = server.ask("GET", "/v1/figures")["shards"][1]["pid"].get<pid_t>();
    ASSERT_EQ(::kill(dead, SIGKILL), 0);
    json shards;
    for (int i = 0; i < 10'000 && (shards.empty() || shards[1]["alive"] == true); ++i) {
        shards = server.ask("GET", "/v1/figures")["shards"];
    }
    EXPECT_EQ(shards[1]["alive"], false);
    EXPECT_EQ(shards[0]["alive"], true);
    const Connection connection(server.pieces);
    EXPECT_EQ(deliver(connection, run, 1, 1), "y");
    const json counts = server.ask("GET", "/v1/runs/" + format_run(run.spec.run));
    EXPECT_EQ(counts["delivered"], 5);
    EXPECT_EQ(server.close_link(), "exited with 0");
}

TEST(Serve, LeavesConnectionsThatDoNotEnd) {
    ServerProcess server(1);
    const server::SampleRun run;
    server.open(run.spec);
    const Connection connection(server.pieces);
    EXPECT_EQ(deliver(connection, run, 1, 1), "y");
    const std::string path = "/v1/runs/" + format_run(run.spec.run);
    EXPECT_EQ(server.ask("POST", path + "/freeze", {{"within_ms", 20}})["connections_left"], 1);
    EXPECT_EQ(deliver(connection, run, 1, 6), "y");
    const json counts = server.ask("GET", path);
    EXPECT_EQ(counts["delivered"], 5);
    EXPECT_EQ(counts["after_freeze"], 5);
    EXPECT_EQ(server.close_link(), "exited with 0");
}

TEST(Serve, NamesThePortThatIsInUse) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    net::Endpoint taken = *net::parse_endpoint("127.0.0.1:0");
    auto size = static_cast<socklen_t>(taken.capacity());
    ASSERT_EQ(::bind(socket, taken.data(), static_cast<socklen_t>(taken.size())), 0);
    ASSERT_EQ(::listen(socket, 1), 0);
    ASSERT_EQ(::getsockname(socket, taken.data(), &size), 0);
    const net::Endpoint any = *net::parse_endpoint("127.0.0.1:0");
    const std::string at = net::format_endpoint(taken);
    EXPECT_THAT(
        serve({.listeners = {{"pieces", taken}}, .admin = any, .admin_token = {}, .limits = {}, .version = {}}).problem,
        ::testing::StartsWith("pieces=" + at + ": "));
    EXPECT_THAT(
        serve({.listeners = {{"pieces", any}}, .admin = taken, .admin_token = {}, .limits = {}, .version = {}}).problem,
        ::testing::StartsWith("admin=" + at + ": "));
    ::close(socket);
}

int serve_pieces(const char* shards) {
    const net::Endpoint any = *net::parse_endpoint("127.0.0.1:0");
    const auto served = serve({.listeners = {{"pieces", any}},
                               .admin = any,
                               .admin_token = {},
                               .shards = static_cast<unsigned>(std::stoul(shards)),
                               .limits = {},
                               .version = "0.0.0",
                               .ready = ServeOptions::Ready::json,
                               .parent_link = link::link_descriptor});
    return served.problem.empty() ? 0 : 1;
}

}  // namespace
}  // namespace portillon::service

int main(int count, char** arguments) {
    using namespace portillon;
    if (count == 2 && std::string_view(arguments[1]) == "server-shard") {
        const server::ListenerKinds kinds{server::piece_listener_kind()};
        return service::serve_shard(kinds);
    }
    if (count == 3 && std::string_view(arguments[1]) == "serve") {
        return service::serve_pieces(arguments[2]);
    }
    ::testing::InitGoogleTest(&count, arguments);
    return RUN_ALL_TESTS();
}
