#include "run/machines.h"

#include <algorithm>

namespace portillon::run {

void Machines::prepared(const host::Facts& facts) {
    const auto [machine, is_new] = machines_.try_emplace(facts.machine);
    if (is_new) {
        machine->second.before = facts;
    }
}

void Machines::running(const host::Facts& facts) {
    prepared(facts);
    Machine& machine = machines_[facts.machine];
    if (!machine.running) {
        machine.running = true;
        machine.at_t0 = machine.latest = facts;
    } else if (facts.at > machine.latest.at) {
        machine.latest = facts;
    }
}

MachineUse Machines::use() const {
    MachineUse use;
    for (const auto& [name, machine] : machines_) {
        const Nanos passed = machine.latest.at - machine.at_t0.at;
        if (passed <= Nanos{0}) {
            continue;
        }
        const Nanos busy = machine.latest.cpu_used - machine.at_t0.cpu_used;
        use.cpu_share = std::max(use.cpu_share, seconds(busy) / (seconds(passed) * machine.latest.cores));
        const Nanos step = machine.latest.clock_offset - machine.at_t0.clock_offset;
        if (std::chrono::abs(step) > std::chrono::abs(use.clock_step)) {
            use.clock_step = step;
        }
        use.listen_overflows += machine.latest.listen_overflows - machine.before.listen_overflows;
    }
    return use;
}

}  // namespace portillon::run
