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

class Farewells final : private Alarm {
public:
    // Ends all connections; returns how many there were.
    using Part = std::function<std::size_t(Listener::Parting)>;

    // `shares` outlive the object.
    Farewells(net::Loop& loop, std::span<FaultShare> shares, Part part)
        : loop_(loop), shares_(shares), part_(std::move(part)) {}

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
    Part part_;
    std::vector<Planned> planned_;
};

}  // namespace portillon::server
