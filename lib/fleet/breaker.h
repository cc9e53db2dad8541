#pragma once

// Circuit breaker of one equipment. Closed: everything is tried. After so many failures in a row it opens: nothing is
// tried for a while. Then it is half open: one thing is tried at a time, and the first answer closes it, the first
// failure opens it again. Pure; time is given.

#include <cstdint>

#include "plan/delivery.h"

namespace portillon::fleet {

class Breaker {
public:
    // Nothing may be tried before; in the past unless it is open.
    Instant opens_until() const { return until_; }
    bool is_open(Instant now) const { return now < until_; }
    // Only one thing at a time, please.
    bool is_half_open(Instant now) const { return until_ != Instant{} && now >= until_; }

    // What was tried has failed. True if that opens it.
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
