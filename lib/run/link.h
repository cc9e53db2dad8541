#pragma once

// One socket between a conductor and one of its shards, and the messages of link.proto on it. Whoever's link closes
// knows that the other process is gone: a shard ends, a conductor names the shard that it lost.

#include <functional>
#include <memory>

#include "base/error.h"
#include "net/loop.h"
#include "net/transport.h"
#include "run/link.pb.h"

namespace portillon::run {

// A message above this is a defect: the largest, a result with an exception for every validation of a big run.
inline constexpr std::size_t max_link_message_bytes = 1 << 30;

// Why a link ended: the other process sent what is no message, or else it is gone, cleanly or not (killed with
// something of ours unread, its socket is reset).
bool spoke_nonsense(const error_code& cause);

class Link final : private net::Transport::Reader {
public:
    using Received = std::function<void(const v1::LinkMessage&)>;
    using Ended = std::function<void(const error_code&)>;

    // Owns `descriptor`, a connected stream socket.
    Link(net::Loop& loop, int descriptor);
    ~Link() override;
    Link(const Link&) = delete;

    // `received` for each message, in order; `ended` once, when the other process closed its end, died, or sent
    // something that is no message. Both from the loop; either may destroy the link.
    void start(Received received, Ended ended);

    void send(const v1::LinkMessage& message);
    bool sent_all() const;
    void close();

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

}  // namespace portillon::run
