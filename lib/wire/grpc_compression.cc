#include "wire/grpc_compression.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "wire/decode_error.h"

namespace portillon::wire {

namespace {

constexpr std::size_t step_bytes = 16 << 10;
constexpr std::size_t unknown_bytes = std::numeric_limits<std::size_t>::max();

// The size of the content that the trailer of a gzip member announces (RFC 1952 2.3.1, ISIZE; modulo 2^32, which is
// more than a message may have).
std::size_t announced_bytes(MessageEncoding encoding, std::span<const std::byte> in) {
    if (encoding != MessageEncoding::gzip || in.size() < 4) {
        return unknown_bytes;
    }
    std::size_t size = 0;
    for (std::size_t i = 1; i <= 4; ++i) {
        size = size << 8 | std::to_integer<std::size_t>(in[in.size() - i]);
    }
    return size;
}

class Inflater {
public:
    explicit Inflater(MessageEncoding encoding) {
        const int container = encoding == MessageEncoding::gzip ? 16 : 0;  // 0: zlib's, which HTTP calls deflate
        check(inflateInit2(&stream_, container + MAX_WBITS) == Z_OK, "out of memory");
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // A decompression bomb need not be inflated to be recognised: once the first step has shown that the data is
    // compressed at all, the announced size is believed. Inflating 1 MiB of zeros costs a millisecond, in which the
    // shard serves nobody else.
    error_code run(std::span<const std::byte> in, std::size_t most_bytes, std::size_t announced,
                   std::vector<std::byte>& out) {
        // zlib only reads through this pointer.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        std::size_t used = 0;
        for (;;) {
            // One byte beyond the limit tells whether there is more.
            out.resize(used + std::min(step_bytes, most_bytes + 1 - used));
            stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
            stream_.avail_out = static_cast<uInt>(out.size() - used);
            const int result = ::inflate(&stream_, Z_NO_FLUSH);
            used = out.size() - stream_.avail_out;
            if (used > most_bytes) {
                return DecodeError::too_large;
            }
            if (used > announced) {
                return DecodeError::syntax;
            }
            if (used >= step_bytes && announced > most_bytes && announced < unknown_bytes) {
                return DecodeError::too_large;
            }
            if (result == Z_STREAM_END) {
                out.resize(used);
                return stream_.avail_in == 0 ? error_code{} : DecodeError::syntax;
            }
            if (result == Z_BUF_ERROR || (result == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0)) {
                return DecodeError::truncated;
            }
            if (result != Z_OK) {
                return DecodeError::syntax;
            }
        }
    }

private:
    z_stream stream_{};
};

}  // namespace

std::optional<MessageEncoding> message_encoding_named(std::string_view name) {
    if (name == "identity") {
        return MessageEncoding::identity;
    }
    if (name == "gzip") {
        return MessageEncoding::gzip;
    }
    if (name == "deflate") {
        return MessageEncoding::deflate;
    }
    return std::nullopt;
}

error_code unpack(MessageEncoding encoding, std::span<const std::byte> message, std::size_t most_bytes,
                  std::vector<std::byte>& out) {
    if (encoding == MessageEncoding::identity) {
        if (message.size() > most_bytes) {
            return DecodeError::too_large;
        }
        out.assign(message.begin(), message.end());
        return {};
    }
    const error_code error = Inflater(encoding).run(message, most_bytes, announced_bytes(encoding, message), out);
    if (error) {
        out.clear();
    }
    return error;
}

}  // namespace portillon::wire
