#pragma once

// A connected stream of bytes: TCP (tcp.h), a pipe in memory on simulated time (testing/pipe.h), later TLS; the
// network's faults are a decorator (net/faults). Both ends of every protocol use this interface, so that any driver can
// be run against any listener without a socket.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/units.h"
#include "net/task.h"

namespace portillon::net {

// Bytes that a shard's sockets have sent and received.
struct Traffic {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
};

class Transport {
public:
    // The receiver of a transport's events: called from the loop only, never from inside a call to the transport.
    // Within a callback every call to the transport is allowed, its destruction included.
    class Reader {
    public:
        virtual ~Reader() = default;
        // `bytes` is never empty and valid only during the call.
        virtual void received(std::span<const std::byte> bytes) = 0;
        // The other side has ended its stream (asio::error::eof), or the connection broke. Called at most once;
        // afterwards only drained() may be called: after an orderly end this side may still write, until close().
        virtual void ended(const error_code& cause) = 0;
        // unsent() is back at zero: the kernel has taken everything written, or the connection broke and the unsent
        // bytes were dropped; then ended() follows when reading finds the error. May be called while paused.
        virtual void drained() {}
    };

    virtual ~Transport() = default;  // closes; no callback follows

    // For the dialling side, once, before anything else. Completes with an error if it fails, asio::error::timed_out at
    // `deadline`; the transport cannot be used then. Accepted transports are connected already.
    virtual Task<error_code> connect(Instant deadline) = 0;

    // From now on the callbacks of `reader` are called. It must outlive the transport or its close().
    virtual void start(Reader& reader) = 0;

    // Takes all of `bytes`: what the kernel does not take now is copied and sent later. Does nothing after the
    // connection has ended or was shut.
    virtual void write(std::span<const std::byte> bytes) = 0;
    virtual std::size_t unsent() const = 0;

    // Back pressure: received() is not called between pause() and resume(); an end is noticed only after resume().
    virtual void pause() = 0;
    virtual void resume() = 0;

    // Sends the unsent bytes, then this side's end of stream; reading continues.
    virtual void shut() = 0;

    // Closes at once: unsent bytes are dropped, no callback follows. Idempotent.
    virtual void close() = 0;

    // Closes at once and abortively (TCP: RST).
    virtual void reset() = 0;

    // Gives the socket away: the caller owns the descriptor, the connection stays open, and this transport is closed.
    // -1 if the transport has no socket.
    virtual int release() { return -1; }
};

}  // namespace portillon::net
