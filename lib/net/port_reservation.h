#pragma once

// A port that this process holds without listening on it, for its shards to share: so the kernel can choose one, and a
// port that is taken is noticed before anything is started.

#include "net/endpoint.h"

namespace portillon::net {

class PortReservation {
public:
    static Result<PortReservation> make(const net::Endpoint& at);
    PortReservation(PortReservation&& other) noexcept;
    PortReservation& operator=(PortReservation&&) = delete;
    ~PortReservation();

    const net::Endpoint& at() const { return at_; }  // with the port that the kernel chose

private:
    PortReservation(int descriptor, net::Endpoint at) : descriptor_(descriptor), at_(std::move(at)) {}
    int descriptor_ = -1;
    net::Endpoint at_;
};

}  // namespace portillon::net
