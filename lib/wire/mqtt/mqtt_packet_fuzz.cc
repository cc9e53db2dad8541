// The lowest bit of the first byte is the version, the rest the size of the pieces into which the stream is cut. A
// packet that is accepted must, when written again, be accepted and come out the same.

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "wire/mqtt/packet.h"

namespace {

using namespace portillon;
using namespace portillon::wire::mqtt;

struct Owned {
    std::uint8_t first_byte;
    std::vector<std::byte> body;
    bool operator==(const Owned&) const = default;
};

std::vector<Owned> read(std::span<const std::byte> bytes, std::size_t piece_bytes, Reason& reason) {
    Framer framer(100'000);
    std::vector<Owned> frames;
    while (!bytes.empty() && !framer.violation()) {
        const std::size_t taken = std::min(piece_bytes, bytes.size());
        framer.feed(bytes.first(taken));
        while (const auto frame = framer.next()) {
            frames.push_back({frame->first_byte, {frame->body.begin(), frame->body.end()}});
        }
        bytes = bytes.subspan(taken);
    }
    reason = framer.violation().reason;
    return frames;
}

std::size_t size_of(const Connect& packet, Version) {
    return encoded_size(packet);
}
std::size_t size_of(const Auth& packet, Version) {
    return encoded_size(packet);
}
std::size_t size_of(const Publish& packet, Version version) {
    return publish_head_size(packet, version, packet.payload.size()) + packet.payload.size();
}
std::size_t size_of(const auto& packet, Version version) {
    return encoded_size(packet, version);
}

std::size_t write(const Connect& packet, Version, std::span<std::byte> out) {
    return encode(packet, out);
}
std::size_t write(const Auth& packet, Version, std::span<std::byte> out) {
    return encode(packet, out);
}
std::size_t write(const Publish& packet, Version version, std::span<std::byte> out) {
    const std::size_t head = encode_publish_head(packet, version, packet.payload.size(), out);
    std::copy(packet.payload.begin(), packet.payload.end(), out.begin() + static_cast<std::ptrdiff_t>(head));
    return head + packet.payload.size();
}
std::size_t write(const auto& packet, Version version, std::span<std::byte> out) {
    return encode(packet, version, out);
}

Violation read_packet(const Frame& frame, Version, Connect& into) {
    return parse(frame, into);
}
// The lists of reasons of the two senders differ a little; a packet that neither may send is refused.
template <class Packet>
Violation read_either(const Frame& frame, Version version, Packet& into) {
    const Violation violation = parse(frame, version, Sender::client, into);
    return violation ? parse(frame, version, Sender::server, into) : violation;
}
Violation read_packet(const Frame& frame, Version version, Disconnect& into) {
    return read_either(frame, version, into);
}
Violation read_packet(const Frame& frame, Version version, Auth& into) {
    return read_either(frame, version, into);
}
Violation read_packet(const Frame& frame, Version version, auto& into) {
    return parse(frame, version, into);
}

template <class Packet>
std::vector<std::byte> written(const Packet& packet, Version version) {
    std::vector<std::byte> bytes(size_of(packet, version));
    check(write(packet, version, bytes) == bytes.size(), "a packet has its announced size");
    return bytes;
}

template <class Packet>
void round_trip(const Frame& frame, Version version) {
    Packet packet;
    if (read_packet(frame, version, packet)) {
        return;
    }
    const std::vector<std::byte> bytes = written(packet, version);
    Framer framer;
    framer.feed(bytes);
    const auto again = framer.next();
    check(again.has_value() && !framer.next(), "what was written is one packet");
    Packet second;
    const Violation violation = read_packet(*again, version, second);
    check(!violation, "what was written is accepted");
    check(written(second, version) == bytes, "what was written reads back the same");
}

void parse_any(const Frame& frame, Version version) {
    switch (frame.type()) {
        case PacketType::connect:
            return round_trip<Connect>(frame, version);
        case PacketType::connack:
            return round_trip<Connack>(frame, version);
        case PacketType::publish:
            return round_trip<Publish>(frame, version);
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubrel:
        case PacketType::pubcomp:
            return round_trip<Acknowledgement>(frame, version);
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            return round_trip<Subscribe>(frame, version);
        case PacketType::suback:
        case PacketType::unsuback:
            return round_trip<Suback>(frame, version);
        case PacketType::pingreq:
        case PacketType::pingresp:
            (void)parse_ping(frame).reason;
            return;
        case PacketType::disconnect:
            return round_trip<Disconnect>(frame, version);
        case PacketType::auth:
            return round_trip<Auth>(frame, version);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto stream = std::as_bytes(std::span(bytes + 1, size - 1));
    const Version version = (bytes[0] & 1) != 0 ? Version::v5 : Version::v3_1_1;
    Reason whole_reason{};
    Reason split_reason{};
    const std::vector<Owned> whole = read(stream, SIZE_MAX, whole_reason);
    const std::vector<Owned> split = read(stream, std::size_t{1} + (bytes[0] >> 1), split_reason);
    check(whole == split && whole_reason == split_reason, "splitting changes nothing");
    for (const Owned& frame : whole) {
        parse_any({frame.first_byte, frame.body}, version);
    }
    return 0;
}
