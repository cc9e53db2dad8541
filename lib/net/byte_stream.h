#pragma once

// A connection as a coroutine likes it: bytes that have come wait here until they are consumed, and sending is awaited.
// For protocols without much traffic; what counts messages reads the Transport itself.

#include <memory>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"
#include "net/wakeup.h"

namespace portillon::net {

// One coroutine at a time waits in it, and the stream outlives the wait. Both waits end at `deadline` at the latest
// with asio::error::timed_out, and after close() with asio::error::operation_aborted.
class ByteStream final : private Transport::Reader {
public:
    // `transport` is connected. The other side is not read on while `limit` bytes or more wait to be consumed; what
    // came at once with the last of them is kept, too.
    ByteStream(Loop& loop, std::unique_ptr<Transport> transport, std::size_t limit);

    // Valid until the next wait or consume().
    std::span<const std::byte> buffered() const { return std::span(buffer_).subspan(from_); }
    void consume(std::size_t bytes);

    // Completes when something is buffered of which no read_more() has told. When nothing more will come: with
    // asio::error::eof or what broke the connection; when there is no room for more: asio::error::no_buffer_space.
    Task<error_code> read_more(Instant deadline);

    // Completes when all of `bytes`, which live until then, has left for the kernel; holds no more than a piece of them
    // meanwhile. The other side may have ended, but if the connection is known to be broken: with what broke it. At
    // `deadline` some of it may have been sent.
    Task<error_code> send(std::span<const std::byte> bytes, Instant deadline);

    std::size_t unsent() const { return transport_->unsent(); }

    void shut() { transport_->shut(); }  // this side's end of stream; reading goes on

    // At once, from anywhere: who waits in it goes on in this turn.
    void close();

private:
    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override { changed_.wake(); }
    bool broken() const;
    Task<error_code> sent(Instant deadline);

    Loop& loop_;
    std::size_t limit_;
    std::vector<std::byte> buffer_;
    std::size_t from_ = 0;
    bool news_ = false;  // in the buffer, that no read_more() has told of
    bool paused_ = false;
    error_code end_;  // nothing will come any more
    Wakeup changed_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace portillon::net
