#pragma once

// The reference server that `portillon run` starts when no target is named: the same program as `portillon serve`, on
// ports of the kernel's choice. It ends when this object does, or when this process dies.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "net/endpoint.h"
#include "net/loop.h"
#include "run/link.h"
#include "run/process.h"

namespace portillon::run {

class EmbeddedServer {
public:
    // What was lost of it, in words, at once: one of its shards, or all of it (then it is `gone()`).
    using Lost = std::function<void(const std::string& what)>;

    // With one listener, of the given name. Nothing if it did not come up; `problem` (outlives the call) says why.
    static net::Task<std::unique_ptr<EmbeddedServer>> start(net::Loop& loop, std::string listener, unsigned shards,
                                                            const Lost& lost, std::string& problem);
    ~EmbeddedServer();  // ends it: gently, and after a few seconds hard

    const net::Endpoint& target() const { return target_; }
    const net::Endpoint& admin() const { return admin_; }
    pid_t pid() const { return process_->pid(); }
    bool gone() const { return gone_; }

private:
    EmbeddedServer() = default;
    void mourn(const error_code& cause, const Lost& lost);
    std::optional<Process> process_;
    std::unique_ptr<Link> link_;
    net::Endpoint target_, admin_;
    bool gone_ = false;
};

}  // namespace portillon::run
