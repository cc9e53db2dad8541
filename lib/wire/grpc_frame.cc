#include "wire/grpc_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "wire/decode_error.h"

namespace portillon::wire {

namespace {

struct Unit {
    char letter;
    std::int64_t ns;
};

// From fine to coarse.
constexpr std::array<Unit, 6> units = {
    {{'n', 1}, {'u', 1'000}, {'m', 1'000'000}, {'S', 1'000'000'000}, {'M', 60'000'000'000}, {'H', 3'600'000'000'000}}};

constexpr std::int64_t most_digits_value = 99'999'999;

}  // namespace

void write_grpc_prefix(std::size_t message_bytes, std::span<std::byte, grpc_prefix_bytes> out) {
    check(message_bytes <= UINT32_MAX, "gRPC message too large");
    out[0] = std::byte{0};
    for (std::size_t i = 0; i < 4; ++i) {
        out[1 + i] = static_cast<std::byte>(message_bytes >> (24 - 8 * i));
    }
}

void GrpcFrameReader::feed(std::span<const std::byte> piece) {
    check(piece_.empty() || error_, "fed before the last piece was read");
    piece_ = piece;
}

std::optional<GrpcMessage> GrpcFrameReader::next() {
    if (handed_out_) {
        gathered_.clear();
        handed_out_ = false;
    }
    if (error_) {
        return std::nullopt;
    }
    if (!gathered_.empty() || piece_.size() < grpc_prefix_bytes) {
        return next_gathered();
    }
    const std::size_t size = message_bytes(piece_);
    if (error_) {
        return std::nullopt;
    }
    if (piece_.size() - grpc_prefix_bytes < size) {
        return next_gathered();
    }
    const GrpcMessage message{static_cast<Compression>(piece_[0]), piece_.subspan(grpc_prefix_bytes, size)};
    piece_ = piece_.subspan(grpc_prefix_bytes + size);
    return message;
}

void GrpcFrameReader::trim() {
    if (at_boundary()) {
        gathered_ = {};
        handed_out_ = false;
    }
}

std::optional<GrpcMessage> GrpcFrameReader::next_gathered() {
    if (!gather(grpc_prefix_bytes)) {
        return std::nullopt;
    }
    const std::size_t size = message_bytes(gathered_);
    if (error_ || !gather(grpc_prefix_bytes + size)) {
        return std::nullopt;
    }
    handed_out_ = true;
    return GrpcMessage{static_cast<Compression>(gathered_[0]),
                       std::span<const std::byte>(gathered_).subspan(grpc_prefix_bytes)};
}

// Moves bytes from the piece to the gathered message; returns whether it has as many as wanted.
bool GrpcFrameReader::gather(std::size_t wanted_bytes) {
    if (gathered_.size() < wanted_bytes) {
        const std::size_t taken = std::min(wanted_bytes - gathered_.size(), piece_.size());
        gathered_.insert(gathered_.end(), piece_.begin(), piece_.begin() + static_cast<std::ptrdiff_t>(taken));
        piece_ = piece_.subspan(taken);
    }
    return gathered_.size() >= wanted_bytes;
}

std::size_t GrpcFrameReader::message_bytes(std::span<const std::byte> prefix) {
    std::size_t size = 0;
    for (std::size_t i = 1; i < grpc_prefix_bytes; ++i) {
        size = size << 8 | static_cast<std::size_t>(prefix[i]);
    }
    if (prefix[0] > std::byte{1}) {
        error_ = DecodeError::syntax;
    } else if (size > most_message_bytes_) {
        error_ = DecodeError::too_large;
    }
    return size;
}

std::string format_grpc_timeout(Nanos timeout) {
    const std::int64_t left_ns = std::max<std::int64_t>(timeout.count(), 0);
    for (const Unit& unit : units) {
        const std::int64_t count = left_ns / unit.ns + (left_ns % unit.ns != 0 ? 1 : 0);
        if (count <= most_digits_value) {
            return fmt::format("{}{}", count, unit.letter);
        }
    }
    check(false, "unreachable: Nanos ends at 2,562,048 hours");
    return {};
}

std::optional<Nanos> parse_grpc_timeout(std::string_view text) {
    if (text.size() < 2 || text.size() > 9) {
        return std::nullopt;
    }
    std::uint32_t count = 0;
    const char* const letter = &text.back();
    if (const auto [end, error] = std::from_chars(text.data(), letter, count); error != std::errc{} || end != letter) {
        return std::nullopt;
    }
    const auto unit =
        std::find_if(units.begin(), units.end(), [&](const Unit& each) { return each.letter == *letter; });
    if (unit == units.end()) {
        return std::nullopt;
    }
    return count > Nanos::max().count() / unit->ns ? Nanos::max() : Nanos{count * unit->ns};
}

}  // namespace portillon::wire
