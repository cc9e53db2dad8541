#pragma once

// Compares the ledger with what each equipment generated, as sets: only the exceptions are named.

#include <cstddef>
#include <optional>
#include <vector>

#include "server/ledger.h"

namespace portillon::server {

// Sequences of one equipment, both ends included.
struct Range {
    EquipmentId equipment{};
    Sequence first = 0, last = 0;
    bool operator==(const Range&) const = default;
};

struct Exceptions {
    std::uint64_t delivered = 0;   // of the generated validations; delivered + missing = generated
    std::uint64_t duplicated = 0;  // further copies, any number per validation
    std::uint64_t reordered = 0;
    std::uint64_t unexpected = 0;  // includes validations delivered though never generated
    std::vector<Range> missing, duplicated_ranges, reordered_ranges;  // in order
};

// How many validations each equipment generated, from equipment 1 on; nothing where that is unknown because its shard
// died.
using Generated = std::vector<std::optional<Sequence>>;

// Equipments beyond the list generated nothing; those beyond the run are missing whole; those whose count is unknown
// appear in `unexpected` only. Nothing if there are more than `most_ranges` ranges. The ledger is frozen.
std::optional<Exceptions> reconcile(const Ledger& ledger, const Generated& generated,
                                    std::size_t most_ranges = 10'000'000);

}  // namespace portillon::server
