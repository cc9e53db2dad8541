#pragma once

// Decodes the batch from the message's bytes, and answers messages that hold no batch.

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
    wire::ReceivedBatch batch_;  // of the current arrival; its memory is reused for the next
};

}  // namespace portillon::server::stages
