// The first byte chooses the size of the pieces into which the rest is cut: the messages must be the same as from one
// piece.

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "wire/grpc_frame.h"
#include "wire/grpc_status.h"
#include "wire/percent.h"

namespace {

using namespace portillon;

std::vector<std::string> read(std::span<const std::byte> bytes, std::size_t piece_bytes, error_code& error) {
    wire::GrpcFrameReader reader(1'000);
    std::vector<std::string> messages;
    while (!bytes.empty() && !reader.error()) {
        const std::size_t taken = std::min(piece_bytes, bytes.size());
        reader.feed(bytes.first(taken));
        while (const auto message = reader.next()) {
            messages.emplace_back(reinterpret_cast<const char*>(message->body.data()), message->body.size());
        }
        bytes = bytes.subspan(taken);
    }
    error = reader.error();
    return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto stream = std::as_bytes(std::span(bytes + 1, size - 1));
    error_code whole_error;
    error_code split_error;
    const auto whole = read(stream, SIZE_MAX, whole_error);
    const auto split = read(stream, std::size_t{1} + bytes[0], split_error);
    check(whole == split && whole_error == split_error, "splitting changes nothing");

    const std::string_view text(reinterpret_cast<const char*>(stream.data()), stream.size());
    wire::parse_grpc_timeout(text);
    wire::parse_grpc_status(text);
    check(wire::percent_decode(wire::percent_encode(text)) == text, "percent encoding is undone by decoding");
    return 0;
}
