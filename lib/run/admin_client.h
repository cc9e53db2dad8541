#pragma once

// Calls a server's admin endpoint over HTTP/1.1 with JSON, as any client could (lib/server/README.md). One call at a
// time.

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "net/endpoint.h"
#include "net/loop.h"

namespace portillon::run {

class AdminClient {
public:
    struct Answer {
        int status = 0;       // HTTP status; 0: no answer came, and `problem` says why
        std::string problem;  // in words, when status is not 2xx
        nlohmann::json body;
        bool ok() const { return status >= 200 && status < 300; }
    };

    // `token` is sent as a bearer token unless it is empty.
    AdminClient(net::Loop& loop, net::Located at, std::string token = {});

    // Opens a connection for each call; gives up after `patience`. Arguments are values because they live in the
    // coroutine.
    net::Task<Answer> call(std::string method, std::string path, nlohmann::json body = nullptr, Nanos patience = 10s);

private:
    net::Loop& loop_;
    net::Located at_;
    std::string token_;
};

}  // namespace portillon::run
