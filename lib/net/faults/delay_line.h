#pragma once

// Bytes that are under way in one direction of a connection, in order: each piece has a delay, and all share the rate
// of the line. Pure: instants are given. The memory is used again.

#include <cstddef>
#include <span>
#include <vector>

#include "base/units.h"

namespace portillon::net {

class DelayLine {
public:
    bool empty() const { return size() == 0; }
    std::size_t size() const { return bytes_.size() - from_; }

    // Adds a piece, which comes through at `ready` at the earliest, and never before those in front of it.
    void add(std::span<const std::byte> bytes, Instant ready);

    // Takes out what has come through by `now` over a line of this rate. The bytes are valid until the next add().
    std::span<const std::byte> take(Instant now, double bytes_per_s);

    // When the next bytes come through; `never` when it is empty.
    Instant next(double bytes_per_s) const;

    // The line carried nothing before `now`, so that it does not make up for a silence.
    void stand_still_until(Instant now) { line_free_ = std::max(line_free_, now); }

    // Drops all but the first `size` bytes.
    void drop_behind(std::size_t size);

private:
    struct Piece {
        Instant ready{};
        std::size_t size = 0;
    };
    // The bytes that come through together: the front piece, or a TCP segment of it if the rate is limited.
    std::size_t segment(double bytes_per_s) const;
    Instant through_at(double bytes_per_s) const;

    std::vector<std::byte> bytes_;
    std::size_t from_ = 0;
    std::vector<Piece> pieces_;
    std::size_t front_ = 0;  // of pieces_
    Instant line_free_{};    // when the line has carried what is gone
};

}  // namespace portillon::net
