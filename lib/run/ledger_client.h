#pragma once

// The ledger of one run, reached over the server's admin endpoint.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "run/admin_client.h"
#include "run/ledger.h"

namespace portillon::run {

// Reads an answer to GET /v1/figures (lib/server/README.md). Nothing if it is malformed. A malformed `host`, which an
// older or foreign server may send, is taken as absent, since the other figures are good without it.
std::optional<ServerFigures> figures_of(const nlohmann::json& body);

class LedgerClient final : public Ledger {
public:
    LedgerClient(net::Loop& loop, net::Located admin, std::string token, RunId run);

    net::Task<std::string> open(plan::RunSpec spec) override;
    net::Task<std::string> start(Instant t0) override;
    net::Task<std::string> set_fault(scenario::Fault fault, std::size_t place, Instant t0) override;
    net::Task<std::map<std::size_t, report::Injected>> struck() override;
    net::Task<std::optional<ServerFigures>> figures() override;
    net::Task<std::optional<std::uint64_t>> arrived() override;
    net::Task<std::string> freeze(Nanos within) override;
    net::Task<std::optional<LedgerAccount>> reconcile(account::Generated generated, std::string& problem) override;
    net::Task<std::string> close() override;

private:
    std::string path(const char* action) const;

    AdminClient admin_;
    RunId run_;
    std::size_t segments_ = 0;                     // how many the ledger was opened with
    std::map<std::uint64_t, std::size_t> places_;  // the server's identifier of a fault -> its place in the scenario
};

}  // namespace portillon::run
