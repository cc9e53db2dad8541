#pragma once

// The connections between a driver and its peer, under a test's control: what the test does holds for every present
// connection and, except for a reset, for future ones. Below it is the dialer that makes the connections.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "net/dialer.h"
#include "net/loop.h"

namespace portillon::conformance {

class Cable final : public net::Dialer {
    class CableConnection;
    class DriverTransport;

public:
    Cable(net::Loop& loop, net::Dialer& inner) : loop_(loop), inner_(inner) {}

    std::unique_ptr<net::Transport> dial(EquipmentId equipment) override;

    // The fate of dials: refused at once, or hanging until their deadline.
    enum class Dials : std::uint8_t { connect, refuse, hang } dials = Dials::connect;

    // Silence until mend(), in both directions or only from the peer; then each side receives what was kept, in one
    // piece.
    void cut();
    void cut_answers();
    void mend();

    void reset();             // both ends are told, the driver at once
    void lose_the_far_end();  // the peer's end is gone, and the driver is told nothing

    // The kernel takes nothing more; unblock() takes what it was given.
    void block();
    void unblock();

    // Delivers these bytes to the driver as if its peer had sent them.
    void say(std::span<const std::byte> bytes);

    // The driver's receiving end of a connection. It may be kept and called later; without effect once the connection
    // is gone.
    class DriverEnd {
    public:
        explicit DriverEnd(std::shared_ptr<CableConnection> connection) : connection_(std::move(connection)) {}
        void hear(std::span<const std::byte> bytes) const;
        void end(const error_code& cause) const;

    private:
        std::shared_ptr<CableConnection> connection_;
    };
    // Called for each piece from the peer, instead of handing it on unchanged.
    std::function<void(const DriverEnd&, std::span<const std::byte>)> on_piece;

    // The driver's writes, in order.
    struct Write {
        Instant at{};
        std::size_t bytes = 0;
    };
    std::vector<Write> writes;

    std::size_t living() const;      // transports that are neither closed nor destroyed
    std::size_t kept_bytes() const;  // written, and not handed on

private:
    enum class Silence : std::uint8_t { none, of_answers, both_ways };
    std::vector<std::shared_ptr<CableConnection>> connections() const;

    net::Loop& loop_;
    net::Dialer& inner_;
    std::vector<std::weak_ptr<CableConnection>> connections_;
    Silence silence_ = Silence::none;
    bool blocked_ = false;
};

}  // namespace portillon::conformance
