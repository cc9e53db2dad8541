#pragma once

// Simulated time: the loop on which everything runs, and a clock that jumps to the next alarm when nothing is ready.
// Minutes pass in milliseconds, with exact instants.

#include "base/clock.h"
#include "net/loop.h"

namespace portillon::testing {

class SimulatedClock final : public Clock {
public:
    Instant now() const override { return now_; }
    void jump_to(Instant to) { now_ = to; }

private:
    Instant now_{std::chrono::hours{1}};  // not 0, so that a forgotten Instant{} is noticed
};

class Simulation {
public:
    Simulation() : loop_(clock_) {}

    net::Loop& loop() { return loop_; }
    Instant now() const { return clock_.now(); }

    // Runs what is ready; no time passes.
    void settle();
    // Lets time pass, alarm by alarm; ends at `until` exactly.
    void run_until(Instant until);
    void run_for(Nanos duration) { run_until(now() + duration); }
    // Stalls the loop: time passes and nothing runs, not even what is due.
    void stall(Nanos duration) { clock_.jump_to(now() + duration); }
    // Lets time pass until no alarm is armed, for `limit` at most (a simulation that never rests fails the test).
    void run_to_rest(Nanos limit);

private:
    SimulatedClock clock_;
    net::Loop loop_;
};

}  // namespace portillon::testing
