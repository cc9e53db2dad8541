#include "faults/network_faults.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace portillon::faults {

namespace {

// Separate the random numbers of each purpose here from each other, and from those that other code draws with the seed.
constexpr std::uint64_t share_purpose = 0xFA17'0001;
constexpr std::uint64_t flapping_purpose = 0xFA17'0002;
constexpr std::uint64_t jitter_purpose = 0xFA17'0003;

// A random number in [0, 1).
double drawn(std::uint64_t seed, std::uint64_t purpose, EquipmentId equipment, std::uint64_t n) {
    return Random(scatter(scatter(scatter(seed, purpose), number_of(equipment)), n)).uniform();
}

Nanos part_of(Nanos whole, double share) {
    return Nanos{static_cast<std::int64_t>(static_cast<double>(whole.count()) * share)};
}

}  // namespace

bool is_possible(const NetworkFault& fault) {
    switch (fault.kind) {
        case Kind::flapping:
            return fault.up > Nanos{0} && fault.down > Nanos{0};
        case Kind::reset:
            return fault.length == Nanos{0} || fault.every > Nanos{0};
        case Kind::bandwidth:
        case Kind::slow_read:
            return fault.bytes_per_s > 0;
        default:
            return is_of_network(fault.kind);
    }
}

bool hits(const NetworkFault& fault, std::uint64_t seed, EquipmentId equipment) {
    const auto id = number_of(equipment);
    return id >= fault.first && id <= fault.last &&
           (fault.share >= 1 || drawn(seed, share_purpose, equipment, fault.number) < fault.share);
}

NetworkFaults::NetworkFaults(std::vector<NetworkFault> faults, std::uint64_t seed)
    : faults_(std::move(faults)), seed_(seed) {
    for (const auto& fault : faults_) {
        check(is_possible(fault), "a fault of the network that can be brought about");
    }
}

bool NetworkFaults::spares(EquipmentId equipment) const {
    for (std::uint32_t i = 0; i < faults_.size(); ++i) {
        if (hits(i, equipment)) {
            return false;
        }
    }
    return true;
}

// Cycles of length up + down follow each other without a gap from `at` on. In each the network is down once, for
// `down`, from a random instant on, so that the times between are 0 to 2 x up long, and `up` on average.
NetworkFaults::Cycle NetworkFaults::cycle(const NetworkFault& fault, EquipmentId equipment, Nanos now) const {
    const Nanos period = fault.up + fault.down;
    const auto n = static_cast<std::uint64_t>((now - fault.at) / period);
    const Nanos begin = fault.at + period * static_cast<std::int64_t>(n);
    const auto purpose = scatter(flapping_purpose, fault.number);
    const Nanos down_from = begin + part_of(fault.up, drawn(seed_, purpose, equipment, n));
    return {begin, down_from, std::min(down_from + fault.down, fault.end()), begin + period};
}

bool NetworkFaults::active(std::uint32_t place, EquipmentId equipment, Nanos now) const {
    const auto& fault = faults_[place];
    if (now < fault.at || now >= fault.end() || !hits(place, equipment)) {
        return false;
    }
    if (fault.kind == Kind::flapping) {
        const auto here = cycle(fault, equipment, now);
        return now >= here.down_from && now < here.down_to;
    }
    return fault.kind != Kind::reset && fault.kind != Kind::half_open;
}

