#pragma once

// Reads the batch out of the bytes; answers what is no batch.

#include "server/figures.h"
#include "server/stage.h"

namespace portillon::server::stages {

class Decode final : public Stage {
public:
    Decode(Figures& figures, Stage& next) : figures_(figures), next_(next) {}

    void take(Arrival& arrival) override;

private:
    Figures& figures_;
    Stage& next_;
    wire::ReceivedBatch batch_;  // of the arrival that passes: its memory is used again for the next
};

}  // namespace portillon::server::stages
