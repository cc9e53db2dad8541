#pragma once

// A fault that a server is to show, for self-tests and for trying a fleet out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "faults/kinds.h"

namespace portillon::server {

using FaultKind = faults::Kind;  // one of the server's
using faults::Victim;

struct Fault {
    std::uint64_t id = 0;    // given by the server
    std::uint64_t draw = 0;  // what its draws follow from, beside the seed; its id unless who sets it says otherwise
    FaultKind kind = FaultKind::stall;
    Instant at{};
    // 0: until cleared, or until the count is used up; an instant for close, goaway; for good for kill.
    Nanos length{};
    Nanos delay{};            // of delay and slow
    Nanos retry_after{};      // of throttle
    Nanos every{};            // of close and goaway
    std::uint64_t per_s = 0;  // of limit
    // Of validations and messages: exactly so many in total, over all shards. 0: all of them, for messages only.
    std::uint64_t count = 0;
    // Which of them: each with this chance, 1 in N, drawn from the run's seed, its equipment and its sequence, until
    // the count is reached. A first copy is drawn for once, and so is a message where not all are meant.
    std::uint32_t one_in = 3;
    // Goes when this run is closed, and takes none but its validations and messages. What is held, connections and
    // shards are everybody's.
    std::optional<RunId> run = {};
    std::uint32_t share = 0;  // the place of what the shards share of it (Board::shares)

    bool active(Instant now) const { return now >= at && (length == Nanos{0} || now < at + length); }
    Instant end() const { return length == Nanos{0} ? never : at + length; }
    bool operator==(const Fault&) const = default;
};

}  // namespace portillon::server
