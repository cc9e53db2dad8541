#pragma once

// A link that notices when the other process hangs or cannot be reached any more, although the connection was not
// closed. Each end sends something at least every `every`, and takes the other for dead when it has received nothing
// for `silence`.

#include <memory>

#include "base/timers.h"
#include "link/link.h"
#include "net/loop.h"

namespace portillon::link {

class Heartbeat final : public Link, private Alarm {
public:
    static constexpr Nanos usual_pause = 2s;
    // A shard's loop may stand still while it sets up a large fleet or packs its results. No machine tested took a
    // third of this.
    static constexpr Nanos usual_silence = 60s;

    // `loop` outlives the link.
    Heartbeat(net::Loop& loop, std::unique_ptr<Link> carrier, Nanos every = usual_pause, Nanos silence = usual_silence);
    ~Heartbeat() override;
    Heartbeat(const Heartbeat&) = delete;

    // `received` is not called for heartbeats. After a silence the link ends with a cause that fell_silent()
    // recognises.
    void start(Received received, Ended ended) override;
    void send(const v1::LinkMessage& message) override;
    void close() override;

private:
    void ring(Instant now) override;
    void heard(const v1::LinkMessage& message);
    void end(const error_code& cause);

    net::Loop& loop_;
    std::unique_ptr<Link> carrier_;
    Nanos every_, silence_;
    Received received_;
    Ended ended_;
    Instant heard_at_{}, sent_at_{}, looked_at_{};
};

}  // namespace portillon::link
