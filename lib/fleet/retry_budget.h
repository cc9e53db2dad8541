#pragma once

// Retries as a share of first tries, so that a fleet does not answer a slow server with a multiple of its load. Each
// first try earns a share of a retry, each retry costs one. Pure.

#include <algorithm>

namespace portillon::fleet {

class RetryBudget {
public:
    static constexpr float most = 10;  // saved up

    void earn(double share) { saved_ = std::min(saved_ + static_cast<float>(share), most); }
    // False if there is not enough for one.
    bool spend() {
        if (saved_ < 1) {
            return false;
        }
        saved_ -= 1;
        return true;
    }

private:
    float saved_ = 1;
};

}  // namespace portillon::fleet
