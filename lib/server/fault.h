#pragma once

// A fault that a server is told to show, for self-tests and for trying out a fleet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "faults/kinds.h"

namespace portillon::server {

using FaultKind = faults::Kind;  // only kinds of the server
using faults::Victim;

inline constexpr std::size_t most_faults = 256;  // at once
// Instants and durations are bounded so that the sum of a few of them does not overflow.
inline constexpr Nanos most_nanos = Nanos::max() / 4;
inline constexpr Nanos least_every = 1ms;

struct Fault {
    std::uint64_t id = 0;    // given by the server
    std::uint64_t draw = 0;  // seeds its random draws, with the run's seed; equals `id` unless set otherwise
    FaultKind kind = FaultKind::stall;
    Instant at{};
    // 0: until the fault is cleared, or its count is used up; for close and goaway a single instant; for kill for good.
    Nanos length{};
    Nanos delay{};            // of delay and slow
    Nanos retry_after{};      // of throttle
    Nanos every{};            // of close and goaway
    std::uint64_t per_s = 0;  // of limit
    // How many validations or messages the fault strikes, exactly, over all shards. 0: all of them; for messages only.
    std::uint64_t count = 0;
    // Which ones it strikes until the count is reached: each with a chance of 1 in N, drawn from the run's seed, its
    // equipment and its sequence. Drawn once for a first copy, and once for a message unless all messages are meant.
    std::uint32_t one_in = 3;
    // The run to which the fault belongs: it strikes only that run's validations and messages, and is dropped when the
    // run is closed. Faults that hold messages back, or strike connections or shards, affect all runs.
    std::optional<RunId> run = {};
    std::uint32_t share = 0;  // index of its shared state in SharedFigures::shares

    bool active(Instant now) const { return now >= at && (length == Nanos{0} || now < at + length); }
    Instant end() const { return length == Nanos{0} ? never : at + length; }
    bool operator==(const Fault&) const = default;
};

// Says why no shard can show `fault`, for a person; empty if one can. The fault's kind is one of faults::Kind.
std::string problem_of(const Fault& fault);

}  // namespace portillon::server
