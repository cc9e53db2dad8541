#pragma once

// A server's admin endpoint as anybody could use it: HTTP/1.1 and JSON, one call at a time (lib/server/README.md).

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "net/endpoint.h"
#include "net/loop.h"

namespace portillon::run {

class AdminClient {
public:
    struct Answer {
        int status = 0;       // 0: no answer came, and `problem` says why
        std::string problem;  // in words, when status is not 2xx
        nlohmann::json body;
        bool ok() const { return status >= 200 && status < 300; }
    };

    // `token`: sent as a bearer token unless empty.
    AdminClient(net::Loop& loop, net::Located at, std::string token = {});

    // A connection of its own per call; gives up after `patience`. Arguments by value: they live in the coroutine.
    net::Task<Answer> call(std::string method, std::string path, nlohmann::json body = nullptr, Nanos patience = 10s);

private:
    net::Loop& loop_;
    net::Located at_;
    std::string token_;
};

}  // namespace portillon::run
