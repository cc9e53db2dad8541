#pragma once

// A link over a stream of bytes, such as a socket. Each message follows its length: four bytes in little-endian order.

#include <memory>
#include <vector>

#include "link/link.h"
#include "net/loop.h"
#include "net/transport.h"

namespace portillon::link {

class StreamLink final : public Link, private net::Transport::Reader {
public:
    // `transport` is connected.
    explicit StreamLink(std::unique_ptr<net::Transport> transport);
    // Takes over `descriptor`, a connected stream socket.
    StreamLink(net::Loop& loop, int descriptor);
    ~StreamLink() override;
    StreamLink(const StreamLink&) = delete;

    void start(Received received, Ended ended) override;
    void send(const v1::LinkMessage& message) override;
    void close() override;

private:
    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;

    net::Traffic traffic_;
    std::unique_ptr<net::Transport> transport_;
    Received received_;
    Ended ended_;
    std::vector<std::byte> gathered_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace portillon::link
