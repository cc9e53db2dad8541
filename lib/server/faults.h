#pragma once

// The faults of one shard: what is to become of an arrival, a message, a validation, a connection. Pure; time is given.

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "server/fault.h"
#include "server/fault_share.h"

namespace portillon::server {

enum class Fate : std::uint8_t { deliver, lose, duplicate, swap };

class Faults {
public:
    // `shares` outlive it; a fault's own has begun before it is set.
    explicit Faults(std::span<FaultShare> shares) : shares_(shares) {}

    void set(const Fault& fault);
    void drop(RunId run);  // those of this run
    void clear();

    // Whether any may suffer now: lets the usual path pass by.
    bool threaten_validations(Instant now) const { return threaten(validations_, now); }
    bool threaten_messages(Instant now) const { return threaten(messages_, now); }
    // Whether release() has to know how many validations there are in a message.
    bool limit(Instant now) const;

    // The instant at which a message that arrives at `arrival` is to be looked at; not before `arrival`. Once a
    // message.
    Instant release(Instant arrival, std::uint32_t validations);

    // For a message, once: what it is that it meets, if anything, which is taken from its share. `seed`: of its run, or
    // 0.
    std::optional<Fault> meet(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence first, Instant now);

    struct Verdict {
        Fate fate = Fate::deliver;
        FaultShare* share = nullptr;  // of a swap: to take from when it is completed
    };
    // For a first copy, once. Takes from the share when the fate is lose or duplicate.
    Verdict judge(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence, Instant now);

    // Whether a new connection is to go again at once; taken from the share.
    bool turn_away(Instant now);

private:
    // More are forgotten, and may be drawn for once more.
    static constexpr std::size_t most_drawn = 1 << 20;

    struct Holding {
        Fault fault;
        Instant working_until{};  // slow
    };

    bool threaten(const std::vector<Fault>& faults, Instant now) const;
    bool draws(const Fault& fault, RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence) const;
    bool may_strike(const Fault& fault, Instant now) const;

    std::span<FaultShare> shares_;
    std::vector<Holding> holding_;
    std::vector<Fault> validations_;  // lose before duplicate before swap
    std::vector<Fault> messages_;     // drop before mute before error ...
    std::vector<Fault> connections_;  // turn_away
    std::unordered_set<std::uint64_t> drawn_;
};

}  // namespace portillon::server
