#pragma once

// The reference server that `portillon run` starts if no target is named: a process of its own that runs `portillon
// serve` on ports of the kernel's choice. It ends with this object, or when this process dies.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "link/worker.h"
#include "net/loop.h"
#include "run/target.h"

namespace portillon::run {

class EmbeddedTarget final : public Target {
public:
    // Called at once when a shard of the server, or the whole server, was lost; `what` describes it in words.
    using Lost = std::function<void(const std::string& what)>;

    // The server gets one listener, of the given name, for URLs of `scheme`. The loop outlives the target.
    EmbeddedTarget(net::Loop& loop, std::string listener, std::string scheme, unsigned shards, Lost lost);
    ~EmbeddedTarget() override;

    net::Task<std::string> start() override;
    net::Located at() const override;
    std::string name() const override { return "embedded"; }
    bool is_embedded() const override { return true; }
    std::unique_ptr<Ledger> ledger_of(RunId run) override;
    bool gone() const override { return gone_; }
    std::vector<std::string> losses() const override { return losses_; }
    void end() override;  // closes the link, waits up to 5 s for the server to exit, then kills it

private:
    void lose(const std::string& what);

    net::Loop& loop_;
    std::string listener_, scheme_;
    unsigned shards_;
    Lost lost_;
    std::unique_ptr<link::Worker> server_;
    net::Endpoint target_, admin_;
    std::vector<std::string> losses_;
    bool gone_ = false;
};

}  // namespace portillon::run
