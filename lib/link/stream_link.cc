#include "link/stream_link.h"

#include <bit>
#include <boost/asio/error.hpp>
#include <cstring>

#include "base/check.h"
#include "net/local.h"

namespace portillon::link {

namespace {

constexpr std::size_t prefix_bytes = sizeof(std::uint32_t);
static_assert(std::endian::native == std::endian::little);

}  // namespace

StreamLink::StreamLink(net::Loop& loop, int descriptor) : transport_(net::adopt_local(loop, descriptor, traffic_)) {}

StreamLink::StreamLink(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {}

StreamLink::~StreamLink() = default;

void StreamLink::start(Received received, Ended ended) {
    received_ = std::move(received);
    ended_ = std::move(ended);
    transport_->start(*this);
}

void StreamLink::send(const v1::LinkMessage& message) {
    const std::size_t size = message.ByteSizeLong();
    check(size <= max_message_bytes, "a message between processes is too large");
    std::vector<std::byte> bytes(prefix_bytes + size);
    const auto length = static_cast<std::uint32_t>(size);
    std::memcpy(bytes.data(), &length, prefix_bytes);
    message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data() + prefix_bytes));
    transport_->write(bytes);
}

void StreamLink::close() {
    transport_->close();
}

void StreamLink::received(std::span<const std::byte> bytes) {
    gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    std::size_t at = 0;
    const std::weak_ptr<bool> alive = alive_;
    while (gathered_.size() - at >= prefix_bytes) {
        std::uint32_t length = 0;
        std::memcpy(&length, gathered_.data() + at, prefix_bytes);
        if (length > max_message_bytes) {
            ended(boost::asio::error::make_error_code(boost::asio::error::message_size));
            return;
        }
        if (gathered_.size() - at - prefix_bytes < length) {
            break;
        }
        v1::LinkMessage message;
        if (!message.ParseFromArray(gathered_.data() + at + prefix_bytes, static_cast<int>(length))) {
            ended(boost::asio::error::make_error_code(boost::asio::error::invalid_argument));
            return;
        }
        at += prefix_bytes + length;
        received_(message);
        if (alive.expired()) {
            return;
        }
    }
    gathered_.erase(gathered_.begin(), gathered_.begin() + static_cast<std::ptrdiff_t>(at));
}

void StreamLink::ended(const error_code& cause) {
    transport_->close();
    const auto ended = std::exchange(ended_, nullptr);
    if (ended) {
        ended(cause);
    }
}

}  // namespace portillon::link
