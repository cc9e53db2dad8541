#pragma once

// A connected stream socket, whatever its family, under the Transport interface: what tcp.cc and local.cc stand on.

#include <sys/socket.h>

#include <vector>

#include "net/loop.h"
#include "net/readiness.h"
#include "net/transport.h"

namespace portillon::net {

class Connection : public Transport, private Watcher, private Deferred {
public:
    // Takes over `descriptor`, which is non-blocking; -1: it comes with dial().
    Connection(Loop& loop, Traffic& traffic, int descriptor)
        : loop_(loop), traffic_(traffic), descriptor_(descriptor) {}
    ~Connection() override { Connection::close(); }

    Task<error_code> connect(Instant) override { co_return error_code{}; }
    void start(Reader& reader) override;
    void write(std::span<const std::byte> bytes) override;
    std::size_t unsent() const override { return unsent_.size() - unsent_from_; }
    void pause() override { paused_ = true; }
    void resume() override;
    void shut() override;
    void close() override;
    void reset() override;
    int release() override;

protected:
    // Takes over `descriptor`, non-blocking and not connected, and connects it; as Transport::connect. `connection` may
    // be destroyed meanwhile: asio::error::operation_aborted.
    static Task<error_code> dial(Connection& connection, int descriptor, const sockaddr* target, socklen_t target_bytes,
                                 Instant deadline);

private:
    struct Dialling;
    void ready(Ready now) override;
    void run() override;
    error_code watch();
    std::size_t send(std::span<const std::byte> bytes);
    void send_rest();
    void read();
    void end(const error_code& cause);
    void let_go();

    Loop& loop_;
    Traffic& traffic_;
    Reader* reader_ = nullptr;
    Dialling* dialling_ = nullptr;
    std::vector<std::byte> unsent_;
    std::size_t unsent_from_ = 0;
    int descriptor_;
    int broken_ = 0;  // the errno that sending met
    bool watched_ = false;
    bool readable_ = false;  // something may be unread: announced while paused or before start(), too
    bool to_end_ = false;    // a short read is not the last
    bool paused_ = false;
    bool shut_ = false;
    bool ended_ = false;
};

}  // namespace portillon::net
