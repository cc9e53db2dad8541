#pragma once

// The reference server that `portillon run` starts when no target is named: the same program as `portillon serve`, on
// ports of the kernel's choice. It ends when this object does, or when this process dies.

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
    // Told what was lost of it, in words, at once: one of its shards, or all of it.
    using Lost = std::function<void(const std::string& what)>;

    // With one listener, of the given name, for URLs of `scheme`. The loop outlives it.
    EmbeddedTarget(net::Loop& loop, std::string listener, std::string scheme, unsigned shards, Lost lost);
    ~EmbeddedTarget() override;

    net::Task<std::string> start() override;
    net::Located at() const override;
    std::string name() const override { return "embedded"; }
    bool is_embedded() const override { return true; }
    std::unique_ptr<Ledger> ledger_of(RunId run) override;
    bool gone() const override { return gone_; }
    std::vector<std::string> losses() const override { return losses_; }
    void end() override;  // gently, and after a few seconds hard

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
