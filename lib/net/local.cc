#include "net/local.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/connection.h"

namespace portillon::net {

namespace {

using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

class LocalTransport final : public Transport {
public:
    LocalTransport(Loop& loop, Socket socket, Traffic& traffic)
        : connection_(new Connection<Socket>(loop, std::move(socket), traffic)) {}
    ~LocalTransport() override { connection_->disown(); }

    Task<error_code> connect(Instant) override { co_return error_code{}; }
    void start(Reader& reader) override { connection_->start(reader); }
    void write(std::span<const std::byte> bytes) override { connection_->write(bytes); }
    std::size_t unsent() const override { return connection_->unsent(); }
    void pause() override { connection_->pause(); }
    void resume() override { connection_->resume(); }
    void shut() override { connection_->shut(); }
    void close() override { connection_->close(); }
    void reset() override { connection_->close(); }

private:
    Connection<Socket>* connection_;
};

}  // namespace

std::unique_ptr<Transport> adopt_local(Loop& loop, int descriptor, Traffic& traffic) {
    Socket socket(loop.executor());
    socket.assign(asio::local::stream_protocol{}, descriptor);
    socket.non_blocking(true);
    return std::make_unique<LocalTransport>(loop, std::move(socket), traffic);
}

}  // namespace portillon::net
