#pragma once

// Splits a connection's bytes, which come in any pieces, into control packets, without parsing their bodies.
// Source: MQTT 3.1.1 and 5.0, 2.1 (fixed header), 5.0 1.5.5 (variable byte integer).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wire/mqtt/reason.h"

namespace portillon::wire::mqtt {

// MQTT 5.0, 2.1.2. The numbers are those on the wire.
enum class PacketType : std::uint8_t {
    connect = 1,
    connack,
    publish,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    subscribe,
    suback,
    unsubscribe,
    unsuback,
    pingreq,
    pingresp,
    disconnect,
    auth,
};

struct Frame {
    std::uint8_t first_byte = 0;
    std::span<const std::byte> body;  // as long as the remaining length says
    enum class Length : std::uint8_t { shortest, padded } length = Length::shortest;  // of the remaining length

    PacketType type() const { return static_cast<PacketType>(first_byte >> 4); }
    std::uint8_t flags() const { return first_byte & 0x0F; }
};

// The largest remaining length, and the size of its packet.
inline constexpr std::size_t largest_remaining_length = 268'435'455;
inline constexpr std::size_t largest_packet_bytes = largest_remaining_length + 5;

// A packet that lies whole in a piece is a view of it; only packets that are split are gathered in the framer.
//
//     framer.feed(piece);
//     while (auto frame = framer.next()) { ... }            // each valid until the next call
//     if (framer.violation()) { ... }
class Framer {
public:
    // most_packet_bytes counts the fixed header, as Maximum Packet Size does (5.0, 3.1.2.11.4). A longer packet is
    // refused as soon as its length is known; nothing is gathered for it.
    explicit Framer(std::size_t most_packet_bytes = largest_packet_bytes) { allow(most_packet_bytes); }

    // Changes the limit from the next packet on.
    void allow(std::size_t most_packet_bytes) {
        most_packet_bytes_ = static_cast<std::uint32_t>(std::min(most_packet_bytes, largest_packet_bytes));
    }

    // Whether a remaining length may have more bytes than necessary depends on the version: 5.0 (1.5.5) forbids it,
    // 3.1.1 does not.
    void allow_padded_lengths() { most_padding_ = Frame::Length::padded; }
    void forbid_padded_lengths() { most_padding_ = Frame::Length::shortest; }

    // `piece` must stay valid until next() has returned nothing. Not to be called before the last piece was read to its
    // end.
    void feed(std::span<const std::byte> piece);

    // The next packet; nothing when the piece is used up, or after a violation, which is final.
    std::optional<Frame> next();

    // The rest of the piece, to be fed again later. Not allowed while a packet has begun.
    std::span<const std::byte> put_back();

    // Type 0, a remaining length of more than 4 bytes, or a packet that is too large.
    const Violation& violation() const { return violation_; }

    // Whether the bytes so far end with the end of a packet.
    bool at_boundary() const { return handed_out_ || gathered_.empty(); }

    // The bytes kept of an unfinished packet.
    std::size_t unfinished_bytes() const { return handed_out_ ? 0 : gathered_.size(); }

private:
    // A split packet larger than this frees its memory: most connections never see another one.
    static constexpr std::size_t most_kept_bytes = 512;

    std::optional<Frame> next_gathered();

    std::uint32_t most_packet_bytes_ = 0;
    Frame::Length most_padding_ = Frame::Length::shortest;
    bool handed_out_ = false;
    std::span<const std::byte> piece_;
    std::vector<std::byte> gathered_;
    Violation violation_;
};

}  // namespace portillon::wire::mqtt
