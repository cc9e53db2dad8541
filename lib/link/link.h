#pragma once

// A link carries the messages of link.proto between two processes of a run. When a link ends, the other process is
// gone: a shard ends itself then, a conductor reports the shard that it lost.

#include <functional>

#include "base/error.h"
#include "link/link.pb.h"

namespace portillon::link {

// The size of the largest message. A result or a recorded schedule may be larger; it travels in pieces, which the
// receiver merges. So other messages can pass between the pieces, and carriers with a limit of 1 MiB (NATS) will do.
inline constexpr std::size_t max_message_bytes = 512 * 1024;

// Why a link ended. If neither function is true of the cause, the other process is gone, cleanly or not: a process that
// was killed before it had read everything leaves a reset socket, not a closed one.
bool spoke_nonsense(const error_code& cause);  // the other process sent bytes that are no message
bool fell_silent(const error_code& cause);     // the other process has sent nothing for too long (heartbeat.h)

class Link {
public:
    using Received = std::function<void(const v1::LinkMessage&)>;
    using Ended = std::function<void(const error_code&)>;

    virtual ~Link() = default;

    // From now on `received` is called for each message, in order, and `ended` once, when the other process closed its
    // end, died, or sent bytes that are no message. Both are called from the loop; either may destroy the link.
    virtual void start(Received received, Ended ended) = 0;

    // The message has max_message_bytes at most.
    virtual void send(const v1::LinkMessage& message) = 0;
    virtual void close() = 0;
};

}  // namespace portillon::link
