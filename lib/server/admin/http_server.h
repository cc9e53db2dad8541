#pragma once

// HTTP/1.1 for the admin endpoint: few connections, bounded in header, body and time, on the conductor's loop.

#include <functional>
#include <memory>
#include <string>

#include "net/endpoint.h"
#include "net/loop.h"
#include "net/transport.h"
#include "server/admin/admin.h"

namespace portillon::server::admin {

struct HttpLimits {
    std::size_t connections = 64;
    std::uint32_t header_bytes = 8 << 10;
    Nanos request = 30s;  // from its first byte to its last
    Nanos idle = 60s;     // between requests
};

class HttpServer {
public:
    using Respond = std::function<net::Task<AdminAnswer>(AdminRequest)>;

    // `token`: requests must have "Authorization: Bearer <token>"; empty: none is required.
    HttpServer(net::Loop& loop, std::string token, Respond respond, HttpLimits limits = {});
    ~HttpServer();  // only after stopped() has completed

    error_code listen(const net::Endpoint& at);
    net::Endpoint at() const;  // after listen()

    // Serves a connection as if it had been accepted.
    void serve(std::unique_ptr<net::Transport> transport);

    // Closes all connections; completes when every request under way has ended.
    net::Task<void> stopped();

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace portillon::server::admin
