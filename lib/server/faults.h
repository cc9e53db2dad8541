#pragma once

// The faults of one shard: they decide what happens to an arrival, a message, a validation, a connection. Pure; time is
// an argument.

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
    // `shares` outlive the object; the share of a fault has begun before the fault is set.
    explicit Faults(std::span<FaultShare> shares) : shares_(shares) {}

    void set(const Fault& fault);
    void drop(RunId run);  // the faults of this run
    void clear();

    // Whether any fault may strike now; lets the usual path skip the rest.
    bool threaten_validations(Instant now) const { return threaten(validations_, now); }
    bool threaten_messages(Instant now) const { return threaten(messages_, now); }
    // Whether a limit is active, so that release_instant() needs the number of validations in a message.
    bool limit(Instant now) const;

    // The instant at which a message that arrives at `arrival` may enter the pipeline; not before `arrival`. Call it
    // once per message: it moves the queues of slow and limit on.
    Instant release_instant(Instant arrival, std::uint32_t validations);

    // The fault that strikes this message, or nothing. Call once per message: a strike uses up one of the fault's
    // count. `seed`: the run's seed, or 0 if nobody registered the run.
    std::optional<Fault> strike_message(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence first,
                                        Instant now);

    struct Verdict {
        Fate fate = Fate::deliver;
        FaultShare* share = nullptr;  // of a swap: take() from it when the swap is completed
    };
    // The fate of a validation; call it once for a first copy. The fates lose and duplicate use up one of the fault's
    // count.
    Verdict fate_of(RunId run, std::uint64_t seed, EquipmentId equipment, Sequence sequence, Instant now);

    // Whether a new connection is to be reset at once; if so, that uses up one of the fault's count.
    bool turn_away(Instant now);

private:
    // The most messages whose draw is remembered. Beyond, all are forgotten, and may be drawn a second time.
    static constexpr std::size_t most_drawn = 1 << 20;

    struct Holding {
        Fault fault;
        Instant working_until{};  // of slow: when the work taken on so far is done
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
