#include "run/embedded_target.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "link/process.h"
#include "net/local.h"
#include "net/wakeup.h"
#include "run/ledger_client.h"

namespace portillon::run {

namespace {

constexpr Nanos patience = 20s;

// Reads the first line that a process writes into the other end of a socket.
class FirstLine final : private net::Transport::Reader {
public:
    // Takes over `descriptor`.
    FirstLine(net::Loop& loop, int descriptor)
        : loop_(loop), changed_(loop), transport_(net::adopt_local(loop, descriptor, traffic_)) {
        transport_->start(*this);
    }

    // The line; or what there is of it when the other end closes, or at `deadline`.
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

EmbeddedTarget::EmbeddedTarget(net::Loop& loop, std::string listener, std::string scheme, unsigned shards, Lost lost)
    : loop_(loop),
      listener_(std::move(listener)),
      scheme_(std::move(scheme)),
      shards_(shards),
      lost_(std::move(lost)) {}

EmbeddedTarget::~EmbeddedTarget() {
    end();
}

net::Task<std::string> EmbeddedTarget::start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        co_return "no socket for the embedded server";
    }
    auto started =
        link::start_process(loop_,
                            {"serve", "--link-fd", std::to_string(link::link_descriptor), "--ready-json", "--listen",
                             listener_ + "=127.0.0.1:0", "--admin", "127.0.0.1:0", "--shards", std::to_string(shards_)},
                            ends[1]);
    ::close(ends[1]);
    FirstLine first_line(loop_, ends[0]);
    if (!started) {
        co_return "cannot start the embedded server: " + started.error().message();
    }
    server_ = std::move(*started);
    server_->link().start(
        [this](const link::v1::LinkMessage& message) {
            if (message.has_shard_lost()) {
                lose(message.shard_lost().what());
            }
        },
        [this](const error_code& cause) {
            gone_ = true;
            lose(fmt::format("the embedded server (pid {}) {}", server_->pid(), link::describe_end(*server_, cause)));
        });

    // The server writes one line of JSON when it is ready; the line says where it listens.
    const std::string line = co_await first_line.read(loop_.now() + patience);
    const auto ready = nlohmann::json::parse(line, nullptr, false);
    if (ready.is_object() && ready.contains("listeners") && ready["listeners"].contains(listener_) &&
        ready.contains("admin")) {
        const auto target = net::parse_endpoint(ready["listeners"][listener_].get<std::string>());
        const auto admin = net::parse_endpoint(ready["admin"].get<std::string>());
        if (target && admin) {
            target_ = *target;
            admin_ = *admin;
            co_return std::string();
        }
    }
    const std::string ended = server_->ended();
    co_return fmt::format("the embedded server did not come up: {}",
                          ended.empty() ? "it never said that it is ready" : ended);
}

net::Located EmbeddedTarget::at() const {
    return net::located(net::url_of(scheme_, target_), target_);
}

std::unique_ptr<Ledger> EmbeddedTarget::ledger_of(RunId run) {
    return std::make_unique<LedgerClient>(loop_, net::located(net::url_of("http", admin_), admin_), "", run);
}

void EmbeddedTarget::lose(const std::string& what) {
    losses_.push_back(what);
    lost_(what);
}

void EmbeddedTarget::end() {
    if (!server_) {
        return;
    }
    server_->link().close();
    for (int i = 0; i < 500 && server_->ended().empty(); ++i) {
        std::this_thread::sleep_for(10ms);  // blocking is harmless: this is the last thing that a run does
    }
    server_.reset();
}

}  // namespace portillon::run
