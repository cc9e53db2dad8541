#pragma once

// A connection as a coroutine reads it: received bytes wait here until they are consumed, and sending is awaited. It is
// for protocols with little traffic; the hot paths read the Transport themselves.

#include <memory>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"
#include "net/wakeup.h"

namespace portillon::net {

// One coroutine at a time may wait in a stream, and the stream outlives the wait. Both waits end at `deadline` at the
// latest with asio::error::timed_out, and after close() with asio::error::operation_aborted.
class ByteStream final : private Transport::Reader {
public:
    // `transport` is connected. While `limit` bytes or more wait to be consumed, the transport is paused; a piece that
    // exceeds the limit is kept whole.
    ByteStream(Loop& loop, std::unique_ptr<Transport> transport, std::size_t limit);

    // Valid until the next wait or consume().
    std::span<const std::byte> buffered() const { return std::span(buffer_).subspan(from_); }
    void consume(std::size_t bytes);

    // Completes when bytes have arrived since the last read_more(). At the end of the stream: with asio::error::eof or
    // the error that broke the connection. While the buffer is full: with asio::error::no_buffer_space.
    Task<error_code> read_more(Instant deadline);

    // Completes when the kernel has taken all of `bytes`, which live until then; at most one piece of them (256 KiB) is
    // copied at a time. The other side may have ended its stream; if the connection is known to be broken, completes
    // with the error that broke it. At `deadline` part of `bytes` may have been sent.
    Task<error_code> send(std::span<const std::byte> bytes, Instant deadline);

    std::size_t unsent() const { return transport_->unsent(); }

    void shut() { transport_->shut(); }  // this side's end of stream; reading goes on

    // Closes at once, may be called from anywhere; a coroutine that waits in the stream continues in this turn of the
    // loop.
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
    bool news_ = false;  // bytes have come since the last read_more()
    bool paused_ = false;
    error_code end_;  // once set, nothing more is received
    Wakeup changed_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace portillon::net
