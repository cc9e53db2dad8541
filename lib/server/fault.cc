#include "server/fault.h"

namespace portillon::server {

namespace {

bool is_in_range(Nanos length) {
    return length >= Nanos{0} && length <= most_nanos;
}

}  // namespace

std::string problem_of(const Fault& fault) {
    if (!faults::is_of_server(fault.kind)) {
        return "no fault of the server";
    }
    for (const Nanos each : {fault.at.time_since_epoch(), fault.length, fault.delay, fault.retry_after, fault.every}) {
        if (!is_in_range(each)) {
            return "a time out of range";
        }
    }
    if (fault.share >= most_faults) {
        return "no such shared state";
    }
    if (fault.one_in == 0) {
        return "a draw without a chance";
    }
    // A message that arrives during a stall is released at its end.
    if (fault.kind == FaultKind::stall && fault.length == Nanos{0}) {
        return "a stall without an end";
    }
    if (fault.kind == FaultKind::limit && fault.per_s == 0) {
        return "a limit without a rate";
    }
    if (fault.every > Nanos{0} && fault.every < least_every) {
        return "again and again too fast";
    }
    return {};
}

}  // namespace portillon::server
