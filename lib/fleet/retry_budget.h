#pragma once

// Limits the retries of one equipment to a share of its first tries, so that a fleet does not answer a slow server with
// a multiple of its load. Each first try earns a share of a retry, each retry costs a whole one. Pure.

#include <algorithm>

namespace portillon::fleet {

class RetryBudget {
public:
    static constexpr float most = 10;  // the most retries that can be saved up

    void earn(double share) { saved_ = std::min(saved_ + static_cast<float>(share), most); }
    // Takes a retry from the budget. False if less than one is left.
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
