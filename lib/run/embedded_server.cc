#include "run/embedded_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "net/wakeup.h"

namespace portillon::run {

namespace {

namespace asio = boost::asio;

constexpr Nanos patience = 20s;

class Giving final : public Alarm {
public:
    explicit Giving(asio::posix::basic_stream_descriptor<net::Executor>& pipe) : pipe_(pipe) {}

private:
    void ring(Instant) override {
        error_code ignored;
        pipe_.cancel(ignored);
    }
    asio::posix::basic_stream_descriptor<net::Executor>& pipe_;
};

}  // namespace

net::Task<std::unique_ptr<EmbeddedServer>> EmbeddedServer::start(net::Loop& loop, std::string listener, unsigned shards,
                                                                 const Lost& lost, std::string& problem) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        problem = "no pipe for the embedded server";
        co_return nullptr;
    }
    auto started =
        Process::start({"serve", "--link-fd", std::to_string(link_descriptor), "--ready-json", "--listen",
                        listener + "=127.0.0.1:0", "--admin", "127.0.0.1:0", "--shards", std::to_string(shards)},
                       ends[1]);
    ::close(ends[1]);
    asio::posix::basic_stream_descriptor<net::Executor> pipe(loop.executor(), ends[0]);
    if (!started) {
        problem = "cannot start the embedded server: " + started.error().message();
        co_return nullptr;
    }
    std::unique_ptr<EmbeddedServer> server(new EmbeddedServer);
    server->process_.emplace(std::move(*started));
    server->link_ = std::make_unique<Link>(loop, server->process_->take_link());
    server->link_->start(
        [lost](const v1::LinkMessage& message) {
            if (message.has_shard_lost()) {
                lost(message.shard_lost().what());
            }
        },
        [it = server.get(), lost](const error_code& cause) { it->mourn(cause, lost); });

    // One line of JSON says that it is ready and where.
    Giving giving(pipe);
    loop.timers().set(giving, loop.now() + patience);
    std::string line;
    error_code error;
    while (!error && line.find('\n') == std::string::npos) {
        std::array<char, 4096> piece{};
        const auto got = co_await pipe.async_read_some(asio::buffer(piece), asio::redirect_error(net::use_task, error));
        line.append(piece.data(), got);
    }
    const auto ready = nlohmann::json::parse(line, nullptr, false);
    if (ready.is_object() && ready.contains("listeners") && ready["listeners"].contains(listener) &&
        ready.contains("admin")) {
        const auto target = net::parse_endpoint(ready["listeners"][listener].get<std::string>());
        const auto admin = net::parse_endpoint(ready["admin"].get<std::string>());
        if (target && admin) {
            server->target_ = *target;
            server->admin_ = *admin;
            co_return server;
        }
    }
    problem = fmt::format("the embedded server did not come up: {}",
                          server->process_->ended().value_or("it never said that it is ready"));
    co_return nullptr;
}

// Its end of the link closes a moment before it can be reaped.
void EmbeddedServer::mourn(const error_code& cause, const Lost& lost) {
    gone_ = true;
    if (spoke_nonsense(cause)) {
        process_->kill(SIGKILL);
    }
    lost(fmt::format("the embedded server (pid {}) {}", process_->pid(), process_->wait()));
}

EmbeddedServer::~EmbeddedServer() {
    link_.reset();
    for (int i = 0; i < 500 && !process_->ended(); ++i) {
        std::this_thread::sleep_for(10ms);  // it is the last thing a run does
    }
}

}  // namespace portillon::run
