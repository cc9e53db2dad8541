#pragma once

// A ledger's account of a run, taken once the ledger is frozen, and the counts that it needs for that.

#include <cstdint>
#include <optional>
#include <vector>

#include "account/figures.h"
#include "account/range.h"
#include "stats/histogram.h"

namespace portillon::account {

// How many validations each equipment generated, from equipment 1 on; nothing where that is unknown because its
// generator's shard died.
using Generated = std::vector<std::optional<Sequence>>;

// The figures of the validations that were due in one segment of the run.
struct SegmentAccount {
    std::uint64_t duplicated = 0;
    stats::Histogram end_to_end;
};

struct LedgerAccount {
    // Only the counts of the ledger's section are set. `delivered` counts generated validations alone, so that it and
    // `missing` add up to what was generated; `unexpected` includes validations that arrived though nobody generated
    // them.
    Counts counts;
    std::vector<Range> missing, duplicated_ranges, reordered_ranges;  // missing: generated, not delivered
    stats::Histogram end_to_end;
    std::vector<std::uint64_t> delivered_per_s;  // since T0, first copies
    std::vector<SegmentAccount> segments;        // as many as were asked for, or none from a server that knows none
};

}  // namespace portillon::account
