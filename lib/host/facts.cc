#include "host/facts.h"

#include <fstream>

#include "base/clock.h"
#include "host/machine.h"

namespace portillon::host {

namespace {

std::string machine_name() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace

Facts look() {
    static const std::string machine = machine_name();
    return {.machine = machine,
            .cores = cores(),
            .at = MonotonicClock().now(),
            .cpu_used = machine_cpu_used(),
            .clock_offset = clock_offset(),
            .listen_overflows = listen_overflows()};
}

}  // namespace portillon::host
