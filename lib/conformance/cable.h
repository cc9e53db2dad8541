#pragma once

// The way between a driver and its peer, in the hands of a test: what it does holds for every connection that there is,
// and, but for a reset, for those to come. Below it is the dialer that makes the connections.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "net/dialer.h"
#include "net/loop.h"

namespace portillon::conformance {

class Cable final : public net::Dialer {
    class Way;
    class Connection;

public:
    Cable(net::Loop& loop, net::Dialer& inner) : loop_(loop), inner_(inner) {}

    std::unique_ptr<net::Transport> dial(EquipmentId equipment) override;

    // What dials come to: refused at once; hang until their deadline.
    enum class Dials : std::uint8_t { connect, refuse, hang } dials = Dials::connect;

    // Silence, both ways or of what the peer says, until mend(): then each side hears what was kept, in one piece.
    void cut();
    void cut_answers();
    void mend();

    void reset();             // both ends hear of it, the driver at once
    void lose_the_far_end();  // the peer's end is gone, and the driver is told nothing

    // The kernel takes nothing more; unblock() takes what it was given.
    void block();
    void unblock();

    // The driver hears this, as if its peer had said it.
    void say(std::span<const std::byte> bytes);

    // What the driver hears of a piece. May be kept and called later; of no effect when the connection is gone.
    class Ear {
    public:
        explicit Ear(std::shared_ptr<Way> way) : way_(std::move(way)) {}
        void hear(std::span<const std::byte> bytes) const;
        void end(const error_code& cause) const;

    private:
        std::shared_ptr<Way> way_;
    };
    // Instead of handing a piece from the peer on as it is.
    std::function<void(const Ear&, std::span<const std::byte>)> on_piece;

    // Of the driver's, in the order in which they came.
    struct Write {
        Instant at{};
        std::size_t bytes = 0;
    };
    std::vector<Write> writes;

    std::size_t living() const;      // transports that are neither closed nor destroyed
    std::size_t kept_bytes() const;  // written, and not handed on

private:
    enum class Silence : std::uint8_t { none, of_answers, both_ways };
    std::vector<std::shared_ptr<Way>> ways() const;

    net::Loop& loop_;
    net::Dialer& inner_;
    std::vector<std::weak_ptr<Way>> ways_;
    Silence silence_ = Silence::none;
    bool blocked_ = false;
};

}  // namespace portillon::conformance
