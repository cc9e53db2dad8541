#pragma once

// One direction of a connection under faults: the bytes in flight, the end of the stream behind them, and whether the
// faults let them arrive. Pure: instants are arguments.

#include <cstddef>
#include <optional>
#include <span>

#include "base/units.h"
#include "faults/network_faults.h"
#include "net/faults/delay_line.h"

namespace portillon::net::faults {

class Direction {
public:
    explicit Direction(portillon::faults::Direction which) : which_(which) {}

    // Applies `condition`, what the faults do to a connection, from `now` on.
    void apply(const portillon::faults::Condition& condition, Instant now);

    bool is_silent() const { return silent_; }
    double bytes_per_s() const { return bytes_per_s_; }
    std::size_t size() const { return line_.size(); }  // bytes under way
    // Nothing in flight and no fault could hold a byte back: bytes may bypass add() and take().
    bool passes_at_once() const { return line_.empty() && unhindered_; }
    // Everything that was added has arrived.
    bool is_delivered() const { return line_.empty() && !silent_; }

    void add(std::span<const std::byte> bytes, Instant ready) { line_.add(bytes, ready); }
    // Takes out what has arrived by `now`: nothing in a silence. Valid until the next add().
    std::span<const std::byte> take(Instant now);
    void drop_behind(std::size_t size) { line_.drop_behind(size); }

    // The stream ends behind all bytes, at `ready` at the earliest. No effect if take_end() has returned true already.
    void end(Instant ready);
    void forget_end();  // no effect once take_end() has returned true
    bool has_end() const { return end_ != End::none; }
    // Returns true once: when the end has arrived by `now`.
    bool take_end(Instant now);

    // When the next bytes, or the end, arrive; `never` in a silence.
    Instant next() const;

private:
    enum class End : std::uint8_t { none, coming, taken };

    DelayLine line_;
    double bytes_per_s_ = portillon::faults::unlimited;
    Instant end_ready_{};
    portillon::faults::Direction which_;
    End end_ = End::none;
    bool silent_ = false;
    bool unhindered_ = true;  // neither silent nor delayed nor limited
};

}  // namespace portillon::net::faults
