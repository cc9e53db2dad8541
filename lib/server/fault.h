#pragma once

// A fault that a server is to show, for self-tests and for trying a fleet out.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace portillon::server {

enum class FaultKind : std::uint8_t {
    stall,      // what arrives during it is held, unanswered and unrecorded, until its end; then taken in order
    delay,      // each arrival is held for `delay`
    lose,       // `count` validations are acknowledged and never recorded
    duplicate,  // `count` validations are recorded twice
    swap,       // `count` validations are recorded after the next of their equipment; acknowledged at once
};

std::string_view name_of(FaultKind kind);
std::optional<FaultKind> fault_kind_named(std::string_view name);

constexpr bool takes_count(FaultKind kind) {
    return kind >= FaultKind::lose;
}

struct Fault {
    std::uint64_t id = 0;  // given by the server
    FaultKind kind{};
    Instant at{};
    Nanos length{};           // 0: until cleared, or until the count is used up; a stall has a length
    Nanos delay{};            // of `delay`
    std::uint64_t count = 0;  // of the others: exactly so many in total, over all shards
    // Which ones: every first copy is taken with this chance, 1 in N, drawn from the run's seed, its equipment and its
    // sequence, until the count is reached.
    std::uint32_t one_in = 3;
    // Goes when this run is closed, and takes none but its validations. A stall or a delay holds whatever arrives.
    std::optional<RunId> run = {};
    std::uint32_t budget = 0;  // of those with a count: place of what is left of it (Board::budgets)

    bool active(Instant now) const { return now >= at && (length == Nanos{0} || now < at + length); }
    bool operator==(const Fault&) const = default;
};

}  // namespace portillon::server
