#pragma once

// A server that somebody else runs, with or without a ledger.

#include <optional>
#include <string>

#include "net/loop.h"
#include "run/target.h"

namespace portillon::run {

class ForeignTarget final : public Target {
public:
    // `ledger`: the admin endpoint of the server's ledger, if there is one; `token`: its bearer token, or empty. The
    // loop outlives the target.
    ForeignTarget(net::Loop& loop, net::Located at, std::optional<net::Located> ledger, std::string token);

    net::Task<std::string> start() override;
    net::Located at() const override { return at_; }
    std::string name() const override { return at_.url.text(); }
    bool is_embedded() const override { return false; }
    std::unique_ptr<Ledger> ledger_of(RunId run) override;
    bool gone() const override { return false; }
    std::vector<std::string> losses() const override { return {}; }
    void end() override {}

private:
    net::Loop& loop_;
    net::Located at_;
    std::optional<net::Located> ledger_;
    std::string token_;
};

}  // namespace portillon::run
