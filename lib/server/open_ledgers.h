#pragma once

// The ledgers of the runs that a shard has open. An arrival names its run, and each stage looks the ledger up anew,
// because a run may be closed while an arrival waits.

#include <unordered_map>

#include "server/ledger.h"

namespace portillon::server {

class OpenLedgers {
public:
    // The memory of `ledger` stays until close() or the end of this object.
    void open(const Ledger& ledger);
    void close(RunId run);

    // nullptr if nobody registered the run. The run that was asked for last is cached.
    Ledger* find(RunId run);

    bool is_running(Instant now) const;  // a run whose T0 has passed is open

private:
    std::unordered_map<RunId, Ledger> ledgers_;
    Ledger* last_ = nullptr;
};

}  // namespace portillon::server
