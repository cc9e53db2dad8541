#pragma once

// How a protocol over HTTP/2 reads a request and writes its answer. A request is one message for ingest, or a stream of
// them.

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

namespace portillon::server::listeners::over_http2 {

// Why a request does not reach ingest.
enum class Refusal : std::uint8_t {
    none,
    headers_too_large,
    not_found,
    wrong_method,
    wrong_media_type,
    unknown_call,
    too_large,
    too_much,         // unfinished bodies on this connection
    compressed,       // with a coding that we do not know
    bad_compression,  // with a coding that was not named, or not with the one that was
    not_one_message,  // none, or several, where there should be one
    malformed,
    unfinished,  // and the rest did not come in time
    late,        // the client's own deadline has passed
    stopping,
};

std::string_view name_of(Refusal refusal);  // "too_large": the name under which it is counted

// The headers that matter, while a request's header list is read. Long values are cut: no known value is long.
struct RequestHead {
    static constexpr std::size_t most_own_headers = 2;

    std::string method, path, content_type;
    std::string content_encoding;                   // in lower case
    std::array<std::string, most_own_headers> own;  // the values of own_headers(), in that order
    std::uint64_t content_length = 0;
    enum class Expects : std::uint8_t { nothing, to_be_asked } expects = Expects::nothing;  // Expect: 100-continue

    void clear();
    void note(std::string_view name, std::string_view value, std::span<const std::string_view> own_headers);
};

enum class Manner : std::uint8_t { one_message, stream };

struct Judgement {
    Refusal refusal = Refusal::none;
    Nanos patience = Nanos::max();  // how long the other side waits
    Manner manner = Manner::one_message;
    std::uint8_t coding = 0;  // of a compressed message; a number that only the dialect knows
};

struct Message {
    std::span<const std::byte> bytes;
    Refusal refusal = Refusal::none;
};

// The headers and the body are valid until the dialect is asked for the next reply; the trailers for ever. The body is
// not sent to a HEAD.
struct Reply {
    std::span<const portillon::http2::Header> headers;
    std::span<const std::byte> body;
    std::span<const portillon::http2::Header> trailers;
};

// Splits a stream into its messages.
class MessageReader {
public:
    virtual ~MessageReader() = default;
    virtual void feed(std::span<const std::byte> piece) = 0;  // which stays valid until next() has returned nothing
    // The next complete message, decompressed or refused; valid until the next call.
    virtual std::optional<Message> next() = 0;
    virtual Refusal refusal() const = 0;  // of all that follows
    virtual std::size_t gathered_bytes() const = 0;
    virtual bool at_boundary() const = 0;  // no message has begun
    virtual void trim() = 0;               // frees the memory of large messages
};

class Dialect {
public:
    virtual ~Dialect() = default;
    // Names of headers that judge() wants to see, beside those with a member of their own in RequestHead.
    virtual std::span<const std::string_view> own_headers() const { return {}; }
    virtual std::size_t framing_bytes() const = 0;  // of a body, beside its message
    virtual Judgement judge(const RequestHead& head) const = 0;
    // The message in a whole body; at most `most_bytes` when decompressed.
    virtual Message message(std::span<const std::byte> body, std::uint8_t coding, std::size_t most_bytes) = 0;
    virtual Reply reply(const Decision& decision) = 0;
    virtual Reply refuse(Refusal refusal) = 0;

    // These are for dialects that judge some requests to be streams.
    virtual std::unique_ptr<MessageReader> read_stream(const Judgement&, std::size_t /* most_bytes */) { return {}; }
    virtual std::span<const portillon::http2::Header> stream_headers() const { return {}; }
    // The answer to `message`, which is empty if it is no longer available; nothing if only the stream's end can tell.
    virtual std::span<const std::byte> stream_reply(const Decision&, std::span<const std::byte>) { return {}; }
    virtual std::span<const portillon::http2::Header> stream_end(const Decision&) { return {}; }
    virtual std::span<const portillon::http2::Header> stream_end(Refusal) { return {}; }
};

}  // namespace portillon::server::listeners::over_http2
