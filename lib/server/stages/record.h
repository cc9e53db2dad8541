#pragma once

// The last stage: records in the run's ledger, and answers. A batch of a run that nobody registered is accepted and not
// recorded, so that other load tools can be pointed at this server.

#include "net/loop.h"
#include "server/figures.h"
#include "server/open_ledgers.h"
#include "server/stage.h"

namespace portillon::server::stages {

class Record final : public Stage {
public:
    // `shard`: the number of its slot in the ledgers.
    Record(net::Loop& loop, unsigned shard, Figures& figures, OpenLedgers& ledgers)
        : loop_(loop), shard_(shard), figures_(figures), ledgers_(ledgers) {}

    void take(Arrival& arrival) override;

private:
    net::Loop& loop_;
    unsigned shard_;
    Figures& figures_;
    OpenLedgers& ledgers_;
};

}  // namespace portillon::server::stages
