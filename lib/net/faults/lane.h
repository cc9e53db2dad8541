#pragma once

// One direction of a way: bytes that are under way, in order. Knows no clock. Its memory is used again.

#include <cstddef>
#include <span>
#include <vector>

#include "base/units.h"

namespace portillon::net {

class Lane {
public:
    bool empty() const { return size() == 0; }
    std::size_t size() const { return bytes_.size() - from_; }

    // A piece, which comes through at `ready` at the earliest, and never before those in front of it.
    void add(std::span<const std::byte> bytes, Instant ready);

    // What has come through by `now` over a line of this rate; it is taken out, and valid until the next add(). What
    // is added meanwhile counts from its own time on.
    std::span<const std::byte> take(Instant now, double bytes_per_s);

    // When the next bytes come through; `never` when it is empty.
    Instant next(double bytes_per_s) const;

    // Nothing went over the line before `now`.
    void stand_still_until(Instant now) { line_free_ = std::max(line_free_, now); }

    // All but the first `size` bytes.
    void drop_behind(std::size_t size);

private:
    struct Piece {
        Instant ready{};
        std::size_t size = 0;
    };
    // Of the front piece, as it lies on the line.
    std::size_t segment(double bytes_per_s) const;
    Instant through_at(double bytes_per_s) const;

    std::vector<std::byte> bytes_;
    std::size_t from_ = 0;
    std::vector<Piece> pieces_;
    std::size_t front_ = 0;  // of pieces_
    Instant line_free_{};    // when the line has carried what is gone
};

}  // namespace portillon::net
