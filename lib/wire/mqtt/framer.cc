#include "wire/mqtt/framer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace portillon::wire::mqtt {

namespace {

constexpr Violation reserved_type{Reason::malformed_packet, "packet type 0"};
constexpr Violation bad_length{Reason::malformed_packet, "remaining length is not a variable byte integer"};
constexpr Violation too_large{Reason::packet_too_large, "packet larger than agreed"};

// The fixed header at the front of `bytes`; header_bytes is 0 while it is incomplete.
struct FixedHeader {
    std::size_t header_bytes = 0;
    std::size_t remaining_bytes = 0;
    Frame::Length length = Frame::Length::shortest;
    Violation violation;
};

FixedHeader read_fixed_header(std::span<const std::byte> bytes, Frame::Length most_padding) {
    FixedHeader header;
    if (bytes.empty()) {
        return header;
    }
    if (bytes[0] < std::byte{0x10}) {
        header.violation = reserved_type;
        return header;
    }
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::size_t>(bytes[i]);
        header.remaining_bytes |= (byte & 0x7F) << (7 * (i - 1));
        if (byte < 0x80) {
            header.header_bytes = i + 1;
            if (byte == 0 && i > 1) {
                header.length = Frame::Length::padded;
                header.violation = most_padding == Frame::Length::shortest ? bad_length : Violation{};
            }
            return header;
        }
        if (i == 4) {
            header.violation = bad_length;
            return header;
        }
    }
    return header;
}

}  // namespace

void Framer::feed(std::span<const std::byte> piece) {
    check(piece_.empty() || violation_, "fed before the last piece was read");
    piece_ = piece;
}

std::optional<Frame> Framer::next() {
    if (handed_out_) {
        gathered_.clear();
        if (gathered_.capacity() > most_kept_bytes) {
            gathered_ = {};
        }
        handed_out_ = false;
    }
    if (violation_ || piece_.empty()) {
        return std::nullopt;
    }
    if (!gathered_.empty()) {
        return next_gathered();
    }
    const FixedHeader header = read_fixed_header(piece_, most_padding_);
    const std::size_t size = header.header_bytes + header.remaining_bytes;
    if (header.violation || (header.header_bytes > 0 && size > most_packet_bytes_)) {
        violation_ = header.violation ? header.violation : too_large;
        return std::nullopt;
    }
    if (header.header_bytes == 0 || piece_.size() < size) {
        gathered_.assign(piece_.begin(), piece_.end());
        piece_ = {};
        return std::nullopt;
    }
    const Frame frame{static_cast<std::uint8_t>(piece_[0]), piece_.subspan(header.header_bytes, header.remaining_bytes),
                      header.length};
    piece_ = piece_.subspan(size);
    return frame;
}

std::span<const std::byte> Framer::put_back() {
    check(at_boundary(), "put back what belongs to a packet that has begun");
    return std::exchange(piece_, {});
}

// Gathers byte by byte until the header is complete, then all that is missing at once.
std::optional<Frame> Framer::next_gathered() {
    FixedHeader header = read_fixed_header(gathered_, most_padding_);
    while (header.header_bytes == 0 && !piece_.empty()) {
        gathered_.push_back(piece_.front());
        piece_ = piece_.subspan(1);
        header = read_fixed_header(gathered_, most_padding_);
        if (header.violation) {
            violation_ = header.violation;
            return std::nullopt;
        }
    }
    if (header.header_bytes == 0) {
        return std::nullopt;
    }
    const std::size_t size = header.header_bytes + header.remaining_bytes;
    if (size > most_packet_bytes_) {
        violation_ = too_large;
        return std::nullopt;
    }
    const std::size_t taken = std::min(size - gathered_.size(), piece_.size());
    gathered_.insert(gathered_.end(), piece_.begin(), piece_.begin() + static_cast<std::ptrdiff_t>(taken));
    piece_ = piece_.subspan(taken);
    if (gathered_.size() < size) {
        return std::nullopt;
    }
    handed_out_ = true;
    return Frame{static_cast<std::uint8_t>(gathered_[0]),
                 std::span<const std::byte>(gathered_).subspan(header.header_bytes), header.length};
}

}  // namespace portillon::wire::mqtt
