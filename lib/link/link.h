#pragma once

// What two processes of a run say to each other: the messages of link.proto, over whatever carries them. When a link
// ends the other process is gone: a shard ends itself, a conductor names the shard that it lost.

#include <functional>

#include "base/error.h"
#include "link/link.pb.h"

namespace portillon::link {

// No message is larger. What may be more, a result or a recorded schedule, travels in pieces, which the receiver
// merges: so other messages pass between them, and carriers with a limit of 1 MiB (NATS) can carry all of it.
inline constexpr std::size_t max_message_bytes = 512 * 1024;

// Why a link ended: the other process sent what is no message, or else it is gone, cleanly or not (killed with
// something of ours unread, its socket is reset).
bool spoke_nonsense(const error_code& cause);
// The other process has sent nothing for too long (heartbeat.h).
bool fell_silent(const error_code& cause);

class Link {
public:
    using Received = std::function<void(const v1::LinkMessage&)>;
    using Ended = std::function<void(const error_code&)>;

    virtual ~Link() = default;

    // `received` for each message, in order; `ended` once, when the other process closed its end, died, or sent
    // something that is no message. Both from the loop; either may destroy the link.
    virtual void start(Received received, Ended ended) = 0;

    // At most max_message_bytes.
    virtual void send(const v1::LinkMessage& message) = 0;
    virtual void close() = 0;
};

}  // namespace portillon::link
