#include "net/tcp.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/check.h"
#include "net/wakeup.h"

namespace portillon::net {

namespace {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

error_code last_error() { return {errno, boost::system::system_category()}; }

// The part of a connection that its pending waits keep alive: when the owner is gone, it lives on until the last
// wait has come back, and is then destroyed. So a Transport may be destroyed at any time.
class Connection {
public:
    Connection(Loop& loop, Socket socket, Traffic& traffic)
        : loop_(loop), socket_(std::move(socket)), traffic_(traffic) {}

    void disown() {
        close();
        owned_ = false;
        release();
    }

    // For as long as a coroutine uses socket().
    void hold() { ++pending_; }
    void let_go() {
        --pending_;
        release();
    }
    Socket& socket() { return socket_; }
    std::size_t unsent() const { return unsent_.size() - unsent_from_; }

    void start(Transport::Reader& reader) {
        reader_ = &reader;
        wait_to_read();
    }

    void pause() { paused_ = true; }

    void resume() {
        paused_ = false;
        wait_to_read();
    }

    void write(std::span<const std::byte> bytes) {
        if (!socket_.is_open() || shut_ || broken_) {
            return;
        }
        if (unsent() == 0) {
            bytes = bytes.subspan(send(bytes));
        }
        if (!bytes.empty() && !broken_) {
            unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
            wait_to_write();
        }
    }

    void shut() {
        shut_ = true;
        if (unsent() == 0 && socket_.is_open()) {
            error_code ignored;
            socket_.shutdown(Socket::shutdown_send, ignored);
        }
    }

    void close() {
        reader_ = nullptr;
        error_code ignored;
        socket_.close(ignored);
        unsent_.clear();
        unsent_from_ = 0;
    }

    void reset() {
        error_code ignored;
        if (socket_.is_open()) {
            socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        }
        close();
    }

private:
    // Returns how much the kernel took. A failure is reported by the reading side, which sees it too.
    std::size_t send(std::span<const std::byte> bytes) {
        std::size_t taken = 0;
        while (taken < bytes.size()) {
            const auto sent =
                ::send(socket_.native_handle(), bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) {
                if (errno == EINTR) {
                    continue;
                }
                broken_ = errno != EAGAIN && errno != EWOULDBLOCK;
                break;
            }
            taken += static_cast<std::size_t>(sent);
        }
        traffic_.bytes_sent += taken;
        return taken;
    }

    void wait_to_read() {
        if (reading_ || paused_ || reader_ == nullptr || !socket_.is_open()) {
            return;
        }
        reading_ = true;
        ++pending_;
        socket_.async_wait(Socket::wait_read, [this](const error_code& error) {
            --pending_;
            reading_ = false;
            if (!error && reader_ != nullptr && !paused_) {
                ++pending_;  // a callback may disown us
                read();
                --pending_;
                wait_to_read();
            }
            release();
        });
    }

    // Reads until the kernel has no more, at most one bufferful a turn more than once so that nobody starves.
    void read() {
        const auto buffer = loop_.read_buffer();
        const auto got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) {
            traffic_.bytes_received += static_cast<std::uint64_t>(got);
            reader_->received(buffer.first(static_cast<std::size_t>(got)));
        } else if (got == 0) {
            end(asio::error::eof);
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            end(last_error());
        }
    }

    void end(const error_code& cause) {
        auto* reader = std::exchange(reader_, nullptr);
        reader->ended(cause);
    }

    void wait_to_write() {
        if (writing_ || !socket_.is_open()) {
            return;
        }
        writing_ = true;
        ++pending_;
        socket_.async_wait(Socket::wait_write, [this](const error_code& error) {
            --pending_;
            writing_ = false;
            if (!error && socket_.is_open()) {
                unsent_from_ += send(std::span<const std::byte>(unsent_).subspan(unsent_from_));
                if (unsent() == 0 || broken_) {
                    unsent_ = {};  // gives the memory back: most connections never need it again
                    unsent_from_ = 0;
                    if (shut_) {
                        shut();
                    }
                    if (reader_ != nullptr && !broken_) {
                        ++pending_;
                        reader_->drained();
                        --pending_;
                    }
                } else {
                    wait_to_write();
                }
            }
            release();
        });
    }

    void release() {
        if (!owned_ && pending_ == 0) {
            delete this;
        }
    }

    Loop& loop_;
    Socket socket_;
    Traffic& traffic_;
    Transport::Reader* reader_ = nullptr;
    std::vector<std::byte> unsent_;
    std::size_t unsent_from_ = 0;
    unsigned pending_ = 0;
    bool owned_ = true;
    bool reading_ = false;
    bool writing_ = false;
    bool paused_ = false;
    bool shut_ = false;
    bool broken_ = false;
};

void prepare(Socket& socket) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
}

class TcpTransport final : public Transport {
public:
    TcpTransport(Loop& loop, Socket socket, Traffic& traffic)
        : loop_(loop), connection_(new Connection(loop, std::move(socket), traffic)) {}

    TcpTransport(Loop& loop, Traffic& traffic, Endpoint target, std::optional<asio::ip::address> source)
        : TcpTransport(loop, Socket(loop.executor()), traffic) {
        target_ = target;
        source_ = source;
    }

    ~TcpTransport() override { connection_->disown(); }

    Task<error_code> connect(Instant deadline) override { return connect_by(*connection_, loop_, target_, source_, deadline); }

    void start(Reader& reader) override { connection_->start(reader); }
    void write(std::span<const std::byte> bytes) override { connection_->write(bytes); }
    std::size_t unsent() const override { return connection_->unsent(); }
    void pause() override { connection_->pause(); }
    void resume() override { connection_->resume(); }
    void shut() override { connection_->shut(); }
    void close() override { connection_->close(); }
    void reset() override { connection_->reset(); }

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

    static Task<error_code> connect_by(Connection& connection, Loop& loop, Endpoint target,
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
        connection.hold();
        co_await socket.async_connect(target, asio::redirect_error(use_task, error));
        limit.cancel();
        connection.let_go();
        if (limit.passed()) {
            co_return asio::error::make_error_code(asio::error::timed_out);
        }
        co_return error;
    }

    Loop& loop_;
    Connection* connection_;
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

struct Acceptor::Core final : Alarm {
    Core(Loop& owner, Traffic& counted, Accepted handler)
        : loop(owner), traffic(counted), accepted(std::move(handler)), acceptor(owner.executor()) {}

    void accept() {
        waiting = std::make_shared<bool>(true);
        acceptor.async_wait(TcpAcceptor::wait_read, [this, alive = std::weak_ptr<bool>(waiting)](const error_code& error) {
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

Acceptor::~Acceptor() { stop(); }

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

std::uint64_t Acceptor::starved() const { return core_->starved; }

}  // namespace portillon::net
