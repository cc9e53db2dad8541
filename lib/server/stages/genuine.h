#pragma once

// Compares each validation with what its run's seed makes, and takes those that differ out of the batch. A run that
// nobody registered has no seed: its batches pass unchanged.

#include "server/open_ledgers.h"
#include "server/stage.h"

namespace portillon::server::stages {

class Genuine final : public Stage {
public:
    Genuine(OpenLedgers& ledgers, Stage& next) : ledgers_(ledgers), next_(next) {}

    void take(Arrival& arrival) override;

private:
    OpenLedgers& ledgers_;
    Stage& next_;
};

}  // namespace portillon::server::stages
