#pragma once

// A connected stream of bytes: TCP (tcp_transport.h), a pipe in memory on simulated time (testing/pipe.h), later TLS
// and the network's faults as decorators. Both ends of every protocol stand on this interface, so that any driver can
// be run against any listener without a socket.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/units.h"
#include "net/task.h"

namespace portillon::net {

// Bytes at the sockets of a shard, both ways.
struct Traffic {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
};

class Transport {
public:
    // Who reads: called from the loop only, never from inside a call to the transport. Within a callback every call to
    // the transport is allowed, its destruction included.
    class Reader {
    public:
        virtual ~Reader() = default;
        // `bytes` is never empty and valid only during the call.
        virtual void received(std::span<const std::byte> bytes) = 0;
        // The other side has ended (asio::error::eof), or the connection broke. At most once; nothing follows but
        // drained(): after an orderly end one may still write, until close().
        virtual void ended(const error_code& cause) = 0;
        // unsent() is back at zero: everything written has left for the kernel, or the connection broke and it was
        // dropped, of which ended() tells when reading gets there. While paused, too.
        virtual void drained() {}
    };

    virtual ~Transport() = default;  // closes; no callback follows

    // For the dialling side, once, before anything else. Completes with an error, asio::error::timed_out at `deadline`
    // among them; the transport is then of no further use. Accepted transports are connected already.
    virtual Task<error_code> connect(Instant deadline) = 0;

    // From now on `reader` is called. It must outlive the transport or its close().
    virtual void start(Reader& reader) = 0;

    // Takes all of `bytes`: what the kernel does not take now is kept and sent when it does. After the connection has
    // ended or was shut, does nothing.
    virtual void write(std::span<const std::byte> bytes) = 0;
    virtual std::size_t unsent() const = 0;

    // Back pressure: no received() between pause() and resume(); an end is noticed only after resume().
    virtual void pause() = 0;
    virtual void resume() = 0;

    // Sends what is left, then this side's end of stream; reading goes on.
    virtual void shut() = 0;

    // At once: drops what is unsent, no callback follows. Idempotent.
    virtual void close() = 0;

    // At once and without courtesy (TCP: RST).
    virtual void reset() = 0;

    // Gives the socket away: the caller owns the descriptor, the connection lives on, and for this
    // transport it is closed. -1 if there is no socket that could be given.
    virtual int release() { return -1; }
};

}  // namespace portillon::net
