#include "server/faults.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace portillon::server {

bool take(Budget& budget) {
    auto left = budget.load(std::memory_order_relaxed);
    while (left > 0 && !budget.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) {
    }
    return left > 0;
}

void Faults::set(const Fault& fault) {
    if (!takes_count(fault.kind)) {
        holding_.push_back(fault);
        return;
    }
    check(fault.budget < budgets_.size() && fault.one_in > 0, "a fault without a budget");
    const auto after = std::upper_bound(counted_.begin(), counted_.end(), fault,
                                        [](const Fault& a, const Fault& b) { return a.kind < b.kind; });
    counted_.insert(after, fault);
}

void Faults::drop(RunId run) {
    const auto is_its = [&](const Fault& fault) { return fault.run == run; };
    std::erase_if(holding_, is_its);
    std::erase_if(counted_, is_its);
}

void Faults::clear() {
    holding_.clear();
    counted_.clear();
}

bool Faults::threaten(Instant now) const {
    return std::any_of(counted_.begin(), counted_.end(), [&](const Fault& fault) {
        return fault.active(now) && budgets_[fault.budget].load(std::memory_order_relaxed) > 0;
    });
}

Instant Faults::release(Instant arrival) const {
    Instant at = arrival;
    for (const Fault& fault : holding_) {
        if (fault.kind == FaultKind::delay && fault.active(arrival)) {
            at += fault.delay;
        }
    }
    // A stall's end may lie in another stall.
    for (bool moved = true; moved;) {
        moved = false;
        for (const Fault& fault : holding_) {
            if (fault.kind == FaultKind::stall && fault.active(at)) {
                at = fault.at + fault.length;
                moved = true;
            }
        }
    }
    return at;
}

Faults::Verdict Faults::judge(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence, Instant now) {
    for (const Fault& fault : counted_) {
        Budget& budget = budgets_[fault.budget];
        if (!fault.active(now) || (fault.run && *fault.run != run) || budget.load(std::memory_order_relaxed) == 0) {
            continue;
        }
        const std::uint64_t key = scatter(seed, scatter(fault.id, static_cast<std::uint64_t>(fault.kind)));
        if (scatter(scatter(key, number_of(equipment)), sequence) % fault.one_in != 0) {
            continue;
        }
        if (fault.kind == FaultKind::swap) {
            return {Fate::swap, &budget};
        }
        if (take(budget)) {
            return {fault.kind == FaultKind::lose ? Fate::lose : Fate::duplicate, &budget};
        }
    }
    return {};
}

}  // namespace portillon::server
