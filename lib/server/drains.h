#pragma once

// A shard's drains: a drain lasts until no connection is left and nothing waits in the pipeline, or until its deadline.

#include <functional>
#include <vector>

#include "net/loop.h"
#include "server/stage.h"

namespace portillon::server {

class Drains final : private Alarm {
public:
    using Connections = std::function<std::size_t()>;  // how many are open now
    using Done = std::function<void(std::size_t connections_left)>;

    Drains(net::Loop& loop, Holder& pipeline, Connections connections)
        : loop_(loop), pipeline_(pipeline), connections_(std::move(connections)) {}

    // `done` is called once, from the loop, after the pipeline was flushed.
    void begin(Instant deadline, Done done);

private:
    struct Drain {
        Instant deadline{};
        int quiet_turns = 0;
        Done done;
    };

    void ring(Instant now) override;

    net::Loop& loop_;
    Holder& pipeline_;
    Connections connections_;
    std::vector<Drain> draining_;
};

}  // namespace portillon::server
