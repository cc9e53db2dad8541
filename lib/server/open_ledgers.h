#pragma once

// The ledgers of the runs that a shard knows now. An arrival names its run, and each stage looks the ledger up anew: a
// run may be closed while an arrival waits.

#include <unordered_map>

#include "server/ledger.h"

namespace portillon::server {

class OpenLedgers {
public:
    // The memory of `ledger` stays until close() or the end of this.
    void open(const Ledger& ledger);
    void close(RunId run);

    // Null if nobody registered it. The run that was asked for last costs no look-up.
    Ledger* find(RunId run);

    bool is_running(Instant now) const;  // a run whose T0 has passed is open

private:
    std::unordered_map<RunId, Ledger> ledgers_;
    Ledger* last_ = nullptr;
};

}  // namespace portillon::server
