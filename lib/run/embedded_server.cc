#include "run/embedded_server.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "net/local.h"
#include "net/wakeup.h"

namespace portillon::run {

namespace {

constexpr Nanos patience = 20s;

// What a process says at the other end of a socket, a line of it.
class FirstLine final : private net::Transport::Reader {
public:
    // Owns `descriptor`.
    FirstLine(net::Loop& loop, int descriptor)
        : loop_(loop), changed_(loop), transport_(net::adopt_local(loop, descriptor, traffic_)) {
        transport_->start(*this);
    }

    // Or what there is of it when the other end closes, or at `deadline`.
    net::Task<std::string> read(Instant deadline) {
        while (text_.find('\n') == std::string::npos && open_ && loop_.now() < deadline) {
            co_await changed_.until(deadline);
        }
        co_return text_;
    }

private:
    void received(std::span<const std::byte> bytes) override {
        text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        changed_.wake();
    }
    void ended(const error_code&) override {
        open_ = false;
        changed_.wake();
    }

    net::Loop& loop_;
    net::Wakeup changed_;
    net::Traffic traffic_;
    std::unique_ptr<net::Transport> transport_;
    std::string text_;
    bool open_ = true;
};

}  // namespace

net::Task<std::unique_ptr<EmbeddedServer>> EmbeddedServer::start(net::Loop& loop, std::string listener, unsigned shards,
                                                                 const Lost& lost, std::string& problem) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        problem = "no socket for the embedded server";
        co_return nullptr;
    }
    auto started =
        Process::start({"serve", "--link-fd", std::to_string(link_descriptor), "--ready-json", "--listen",
                        listener + "=127.0.0.1:0", "--admin", "127.0.0.1:0", "--shards", std::to_string(shards)},
                       ends[1]);
    ::close(ends[1]);
    FirstLine first_line(loop, ends[0]);
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
    const std::string line = co_await first_line.read(loop.now() + patience);
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
