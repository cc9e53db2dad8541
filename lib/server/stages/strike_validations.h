#pragma once

// The faults that strike single validations: lose takes them out of the batch, duplicate doubles them, swap holds them
// until the next validation of their equipment has passed. This stage asks the ledger which validations are first
// copies, so no arrival may wait between it and the stage that records.

#include <unordered_map>

#include "net/loop.h"
#include "server/faults.h"
#include "server/open_ledgers.h"
#include "server/stage.h"

namespace portillon::server::stages {

class StrikeValidations final : public Stage {
public:
    // `shard`: the number of its slot in the ledgers.
    StrikeValidations(net::Loop& loop, unsigned shard, Faults& faults, OpenLedgers& ledgers, Stage& next)
        : loop_(loop), shard_(shard), faults_(faults), ledgers_(ledgers), next_(next) {}

    void take(Arrival& arrival) override;
    // Records what a swap holds. Such validations have been answered already, so they do not count as waiting arrivals.
    void flush() override;
    void forget(RunId run) { swapping_.erase(run); }

private:
    struct Swapped {  // waits for the next validation of its equipment
        Sequence sequence = 0;
        Nanos due{};
        FaultShare* share = nullptr;
    };
    using ByEquipment = std::unordered_map<std::uint32_t, Swapped>;

    void strike(const Ledger& ledger, ByEquipment& swapping, const wire::Validation& validation, Instant now);
    void pass_in_turn(ByEquipment& swapping, const wire::Validation& validation);

    net::Loop& loop_;
    unsigned shard_;
    Faults& faults_;
    OpenLedgers& ledgers_;
    Stage& next_;
    std::unordered_map<RunId, ByEquipment> swapping_;
    std::vector<wire::Validation> passed_;  // the new contents of the batch
};

}  // namespace portillon::server::stages
