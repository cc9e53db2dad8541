#include "net/faults/delay_line.h"

#include <algorithm>
#include <cmath>

namespace portillon::net::faults {

namespace {

constexpr std::size_t segment_bytes = 1'460;  // what an Ethernet's TCP segment holds: a piece comes through in these

}  // namespace

void DelayLine::add(std::span<const std::byte> bytes, Instant ready) {
    if (bytes.empty()) {
        return;
    }
    if (empty()) {
        bytes_.clear();
        pieces_.clear();
        from_ = front_ = 0;
    } else {
        ready = std::max(ready, pieces_.back().ready);
        if (from_ > bytes_.size() / 2) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(from_));
            from_ = 0;
            pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(front_));
            front_ = 0;
        }
    }
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    pieces_.push_back({ready, bytes.size()});
}

std::size_t DelayLine::segment(double bytes_per_s) const {
    const auto size = pieces_[front_].size;
    return std::isinf(bytes_per_s) ? size : std::min(size, segment_bytes);
}

Instant DelayLine::through_at(double bytes_per_s) const {
    const Instant ready = pieces_[front_].ready;
    if (std::isinf(bytes_per_s)) {
        return ready;
    }
    const auto carried_s = static_cast<double>(segment(bytes_per_s)) / bytes_per_s;
    return std::max(ready, line_free_) + Nanos{std::llround(carried_s * 1e9)};
}

std::span<const std::byte> DelayLine::take(Instant now, double bytes_per_s) {
    const std::size_t begin = from_;
    while (!empty()) {
        const Instant at = through_at(bytes_per_s);
        if (at > now) {
            break;
        }
        const auto size = segment(bytes_per_s);
        line_free_ = std::max(line_free_, at);
        from_ += size;
        pieces_[front_].size -= size;
        front_ += pieces_[front_].size == 0 ? 1 : 0;
    }
    return std::span<const std::byte>(bytes_).subspan(begin, from_ - begin);
}

Instant DelayLine::next(double bytes_per_s) const {
    return empty() ? never : through_at(bytes_per_s);
}

void DelayLine::drop_behind(std::size_t size) {
    if (size >= this->size()) {
        return;
    }
    bytes_.resize(from_ + size);
    auto piece = front_;
    for (; size > pieces_[piece].size; ++piece) {
        size -= pieces_[piece].size;
    }
    pieces_[piece].size = size;
    pieces_.resize(size > 0 ? piece + 1 : piece);
}

}  // namespace portillon::net::faults
