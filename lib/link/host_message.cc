#include "link/host_message.h"

#include <algorithm>

namespace portillon::link {

void write_host(const host::Facts& facts, v1::Host& into) {
    into.set_machine(facts.machine);
    into.set_cores(facts.cores);
    into.set_at_ns(static_cast<std::uint64_t>(facts.at.time_since_epoch().count()));
    into.set_cpu_used_ns(facts.cpu_used.count());
    into.set_clock_offset_ns(facts.clock_offset.count());
    into.set_listen_overflows(facts.listen_overflows);
}

host::Facts read_host(const v1::Host& message) {
    return {.machine = message.machine(),
            .cores = std::max(1U, message.cores()),
            .at = Instant{Nanos{static_cast<std::int64_t>(message.at_ns())}},
            .cpu_used = Nanos{message.cpu_used_ns()},
            .clock_offset = Nanos{message.clock_offset_ns()},
            .listen_overflows = message.listen_overflows()};
}

}  // namespace portillon::link
