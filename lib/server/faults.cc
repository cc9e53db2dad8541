#include "server/faults.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace portillon::server {

namespace {

void insert_in_order(std::vector<Fault>& faults, const Fault& fault) {
    const auto after = std::upper_bound(faults.begin(), faults.end(), fault,
                                        [](const Fault& a, const Fault& b) { return a.kind < b.kind; });
    faults.insert(after, fault);
}

std::uint64_t key_of(const Fault& fault, RunId run, EquipmentId equipment, Sequence first) {
    return scatter(scatter(scatter(fault.id, static_cast<std::uint64_t>(run)), number_of(equipment)), first);
}

}  // namespace

void Faults::set(const Fault& fault) {
    check(fault.share < shares_.size() && fault.one_in > 0, "a fault without a share, or without a chance");
    switch (victim_of(fault.kind)) {
        case Victim::held_messages:
            holding_.push_back({fault, {}});
            break;
        case Victim::validations:
            insert_in_order(validations_, fault);
            break;
        case Victim::messages:
            insert_in_order(messages_, fault);
            break;
        case Victim::connections:
            if (fault.kind == FaultKind::turn_away) {
                connections_.push_back(fault);
            }
            break;
        case Victim::shards:
        case Victim::ways:
        case Victim::nothing:
            break;
    }
}

void Faults::drop(RunId run) {
    const auto is_its = [&](const Fault& fault) { return fault.run == run; };
    std::erase_if(holding_, [&](const Holding& each) { return is_its(each.fault); });
    std::erase_if(validations_, is_its);
    std::erase_if(messages_, is_its);
    std::erase_if(connections_, is_its);
    if (messages_.empty()) {
        drawn_.clear();
    }
}

void Faults::clear() {
    holding_.clear();
    validations_.clear();
    messages_.clear();
    connections_.clear();
    drawn_.clear();
}

bool Faults::threaten(const std::vector<Fault>& faults, Instant now) const {
    return std::any_of(faults.begin(), faults.end(), [&](const Fault& fault) { return may_strike(fault, now); });
}

bool Faults::may_strike(const Fault& fault, Instant now) const {
    return fault.active(now) && !shares_[fault.share].exhausted();
}

bool Faults::limit(Instant now) const {
    return std::any_of(holding_.begin(), holding_.end(), [&](const Holding& each) {
        return each.fault.kind == FaultKind::limit && each.fault.active(now);
    });
}

Instant Faults::release_instant(Instant arrival, std::uint32_t validations) {
    Instant at = arrival;
    for (Holding& each : holding_) {
        const Fault& fault = each.fault;
        if (!fault.active(arrival) || fault.kind == FaultKind::stall) {
            continue;
        }
        FaultShare& share = shares_[fault.share];
        share.take();
        if (fault.kind == FaultKind::delay) {
            at += fault.delay;
        } else if (fault.kind == FaultKind::slow) {
            each.working_until = std::max(each.working_until, arrival) + fault.delay;
            at = std::max(at, std::min(each.working_until, fault.end()));
        } else {
            const auto cost = Nanos{static_cast<std::int64_t>(1e9 * validations / static_cast<double>(fault.per_s))};
            at = std::max(at, std::min(share.serve(arrival, cost), fault.end()));
        }
    }
    // The end of one stall may lie in another stall.
    for (bool moved = true; moved;) {
        moved = false;
        for (const Holding& each : holding_) {
            if (each.fault.kind == FaultKind::stall && each.fault.active(at)) {
                shares_[each.fault.share].take();
                at = each.fault.end();
                moved = true;
            }
        }
    }
    return at;
}

bool Faults::draws(const Fault& fault, RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence) const {
    if (fault.run && *fault.run != run) {
        return false;
    }
    const std::uint64_t key = scatter(seed, scatter(fault.draw, static_cast<std::uint64_t>(fault.kind)));
    return scatter(scatter(key, number_of(equipment)), sequence) % fault.one_in == 0;
}

std::optional<Fault> Faults::strike_message(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence first,
                                            Instant now) {
    for (const Fault& fault : messages_) {
        if (!may_strike(fault, now) || !draws(fault, run, seed, equipment, first)) {
            continue;
        }
        // A message is drawn once: it gets through when its equipment sends it again.
        if (fault.count > 0 || fault.one_in > 1) {
            if (drawn_.size() >= most_drawn) {
                drawn_.clear();
            }
            if (!drawn_.insert(key_of(fault, run, equipment, first)).second) {
                continue;
            }
        }
        if (shares_[fault.share].take()) {
            return fault;
        }
    }
    return std::nullopt;
}

Faults::Verdict Faults::fate_of(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence, Instant now) {
    for (const Fault& fault : validations_) {
        if (!may_strike(fault, now) || !draws(fault, run, seed, equipment, sequence)) {
            continue;
        }
        FaultShare& share = shares_[fault.share];
        if (fault.kind == FaultKind::swap) {
            return {Fate::swap, &share};
        }
        if (share.take()) {
            return {fault.kind == FaultKind::lose ? Fate::lose : Fate::duplicate, &share};
        }
    }
    return {};
}

bool Faults::turn_away(Instant now) {
    return std::any_of(connections_.begin(), connections_.end(),
                       [&](const Fault& fault) { return fault.active(now) && shares_[fault.share].take(); });
}

}  // namespace portillon::server
