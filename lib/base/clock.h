#pragma once

// The source of time. It is injected, so that an hour of outage is tested in milliseconds.

#include "base/units.h"

namespace portillon {

class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
};

// The clock CLOCK_MONOTONIC.
class MonotonicClock final : public Clock {
public:
    Instant now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace portillon
