#pragma once

// What a protocol that travels over HTTP/2 says in a request and reads in a response. A batch is a request, its answer
// the response.

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "driver/driver.h"
#include "drivers/over_http2/response.h"
#include "drivers/over_http2/session.h"
#include "http2/header.h"
#include "net/endpoint.h"

namespace portillon::over_http2 {

class Dialect {
public:
    virtual ~Dialect() = default;

    virtual std::size_t body_bytes(const driver::Batch& batch) const = 0;
    virtual void write_body(const driver::Batch& batch, std::span<std::byte> out) const = 0;

    // Valid until the next call.
    virtual std::span<const http2::Header> request_headers(const driver::Batch& batch, std::size_t body_bytes) = 0;

    virtual void note(Response& response, std::string_view name, std::string_view value) const = 0;
    virtual void note_body(Response&, std::span<const std::byte>) const {}  // in any pieces
    virtual Reading read(const Response& response) const = 0;
    virtual Reading read_reset(const error_code& cause) const = 0;  // instead of a response
};

// The option `keepalive`, 0 if it is not there.
Nanos keepalive_of(const nlohmann::json& options);

// The value of :authority: "host:80", "[::1]:80".
std::string authority_of(const net::Url& target);

}  // namespace portillon::over_http2
