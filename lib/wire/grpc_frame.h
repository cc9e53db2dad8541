#pragma once

// gRPC over HTTP/2, without the HTTP/2: length-prefixed messages and the header grpc-timeout.
// Source: grpc/doc/PROTOCOL-HTTP2.md.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/units.h"

namespace portillon::wire {

// A message is sent as one byte (0: plain, 1: compressed), its length in 4 bytes, big-endian, and its bytes.
inline constexpr std::size_t grpc_prefix_bytes = 5;

void write_grpc_prefix(std::size_t message_bytes, std::span<std::byte, grpc_prefix_bytes> out);

enum class Compression : std::uint8_t { plain, compressed };

struct GrpcMessage {
    Compression compression = Compression::plain;
    std::span<const std::byte> body;
};

// Splits the bytes of one direction of one call, which come in any pieces, into messages. A message that lies whole in
// a piece is a view of it; others are gathered in the reader.
//
//     reader.feed(piece);
//     while (auto message = reader.next()) { ... }          // each valid until the next call
//     if (reader.error()) { ... }
class GrpcFrameReader {
public:
    explicit GrpcFrameReader(std::size_t most_message_bytes) : most_message_bytes_(most_message_bytes) {}

    // `piece` must stay valid until next() has returned nothing. Not to be called before the last piece was read to its
    // end.
    void feed(std::span<const std::byte> piece);

    // The next message; nothing when the piece is used up, or when error() is set, which is final.
    std::optional<GrpcMessage> next();

    // Frees the memory of the last gathered message; to be called between two pieces.
    void trim();

    const error_code& error() const { return error_; }  // syntax (an unknown flag) or too_large

    // The bytes kept of an unfinished message.
    std::size_t gathered_bytes() const { return handed_out_ ? 0 : gathered_.size(); }

    // Whether the stream may end here: not within a message.
    bool at_boundary() const { return handed_out_ || gathered_.empty(); }

private:
    bool gather(std::size_t wanted_bytes);
    std::size_t message_bytes(std::span<const std::byte> prefix);
    std::optional<GrpcMessage> next_gathered();

    std::size_t most_message_bytes_;
    std::span<const std::byte> piece_;
    std::vector<std::byte> gathered_;
    bool handed_out_ = false;
    error_code error_;
};

// grpc-timeout: at most 8 digits and a unit (H M S m u n); the finest unit that fits, rounded up.
std::string format_grpc_timeout(Nanos timeout);
// Nothing if the text has another form; a time beyond Nanos becomes the longest one.
std::optional<Nanos> parse_grpc_timeout(std::string_view text);

}  // namespace portillon::wire
