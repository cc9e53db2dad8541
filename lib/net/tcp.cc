#include "net/tcp.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include "net/connection.h"

namespace portillon::net {

namespace {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

void prepare(Socket& socket) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
}

class TcpTransport final : public Transport {
public:
    TcpTransport(Loop& loop, Socket socket, Traffic& traffic)
        : loop_(loop), connection_(new Connection<Socket>(loop, std::move(socket), traffic)) {}

    TcpTransport(Loop& loop, Traffic& traffic, Endpoint target, std::optional<asio::ip::address> source)
        : TcpTransport(loop, Socket(loop.executor()), traffic) {
        target_ = target;
        source_ = source;
    }

    ~TcpTransport() override { connection_->disown(); }

    Task<error_code> connect(Instant deadline) override {
        return connect_by(*connection_, loop_, target_, source_, deadline);
    }

    void start(Reader& reader) override { connection_->start(reader); }
    void write(std::span<const std::byte> bytes) override { connection_->write(bytes); }
    std::size_t unsent() const override { return connection_->unsent(); }
    void pause() override { connection_->pause(); }
    void resume() override { connection_->resume(); }
    void shut() override { connection_->shut(); }
    void close() override { connection_->close(); }
    void reset() override { connection_->reset(); }
    int release() override { return connection_->give_away(); }

private:
    class Deadline final : public Alarm {
    public:
        explicit Deadline(Socket& socket) : socket_(socket) {}
        bool passed() const { return passed_; }

    private:
        void ring(Instant) override {
            passed_ = true;
            error_code ignored;
            socket_.cancel(ignored);
        }
        Socket& socket_;
        bool passed_ = false;
    };

    static Task<error_code> connect_by(Connection<Socket>& connection, Loop& loop, Endpoint target,
                                       std::optional<asio::ip::address> source, Instant deadline) {
        Socket& socket = connection.socket();
        error_code error;
        socket.open(target.protocol(), error);
        if (error) {
            co_return error;
        }
        prepare(socket);
        if (source) {
            using BindAddressNoPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
            socket.set_option(BindAddressNoPort(true), error);
            socket.bind(Endpoint{*source, 0}, error);
            if (error) {
                co_return error;
            }
        }
        Deadline limit(socket);
        if (deadline != never) {
            loop.timers().set(limit, deadline);
        }
        const Connection<Socket>::Hold hold(connection);
        co_await socket.async_connect(target, asio::redirect_error(use_task, error));
        limit.cancel();
        if (limit.passed()) {
            co_return asio::error::make_error_code(asio::error::timed_out);
        }
        co_return error;
    }

    Loop& loop_;
    Connection<Socket>* connection_;
    Endpoint target_;
    std::optional<asio::ip::address> source_;
};

}  // namespace

TcpDialer::TcpDialer(Loop& loop, Endpoint target, std::vector<asio::ip::address> sources, Traffic& traffic)
    : loop_(loop), target_(std::move(target)), sources_(std::move(sources)), traffic_(traffic) {}

std::unique_ptr<Transport> TcpDialer::dial(EquipmentId equipment) {
    std::optional<asio::ip::address> source;
    if (!sources_.empty()) {
        source = sources_[number_of(equipment) % sources_.size()];
    }
    return std::make_unique<TcpTransport>(loop_, traffic_, target_, source);
}

std::unique_ptr<Transport> adopt_tcp(Loop& loop, int descriptor, Traffic& traffic) {
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    const bool known = ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    Socket socket(loop.executor());
    error_code error;
    if (known) {
        socket.assign(at.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor, error);
    }
    if (!known || error) {
        ::close(descriptor);
        return nullptr;
    }
    prepare(socket);
    return std::make_unique<TcpTransport>(loop, std::move(socket), traffic);
}

struct Acceptor::Core final : Alarm {
    Core(Loop& owner, Traffic& counted, Accepted handler)
        : loop(owner), traffic(counted), accepted(std::move(handler)), acceptor(owner.executor()) {}

    void accept() {
        waiting = std::make_shared<bool>(true);
        acceptor.async_wait(TcpAcceptor::wait_read,
                            [this, alive = std::weak_ptr<bool>(waiting)](const error_code& error) {
                                if (alive.expired() || error) {
                                    return;
                                }
                                take_all(alive);
                            });
    }

    // One readiness stands for many connections: takes a batch, then lets the others have their turn.
    void take_all(const std::weak_ptr<bool>& alive) {
        for (int i = 0; i < batch; ++i) {
            error_code error;
            Socket socket(loop.executor());
            acceptor.accept(socket, error);
            if (error == asio::error::would_block || error == asio::error::try_again) {
                break;
            }
            if (error == asio::error::no_descriptors || error.value() == ENFILE || error.value() == ENOMEM ||
                error.value() == ENOBUFS) {
                ++starved;
                loop.timers().set(*this, loop.now() + 100ms);
                return;
            }
            if (error) {
                continue;  // that connection died before it was accepted
            }
            prepare(socket);
            accepted(std::make_unique<TcpTransport>(loop, std::move(socket), traffic));
            if (alive.expired()) {
                return;
            }
        }
        accept();
    }

    void ring(Instant) override { accept(); }

    static constexpr int batch = 64;
    Loop& loop;
    Traffic& traffic;
    Accepted accepted;
    TcpAcceptor acceptor;
    std::shared_ptr<bool> waiting;
    std::uint64_t starved = 0;
};

Acceptor::Acceptor(Loop& loop, Traffic& traffic, Accepted accepted)
    : core_(std::make_unique<Core>(loop, traffic, std::move(accepted))) {}

Acceptor::~Acceptor() {
    stop();
}

error_code Acceptor::listen(const Endpoint& at) {
    using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    error_code error;
    auto& acceptor = core_->acceptor;
    acceptor.open(at.protocol(), error);
    if (!error) {
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) {
        acceptor.set_option(ReusePort(true), error);
    }
    if (!error) {
        acceptor.bind(at, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (!error) {
        acceptor.non_blocking(true, error);
    }
    if (!error) {
        core_->accept();
    }
    return error;
}

Endpoint Acceptor::at() const {
    error_code ignored;
    return core_->acceptor.local_endpoint(ignored);
}

void Acceptor::stop() {
    core_->waiting.reset();
    core_->cancel();
    error_code ignored;
    core_->acceptor.close(ignored);
}

std::uint64_t Acceptor::starved() const {
    return core_->starved;
}

}  // namespace portillon::net
