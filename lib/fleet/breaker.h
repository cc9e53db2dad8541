#pragma once

// Circuit breaker of one equipment. Closed: batches are sent and connections dialled freely. After plan.failures
// failures in a row it opens: nothing is tried for plan.open. Then it is half open: one attempt is made at a time; an
// answer closes the breaker, a failure opens it again. Pure; time is an argument.

#include <cstdint>

#include "plan/delivery.h"

namespace portillon::fleet {

class Breaker {
public:
    // Nothing may be tried before this instant. It lies in the past unless the breaker is open.
    Instant opens_until() const { return until_; }
    bool is_open(Instant now) const { return now < until_; }
    // While this is true, the caller makes only one attempt at a time.
    bool is_half_open(Instant now) const { return until_ != Instant{} && now >= until_; }

    // Counts a failed attempt, dial or connection. True if that opens the breaker.
    bool failed(const plan::Breaker& plan, Instant now) {
        if (plan.failures == 0 || is_open(now) || (until_ == Instant{} && ++failures_ < plan.failures)) {
            return false;
        }
        failures_ = 0;
        until_ = now + plan.open;
        return true;
    }

    void answered() {
        failures_ = 0;
        until_ = Instant{};
    }

private:
    Instant until_{};  // Instant{}: closed
    std::uint32_t failures_ = 0;
};

}  // namespace portillon::fleet
