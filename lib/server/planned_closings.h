#pragma once

// The timer of the faults that end a shard's connections at planned instants (close, goaway).

#include <functional>
#include <span>
#include <vector>

#include "net/loop.h"
#include "server/fault.h"
#include "server/fault_share.h"
#include "server/listener.h"

namespace portillon::server {

class PlannedClosings final : private Alarm {
public:
    // Ends all connections; returns how many there were.
    using CloseAll = std::function<std::size_t(Listener::Parting)>;

    // `shares` outlive the object.
    PlannedClosings(net::Loop& loop, std::span<FaultShare> shares, CloseAll close_all)
        : loop_(loop), shares_(shares), close_all_(std::move(close_all)) {}

    void set(const Fault& fault);  // close or goaway; instants in the past are skipped
    void drop(RunId run);
    void clear();

private:
    struct Planned {
        Fault fault;
        Instant next{};
    };

    void ring(Instant now) override;
    void arm();

    net::Loop& loop_;
    std::span<FaultShare> shares_;
    CloseAll close_all_;
    std::vector<Planned> planned_;
};

}  // namespace portillon::server
