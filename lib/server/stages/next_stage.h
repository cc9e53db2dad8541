#pragma once

// For tests: a last stage that keeps whatever arrives, and an arrival to give to the stage before it.

#include <vector>

#include "server/kept_arrival.h"

namespace portillon::server::stages {

class NextStage final : public Stage {
public:
    void take(Arrival& arrival) override { taken.emplace_back(arrival); }
    std::vector<KeptArrival> taken;
};

}  // namespace portillon::server::stages
