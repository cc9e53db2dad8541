#include "run/foreign_target.h"

#include <utility>

#include "run/ledger_client.h"

namespace portillon::run {

ForeignTarget::ForeignTarget(net::Loop& loop, net::Located at, std::optional<net::Located> ledger, std::string token)
    : loop_(loop), at_(std::move(at)), ledger_(std::move(ledger)), token_(std::move(token)) {}

net::Task<std::string> ForeignTarget::start() {
    co_return std::string();
}

std::unique_ptr<Ledger> ForeignTarget::ledger_of(RunId run) {
    return ledger_ ? std::make_unique<LedgerClient>(loop_, *ledger_, token_, run) : nullptr;
}

}  // namespace portillon::run