Condition NetworkFaults::at(EquipmentId equipment, Nanos now) const {
    Condition condition;
    for (std::uint32_t i = 0; i < faults_.size(); ++i) {
        if (!active(i, equipment, now)) {
            continue;
        }
        const auto& fault = faults_[i];
        switch (fault.kind) {
            case Kind::latency:
                condition.delay += fault.delay;
                condition.jitter += fault.jitter;
                break;
            case Kind::bandwidth:
                condition.up_bytes_per_s = std::min(condition.up_bytes_per_s, fault.bytes_per_s);
                condition.down_bytes_per_s = std::min(condition.down_bytes_per_s, fault.bytes_per_s);
                break;
            case Kind::slow_read:
                condition.down_bytes_per_s = std::min(condition.down_bytes_per_s, fault.bytes_per_s);
                condition.reads_slowly = true;
                break;
            case Kind::cut:
                condition.up_silent = condition.down_silent = true;
                break;
            case Kind::one_way:
                (fault.direction == Direction::up ? condition.up_silent : condition.down_silent) = true;
                break;
            case Kind::refuse:
            case Kind::flapping:
                condition.refused_by = condition.refused_by.value_or(i);
                break;
            default:  // reset and half_open are blows, not conditions
                break;
        }
        if (fault.kind == Kind::cut || fault.kind == Kind::one_way) {
            condition.hung_by = condition.hung_by.value_or(i);
        }
    }
    return condition;
}

// The earliest instant after `now` among those that each fault still has ahead. For flapping these are the ends of the
// down times of this cycle and of the next, since this cycle's may already have passed.
Nanos NetworkFaults::next_change(EquipmentId equipment, Nanos now) const {
    Nanos next = at_no_time;
    const auto offer = [&](Nanos at) {
        if (at > now) {
            next = std::min(next, at);
        }
    };
    for (std::uint32_t i = 0; i < faults_.size(); ++i) {
        const auto& fault = faults_[i];
        const bool over = now >= fault.end() && now >= fault.at;
        if (over || !hits(i, equipment)) {
            continue;
        }
        if (now < fault.at && fault.kind != Kind::flapping) {
            offer(fault.at);
        } else if (fault.kind == Kind::flapping) {
            const auto here = cycle(fault, equipment, std::max(now, fault.at));
            const auto following = cycle(fault, equipment, here.end);
            for (const Nanos at : {here.down_from, here.down_to, following.down_from, following.down_to}) {
                if (at <= fault.end()) {
                    offer(at);
                }
            }
        } else if (fault.kind == Kind::reset) {
            const Nanos at = fault.at + ((now - fault.at) / fault.every + 1) * fault.every;
            if (at < fault.end()) {
                offer(at);
            }
        } else {
            offer(fault.end());
        }
    }
    return next;
}

bool NetworkFaults::strikes(const NetworkFault& fault, EquipmentId equipment, Nanos after, Nanos until) const {
    if (until < fault.at) {
        return false;
    }
    if (fault.kind == Kind::half_open || (fault.kind == Kind::reset && fault.length == Nanos{0})) {
        return after < fault.at;
    }
    if (after >= fault.end()) {
        return false;
    }
    if (fault.kind == Kind::reset) {
        if (after < fault.at) {
            return true;
        }
        const Nanos at = fault.at + ((after - fault.at) / fault.every + 1) * fault.every;
        return at <= until && at < fault.end();
    }
    if (fault.kind != Kind::flapping) {
        return false;
    }
    for (Nanos within = std::max(after, fault.at); within <= until && within < fault.end();) {
        const auto here = cycle(fault, equipment, within);
        if (here.down_from > after && here.down_from <= until && here.down_from < fault.end()) {
            return true;
        }
        within = here.end;
    }
    return false;
}

std::optional<Blow> NetworkFaults::blow(EquipmentId equipment, Nanos after, Nanos until) const {
    std::optional<Blow> worst;
    for (std::uint32_t i = 0; i < faults_.size(); ++i) {
        const auto& fault = faults_[i];
        const bool deals = fault.kind == Kind::reset || fault.kind == Kind::half_open || fault.kind == Kind::flapping;
        if (!deals || !hits(i, equipment) || !strikes(fault, equipment, after, until)) {
            continue;
        }
        if (fault.kind != Kind::half_open) {
            return Blow{Blow::Kind::reset, i};
        }
        worst = worst.value_or(Blow{Blow::Kind::half_open, i});
    }
    return worst;
}

double NetworkFaults::draw(EquipmentId equipment, std::uint64_t n) const {
    return drawn(seed_, jitter_purpose, equipment, n);
}

}  // namespace portillon::faults
