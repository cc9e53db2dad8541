#pragma once

// A fault that a server is to show, for self-tests and for trying a fleet out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace portillon::server {

enum class FaultKind : std::uint8_t {
    stall,      // what arrives during it is held, unanswered and unrecorded, until its end; then taken in order
    delay,      // each arrival is held for `delay`
    slow,       // each shard works for `delay` on every arrival, one after the other
    limit,      // all shards together take `per_s` validations a second; the rest waits its turn
    lose,       // validations are acknowledged and never recorded
    duplicate,  // validations are recorded twice
    swap,       // validations are recorded after the next of their equipment; acknowledged at once
    drop,       // messages are neither recorded nor answered
    mute,       // messages are recorded and never answered
    error,      // messages are not recorded: "something went wrong, try again"
    throttle,   // messages are not recorded: "too much, not before `retry_after`"
    reject,     // messages are not recorded: no, for good
    turn_away,  // new connections are reset
    close,      // every connection is closed without a word; with `every`, again and again
    goaway,     // every connection is ended with its protocol's goodbye; with `every`, again and again
    kill,       // one shard is killed; it comes back after `length`, if that is not 0
    restart,    // all shards are killed, and come back after `length`
};

std::string_view name_of(FaultKind kind);
std::optional<FaultKind> fault_kind_named(std::string_view name);
std::string fault_kind_names();  // "stall, delay, ... or restart"

// What a fault strikes, and so what its count counts.
enum class Victim : std::uint8_t { held_messages, validations, messages, connections, shards };

constexpr Victim victim_of(FaultKind kind) {
    if (kind <= FaultKind::limit) {
        return Victim::held_messages;
    }
    if (kind <= FaultKind::swap) {
        return Victim::validations;
    }
    if (kind <= FaultKind::reject) {
        return Victim::messages;
    }
    return kind <= FaultKind::goaway ? Victim::connections : Victim::shards;
}

std::string_view name_of(Victim victim);  // "messages": how they are counted where people see them

struct Fault {
    std::uint64_t id = 0;    // given by the server
    std::uint64_t draw = 0;  // what its draws follow from, beside the seed; its id unless who sets it says otherwise
    FaultKind kind{};
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
