#pragma once

// The meaning of a PUBACK's reason for a batch.

#include "driver/driver.h"
#include "wire/mqtt/reason.h"

namespace portillon::drivers::mqtt {

constexpr driver::Answer answer_of(wire::mqtt::Reason reason) {
    using wire::mqtt::Reason;
    if (!is_failure(reason)) {
        return driver::Answer::acknowledged;  // 0x10, no matching subscribers, too: the server has it
    }
    switch (reason) {
        case Reason::quota_exceeded:
            return driver::Answer::throttled;
        case Reason::unspecified_error:
        case Reason::implementation_specific_error:
            return driver::Answer::try_again;
        default:
            return driver::Answer::rejected;
    }
}

}  // namespace portillon::drivers::mqtt
