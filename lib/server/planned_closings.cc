#include "server/planned_closings.h"

#include <algorithm>

namespace portillon::server {

namespace {

// The first of the fault's instants that is not before `from`; `never` if all are past.
Instant next_of(const Fault& fault, Instant from) {
    if (from <= fault.at) {
        return fault.at;
    }
    if (fault.every == Nanos{0} || fault.length == Nanos{0}) {
        return never;
    }
    const auto steps = (from - fault.at + fault.every - 1ns) / fault.every;
    const Instant next = fault.at + steps * fault.every;
    return next < fault.end() ? next : never;
}

}  // namespace

// A fault that is set by hand begins when the request is sent, which is a moment ago: it strikes now.
void PlannedClosings::set(const Fault& fault) {
    constexpr Nanos moment = 1s;
    const Instant now = loop_.now();
    const Instant next = fault.at <= now && now < fault.at + moment ? now : next_of(fault, now);
    if (next != never) {
        planned_.push_back({fault, next});
        arm();
    }
}

void PlannedClosings::drop(RunId run) {
    std::erase_if(planned_, [&](const Planned& each) { return each.fault.run == run; });
}

void PlannedClosings::clear() {
    planned_.clear();
}

void PlannedClosings::ring(Instant now) {
    for (auto each = planned_.begin(); each != planned_.end();) {
        if (each->next > now) {
            ++each;
            continue;
        }
        const auto parting =
            each->fault.kind == FaultKind::goaway ? Listener::Parting::with_goodbye : Listener::Parting::without_a_word;
        const std::size_t ended = close_all_(parting);
        for (std::size_t i = 0; i < ended; ++i) {
            shares_[each->fault.share].take();
        }
        each->next = next_of(each->fault, now + 1ns);
        each = each->next == never ? planned_.erase(each) : each + 1;
    }
    arm();
}

void PlannedClosings::arm() {
    const auto first = std::min_element(planned_.begin(), planned_.end(),
                                        [](const Planned& a, const Planned& b) { return a.next < b.next; });
    if (first == planned_.end()) {
        cancel();
    } else {
        loop_.timers().set(*this, first->next);
    }
}

}  // namespace portillon::server
