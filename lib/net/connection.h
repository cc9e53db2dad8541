#pragma once

// A connected stream socket of any family under the Transport interface; tcp.cc and local.cc build on it.

#include <sys/socket.h>

#include <vector>

#include "net/loop.h"
#include "net/readiness.h"
#include "net/transport.h"

namespace portillon::net {

class Connection : public Transport, private Watcher, private Deferred {
public:
    // Takes over `descriptor`, which is non-blocking; -1 if dial() will bring it.
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
    // Takes over `descriptor`, non-blocking and not connected, and connects it; contract of Transport::connect. If
    // `connection` is closed or destroyed meanwhile, completes with asio::error::operation_aborted.
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
    int broken_ = 0;  // the errno with which send() failed; 0: none
    bool watched_ = false;
    bool readable_ = false;  // unread bytes may wait in the socket: an edge, so remembered while paused, too
    bool to_end_ = false;    // the peer has ended or failed: read on after a short read, until EOF or an error
    bool paused_ = false;
    bool shut_ = false;
    bool ended_ = false;
};

}  // namespace portillon::net
