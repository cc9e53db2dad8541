#pragma once

// Connections in memory, on simulated time: bytes written at one end arrive at the other `latency` later, in order, in
// the same pieces. So any driver can be run against any listener, or against a scripted peer, with exact instants.

#include <functional>
#include <memory>
#include <vector>

#include "net/dialer.h"
#include "net/loop.h"
#include "net/transport.h"

namespace portillon::testing {

struct PipeEnds {
    std::unique_ptr<net::Transport> client, server;  // both connected; either may be destroyed first
};

PipeEnds make_pipe(net::Loop& loop, Nanos latency, net::Traffic& client_traffic, net::Traffic& server_traffic);

// Dials by making a pipe and handing its other end to `accepted`, as an Acceptor does.
class PipeDialer final : public net::Dialer {
public:
    using Accepted = std::function<void(EquipmentId, std::unique_ptr<net::Transport>)>;
    PipeDialer(net::Loop& loop, Nanos latency, Accepted accepted)
        : loop_(loop), latency_(latency), accepted_(std::move(accepted)) {}

    std::unique_ptr<net::Transport> dial(EquipmentId equipment) override;

    // The next `count` dials fail with `cause`, after the latency.
    void refuse(int count, error_code cause) {
        refusals_ = count;
        refusal_ = cause;
    }

    net::Traffic client_traffic, server_traffic;

private:
    friend class DialledPipe;
    net::Loop& loop_;
    Nanos latency_;
    Accepted accepted_;
    int refusals_ = 0;
    error_code refusal_;
};

}  // namespace portillon::testing
