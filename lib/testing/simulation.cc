#include "testing/simulation.h"

#include "base/check.h"

namespace portillon::testing {

void Simulation::settle() {
    while (loop_.poll()) {
    }
}

void Simulation::run_until(Instant until) {
    settle();
    while (loop_.timers().next() <= until) {
        clock_.jump_to(std::max(clock_.now(), loop_.timers().next()));
        settle();
    }
    clock_.jump_to(until);
}

void Simulation::run_to_rest(Nanos limit) {
    const Instant end = now() + limit;
    settle();
    while (!loop_.timers().empty()) {
        check(loop_.timers().next() <= end, "the simulation does not come to rest");
        clock_.jump_to(std::max(clock_.now(), loop_.timers().next()));
        settle();
    }
}

}  // namespace portillon::testing
