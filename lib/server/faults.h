#pragma once

// The faults of one shard: what is to become of an arrival, and of a validation. Pure; time is given. Counts are shared
// with the other shards, so that exactly as many validations suffer as were asked for.

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "server/fault.h"

namespace portillon::server {

// What is left of a fault's count.
using Budget = std::atomic<std::uint64_t>;

// True if there was one left, which is now taken.
bool take(Budget& budget);

enum class Fate : std::uint8_t { deliver, lose, duplicate, swap };

class Faults {
public:
    // `budgets` outlive it; a fault's count is put into its budget by whoever sets it for all shards.
    explicit Faults(std::span<Budget> budgets) : budgets_(budgets) {}

    void set(const Fault& fault);
    void drop(RunId run);  // those of this run
    void clear();

    // Whether any validation may suffer now: lets the usual path pass by.
    bool threaten(Instant now) const;

    // The instant at which something that arrives at `arrival` is to be looked at; not before `arrival`.
    Instant release(Instant arrival) const;

    struct Verdict {
        Fate fate = Fate::deliver;
        Budget* budget = nullptr;  // of a swap: to take from when it is completed
    };
    // For a first copy, once. Takes from the budget when the fate is lose or duplicate.
    Verdict judge(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence, Instant now);

private:
    std::span<Budget> budgets_;
    std::vector<Fault> holding_;  // stalls and delays
    std::vector<Fault> counted_;  // lose before duplicate before swap
};

}  // namespace portillon::server
