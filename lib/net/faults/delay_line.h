#pragma once

// The bytes in flight in one direction of a connection, in order: each piece has its own delay, and all share the
// bandwidth of the line. Pure: instants are arguments. Its memory is reused.

#include <cstddef>
#include <span>
#include <vector>

#include "base/units.h"

namespace portillon::net::faults {

class DelayLine {
public:
    bool empty() const { return size() == 0; }
    std::size_t size() const { return bytes_.size() - from_; }

    // Adds a piece, which arrives at `ready` at the earliest, and never before the pieces in front of it.
    void add(std::span<const std::byte> bytes, Instant ready);

    // Takes out what has arrived by `now` over a line of this bandwidth. The bytes are valid until the next add().
    std::span<const std::byte> take(Instant now, double bytes_per_s);

    // When the next bytes arrive; `never` when the line is empty.
    Instant next(double bytes_per_s) const;

    // The line transmitted nothing before `now`, so that it does not catch up on a silence.
    void stand_still_until(Instant now) { line_free_ = std::max(line_free_, now); }

    // Drops all but the first `size` bytes.
    void drop_behind(std::size_t size);

private:
    struct Piece {
        Instant ready{};
        std::size_t size = 0;
    };
    // The bytes that arrive together: the front piece, or one TCP segment of it if the bandwidth is limited.
    std::size_t segment(double bytes_per_s) const;
    Instant through_at(double bytes_per_s) const;

    std::vector<std::byte> bytes_;
    std::size_t from_ = 0;
    std::vector<Piece> pieces_;
    std::size_t front_ = 0;  // index of the front piece in pieces_
    Instant line_free_{};    // when the line has transmitted everything that has left it
};

}  // namespace portillon::net::faults
