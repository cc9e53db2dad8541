#pragma once

// What a protocol that travels over HTTP/2 reads in a request and says in an answer. A request is a message for ingest.

#include <cstddef>
#include <cstdint>
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
    too_much,  // of unfinished bodies on this connection
    compressed,
    malformed,
};

std::string_view name_of(Refusal refusal);  // "too_large": how it is counted

// The headers that matter, while a request's header list is read. Long values are cut: none that we know is long.
struct RequestHead {
    std::string method, path, content_type, timeout;
    std::uint64_t content_length = 0;

    void clear();
    void note(std::string_view name, std::string_view value);
};

struct Judgement {
    Refusal refusal = Refusal::none;
    Nanos patience = Nanos::max();  // for how long the other side waits
};

struct Message {
    std::span<const std::byte> bytes;
    Refusal refusal = Refusal::none;
};

// Its parts are valid until the dialect is asked for the next one; trailers forever.
struct Reply {
    std::span<const portillon::http2::Header> headers;
    std::span<const std::byte> body;
    std::span<const portillon::http2::Header> trailers;
};

enum class Timeliness : std::uint8_t { in_time, late };

class Dialect {
public:
    virtual ~Dialect() = default;
    virtual std::size_t framing_bytes() const = 0;  // of a body, beside its message
    virtual Judgement judge(const RequestHead& head) const = 0;
    virtual Message message(std::span<const std::byte> body) const = 0;
    virtual Reply reply(const Decision& decision, Timeliness timeliness) = 0;
    virtual Reply refuse(Refusal refusal) = 0;
};

}  // namespace portillon::server::over_http2
