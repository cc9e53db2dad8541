#pragma once

// A batch that a session was offered, until it is settled. The sessions of one driver share a pool, so that an idle
// session costs no memory for what it might have in flight.

#include <cstdint>

#include "base/list.h"
#include "driver/driver.h"

namespace portillon::drivers::over_http2 {

struct Flight : ListHook {  // in its session's list of flights that are in flight, or settled
    driver::Batch batch;
    driver::Outcome outcome;
    Instant offered{};
    enum class State : std::uint8_t { waiting, sent } state = State::waiting;
};

}  // namespace portillon::drivers::over_http2
