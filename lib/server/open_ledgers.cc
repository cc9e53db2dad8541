#include "server/open_ledgers.h"

#include <algorithm>

namespace portillon::server {

void OpenLedgers::open(const Ledger& ledger) {
    last_ = nullptr;
    ledgers_.insert_or_assign(ledger.run(), ledger);
}

void OpenLedgers::close(RunId run) {
    last_ = nullptr;
    ledgers_.erase(run);
}

Ledger* OpenLedgers::find(RunId run) {
    if (last_ == nullptr || last_->run() != run) {
        const auto found = ledgers_.find(run);
        last_ = found == ledgers_.end() ? nullptr : &found->second;
    }
    return last_;
}

bool OpenLedgers::is_running(Instant now) const {
    return std::any_of(ledgers_.begin(), ledgers_.end(), [now](const auto& run) {
        const auto t0 = run.second.t0();
        return t0 && *t0 <= now;
    });
}

}  // namespace portillon::server
