#pragma once

// The faults that strike whole messages: error, throttle and reject answer them with a refusal; drop leaves them
// unanswered and unrecorded; mute has them recorded but not answered.

#include "server/faults.h"
#include "server/figures.h"
#include "server/open_ledgers.h"
#include "server/stage.h"

namespace portillon::server::stages {

class StrikeMessages final : public Stage {
public:
    StrikeMessages(Figures& figures, Faults& faults, OpenLedgers& ledgers, Stage& next)
        : figures_(figures), faults_(faults), ledgers_(ledgers), next_(next) {}

    void take(Arrival& arrival) override;

private:
    Figures& figures_;
    Faults& faults_;
    OpenLedgers& ledgers_;
    Stage& next_;
};

}  // namespace portillon::server::stages
