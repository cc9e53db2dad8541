#pragma once

// The faults that strike whole messages: error, throttle and reject answer them with a no, drop leaves them unanswered
// and unrecorded, mute lets them go on and has them recorded without an answer.

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
