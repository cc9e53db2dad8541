#include "net/byte_stream.h"

#include <algorithm>
#include <boost/asio/error.hpp>

#include "base/check.h"

namespace portillon::net {

namespace {
constexpr std::size_t piece_bytes = 256 << 10;
}  // namespace

ByteStream::ByteStream(Loop& loop, std::unique_ptr<Transport> transport, std::size_t limit)
    : loop_(loop), limit_(limit), changed_(loop), transport_(std::move(transport)) {
    transport_->start(*this);
}

void ByteStream::consume(std::size_t bytes) {
    check(bytes <= buffered().size(), "more was consumed than is buffered");
    from_ += bytes;
    if (from_ == buffer_.size()) {
        buffer_.clear();
        from_ = 0;
        news_ = false;
    }
    if (paused_ && !end_ && buffered().size() < limit_) {
        paused_ = false;
        transport_->resume();
    }
}

Task<error_code> ByteStream::read_more(Instant deadline) {
    while (!news_) {
        if (end_) {
            co_return end_;
        }
        if (paused_) {
            co_return asio::error::make_error_code(asio::error::no_buffer_space);
        }
        if (loop_.now() >= deadline) {
            co_return asio::error::make_error_code(asio::error::timed_out);
        }
        co_await changed_.until(deadline);
    }
    news_ = false;
    co_return error_code{};
}

Task<error_code> ByteStream::send(std::span<const std::byte> bytes, Instant deadline) {
    while (true) {
        const auto piece = bytes.first(std::min(bytes.size(), piece_bytes));
        transport_->write(piece);
        bytes = bytes.subspan(piece.size());
        const error_code error = co_await sent(deadline);
        if (error || bytes.empty()) {
            co_return error;
        }
        changed_.wake();  // other coroutines run between two pieces
        co_await changed_.until(deadline);
    }
}

Task<error_code> ByteStream::sent(Instant deadline) {
    while (true) {
        if (broken()) {
            co_return end_;
        }
        if (transport_->unsent() == 0) {
            co_return error_code{};
        }
        if (loop_.now() >= deadline) {
            co_return asio::error::make_error_code(asio::error::timed_out);
        }
        co_await changed_.until(deadline);
    }
}

void ByteStream::close() {
    end_ = asio::error::operation_aborted;
    transport_->close();
    changed_.wake();
}

void ByteStream::received(std::span<const std::byte> bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(from_));
    from_ = 0;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    news_ = true;
    if (buffer_.size() >= limit_) {
        paused_ = true;
        transport_->pause();
    }
    changed_.wake();
}

void ByteStream::ended(const error_code& cause) {
    end_ = cause;
    changed_.wake();
}

// An orderly end of the other side's stream does not break the connection.
bool ByteStream::broken() const {
    return end_ && end_ != asio::error::eof;
}

}  // namespace portillon::net
