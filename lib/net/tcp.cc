#include "net/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "net/connection.h"

namespace portillon::net {

namespace {

void set(int socket, int level, int option) {
    const int on = 1;
    ::setsockopt(socket, level, option, &on, sizeof on);
}

int make_socket(const Endpoint& towards) {
    return ::socket(towards.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

int bind_to(int socket, const Endpoint& at) {
    return ::bind(socket, at.data(), static_cast<socklen_t>(at.size()));
}

// Wraps a connected socket.
std::unique_ptr<Transport> make_tcp(Loop& loop, int socket, Traffic& traffic) {
    set(socket, IPPROTO_TCP, TCP_NODELAY);
    return std::make_unique<Connection>(loop, traffic, socket);
}

}  // namespace

class TcpDialer::Dialled final : public Connection {
public:
    // The dialer outlives its transports.
    Dialled(TcpDialer& dialer, EquipmentId equipment)
        : Connection(dialer.loop_, dialer.traffic_, -1), dialer_(dialer), equipment_(equipment) {}

    Task<error_code> connect(Instant deadline) override { return connect_by(*this, deadline); }

private:
    // Static, and with the dialer in a local: `self` may be destroyed while one of its attempts waits.
    static Task<error_code> connect_by(Dialled& self, Instant deadline) {
        TcpDialer& dialer = self.dialer_;
        const std::size_t count = dialer.routes_.size(), first = dialer.first_;
        error_code failure;
        for (std::size_t tried = 0; tried < count; ++tried) {
            const std::size_t place = (first + tried) % count;
            const Instant now = dialer.loop_.now();
            const auto share = (deadline - now) / static_cast<std::int64_t>(count - tried);
            const auto error =
                co_await attempt(self, dialer.routes_[place], tried + 1 < count ? now + share : deadline);
            if (!error) {
                dialer.first_ = place;
                co_return error;
            }
            if (error == asio::error::operation_aborted) {
                co_return error;
            }
            failure = tried == 0 ? error : failure;
            if (tried + 1 < count) {
                self.close();
            }
        }
        co_return failure;
    }

    static Task<error_code> attempt(Dialled& self, const Route& route, Instant deadline) {
        const int socket = make_socket(route.to);
        if (socket < 0) {
            co_return last_error();
        }
        set(socket, IPPROTO_TCP, TCP_NODELAY);
        if (!route.from.empty()) {
            set(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);  // works for IPv6, too
            if (bind_to(socket, Endpoint{route.from[number_of(self.equipment_) % route.from.size()], 0}) != 0) {
                const auto error = last_error();
                ::close(socket);
                co_return error;
            }
        }
        co_return co_await dial(self, socket, route.to.data(), static_cast<socklen_t>(route.to.size()), deadline);
    }

    TcpDialer& dialer_;
    const EquipmentId equipment_;
};

std::vector<Route> routes_to(const Located& server) {
    std::vector<Route> routes;
    for (const auto& at : server.at) {
        routes.push_back({at, {}});
    }
    return routes;
}

TcpDialer::TcpDialer(Loop& loop, std::vector<Route> routes, Traffic& traffic)
    : loop_(loop), routes_(std::move(routes)), traffic_(traffic) {
    check(!routes_.empty(), "a dialer without a route");
}

TcpDialer::TcpDialer(Loop& loop, const Endpoint& target, Traffic& traffic)
    : TcpDialer(loop, std::vector{Route{target, {}}}, traffic) {}

std::unique_ptr<Transport> TcpDialer::dial(EquipmentId equipment) {
    return std::make_unique<Dialled>(*this, equipment);
}

struct Acceptor::Core final : Watcher, Alarm, Deferred {
    Core(Loop& owner, Traffic& counted, Accepted handler)
        : loop(owner), traffic(counted), accepted(std::make_shared<Accepted>(std::move(handler))) {}

    ~Core() override {
        stop();
        if (gone != nullptr) {
            *gone = true;
        }
    }

    error_code listen(const Endpoint& at, Sharing sharing) {
        check(descriptor < 0, "an acceptor listens once");
        descriptor = make_socket(at);
        if (descriptor < 0) {
            return last_error();
        }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR);
        if (sharing == Sharing::with_other_shards) {
            set(descriptor, SOL_SOCKET, SO_REUSEPORT);
        }
        if (bind_to(descriptor, at) != 0 || ::listen(descriptor, SOMAXCONN) != 0) {
            return last_error();
        }
        return loop.watch(descriptor, *this);
    }

    void stop() {
        cancel();
        if (descriptor >= 0) {
            loop.unwatch(descriptor, *this);
            ::close(std::exchange(descriptor, -1));
        }
    }

    // Edge-triggered: one event may stand for many connections. Accepts one batch, then defers the rest so that other
    // watchers get their turn.
    void take_some() {
        bool destroyed = false;
        gone = &destroyed;
        const auto handler = accepted;
        for (int i = 0; i < batch && descriptor >= 0; ++i) {
            const int socket = ::accept4(descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (socket >= 0) {
                (*handler)(make_tcp(loop, socket, traffic));
                if (destroyed) {
                    return;
                }
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                gone = nullptr;
                return;
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                ++starved;
                loop.timers().set(*this, loop.now() + 100ms);
                gone = nullptr;
                return;
            }  // else the connection was aborted before it was accepted
        }
        gone = nullptr;
        if (descriptor >= 0) {
            loop.later(*this);
        }
    }

    void ready(Ready) override { queued() ? void() : run(); }
    void run() override { armed() ? void() : take_some(); }
    void ring(Instant) override { take_some(); }

    static constexpr int batch = 64;
    Loop& loop;
    Traffic& traffic;
    std::shared_ptr<Accepted> accepted;  // shared, because a call may destroy the acceptor
    int descriptor = -1;
    bool* gone = nullptr;  // points into the frame of take_some(): set if the acceptor is destroyed there
    std::uint64_t starved = 0;
};

Acceptor::Acceptor(Loop& loop, Traffic& traffic, Accepted accepted)
    : core_(std::make_unique<Core>(loop, traffic, std::move(accepted))) {}

Acceptor::~Acceptor() = default;

error_code Acceptor::listen(const Endpoint& at, Sharing sharing) {
    return core_->listen(at, sharing);
}

Endpoint Acceptor::at() const {
    Endpoint at;
    auto size = static_cast<socklen_t>(at.capacity());
    if (::getsockname(core_->descriptor, at.data(), &size) == 0) {
        at.resize(size);
    }
    return at;
}

void Acceptor::stop() {
    core_->stop();
}

std::uint64_t Acceptor::starved() const {
    return core_->starved;
}

}  // namespace portillon::net
