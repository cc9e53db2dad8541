#pragma once

// What a protocol that travels over HTTP/2 reads in a request and says in an answer. A request is a message for ingest,
// or a stream of them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"
#include "http2/header.h"
#include "server/ingest.h"

namespace portillon::server::over_http2 {

// Why a request does not reach ingest.
enum class Refusal : std::uint8_t {
    none,
    headers_too_large,
    not_found,
    wrong_method,
    wrong_media_type,
    unknown_call,
    too_large,
    too_much,         // of unfinished bodies on this connection
    compressed,       // in a way we do not know
    bad_compression,  // in a way that was not named, or not in the way that was
    not_one_message,  // where there should be one
    malformed,
    unfinished,  // and nothing more of it came in time
    late,        // the other side has given up by its own word
    stopping,
};

std::string_view name_of(Refusal refusal);  // "too_large": how it is counted

// The headers that matter, while a request's header list is read. Long values are cut: none that we know is long.
struct RequestHead {
    static constexpr std::size_t most_own_headers = 2;

    std::string method, path, content_type;
    std::string content_encoding;                   // in lower case
    std::array<std::string, most_own_headers> own;  // those that the dialect has named, in its order
    std::uint64_t content_length = 0;
    enum class Expects : std::uint8_t { nothing, to_be_asked } expects = Expects::nothing;  // Expect: 100-continue

    void clear();
    void note(std::string_view name, std::string_view value, std::span<const std::string_view> own_headers);
};

enum class Manner : std::uint8_t { one_message, stream };

struct Judgement {
    Refusal refusal = Refusal::none;
    Nanos patience = Nanos::max();  // for how long the other side waits
    Manner manner = Manner::one_message;
    std::uint8_t coding = 0;  // of what is compressed; a number that only the dialect knows
};

struct Message {
    std::span<const std::byte> bytes;
    Refusal refusal = Refusal::none;
};

// Its parts are valid until the dialect is asked for the next one; trailers forever. To a HEAD the body is not sent.
struct Reply {
    std::span<const portillon::http2::Header> headers;
    std::span<const std::byte> body;
    std::span<const portillon::http2::Header> trailers;
};

// Takes a stream apart into its messages.
class MessageReader {
public:
    virtual ~MessageReader() = default;
    virtual void feed(std::span<const std::byte> piece) = 0;  // which stays until next() has returned nothing
    // The next message that is there whole, unpacked or refused; valid until the next call.
    virtual std::optional<Message> next() = 0;
    virtual Refusal refusal() const = 0;  // of all that follows
    virtual std::size_t gathered_bytes() const = 0;
    virtual bool at_boundary() const = 0;  // no message has begun
    virtual void trim() = 0;               // gives back the memory of large messages
};

class Dialect {
public:
    virtual ~Dialect() = default;
    // Names of headers that judge() wants to see, beside those that have a place of their own in RequestHead.
    virtual std::span<const std::string_view> own_headers() const { return {}; }
    virtual std::size_t framing_bytes() const = 0;  // of a body, beside its message
    virtual Judgement judge(const RequestHead& head) const = 0;
    // Of a whole body. Not larger than `most_bytes`, unpacked.
    virtual Message message(std::span<const std::byte> body, std::uint8_t coding, std::size_t most_bytes) = 0;
    virtual Reply reply(const Decision& decision) = 0;
    virtual Reply refuse(Refusal refusal) = 0;

    // For those that judge something to be a stream.
    virtual std::unique_ptr<MessageReader> read_stream(const Judgement&, std::size_t /* most_bytes */) { return {}; }
    virtual std::span<const portillon::http2::Header> stream_headers() const { return {}; }
    // The answer to `message`, which is empty if it is long gone; nothing if only the stream's end can say it.
    virtual std::span<const std::byte> stream_reply(const Decision&, std::span<const std::byte>) { return {}; }
    virtual std::span<const portillon::http2::Header> stream_end(const Decision&) { return {}; }
    virtual std::span<const portillon::http2::Header> stream_end(Refusal) { return {}; }
};

}  // namespace portillon::server::over_http2
