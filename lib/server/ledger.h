#pragma once

// The server's account of what was delivered in one run. It is pure, over a region of memory that the server's
// processes share: three bitmaps with one bit per validation, set by atomic or; the highest sequence seen of each
// equipment; and for each shard a slot of counters that only this shard writes. A killed process leaves nothing half
// written: the final counts are taken from the bitmaps (reconcile.h).
//
// The region is sparse: pages of equipments that never send, and bitmaps of marks that never occur, stay untouched.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "account/ledger_account.h"
#include "plan/run_spec.h"
#include "stats/histogram.h"

namespace portillon::server {

enum class Entry : std::uint8_t {
    delivered,   // the first copy
    reordered,   // the first copy, after a greater sequence of its equipment (RFC 4737)
    duplicated,  // a further copy; never reordered
    unexpected,  // no such equipment or sequence in this run
    refused,     // the ledger is frozen
};

enum class Mark : std::uint8_t { delivered, duplicated, reordered };

// The sum of the shards' slots: cheap, and at most one validation off for a killed shard.
struct LedgerCounts {
    std::uint64_t delivered = 0;  // first copies, reordered ones included
    std::uint64_t duplicated = 0, reordered = 0, unexpected = 0, after_freeze = 0;
    std::optional<Instant> last_arrival;  // of anything that the ledger was asked to record
};

using account::SegmentAccount;

class Ledger {
public:
    static constexpr Nanos longest_due = 366 * 24h;  // a later due time cannot come from a fleet
    static constexpr std::size_t most_seconds = 24 * 3600;

    static std::size_t bytes_needed(const plan::RunSpec& spec, unsigned shards);
    // Makes a ledger in `zeroed` memory of that many bytes, aligned to 64; `spec` has no problem. A Ledger is a view:
    // copies share the memory.
    static Ledger create(std::span<std::byte> zeroed, const plan::RunSpec& spec, unsigned shards);
    // Nothing if the memory holds no ledger.
    static std::optional<Ledger> attach(std::span<std::byte> bytes);

    plan::RunSpec spec() const;
    RunId run() const;
    const wire::Payload& payload() const;
    unsigned shards() const;

    bool expects(EquipmentId equipment, Sequence sequence) const;

    // Records one copy of a validation. Only shard `shard` calls this. From start() on, a first copy whose due time
    // lies in a measured window counts in end_to_end().
    Entry record(unsigned shard, EquipmentId equipment, Sequence sequence, Nanos due, Instant now);
    // Records a validation that is not what the run's seed makes.
    void record_unexpected(unsigned shard, Instant now);

    bool has(EquipmentId equipment, Sequence sequence) const;  // requires expects()
    Sequence highest(EquipmentId equipment) const;             // 0: none yet

    // T0 and the end of the run, for all processes at once.
    void start(Instant t0);
    std::optional<Instant> t0() const;
    void freeze();
    bool frozen() const;

    LedgerCounts counts() const;
    stats::Histogram end_to_end() const;
    std::vector<SegmentAccount> segments() const;             // one for each segment of the spec
    std::vector<std::uint64_t> delivered_per_second() const;  // since T0, first copies; for 24 h

    // Bit i - 1 stands for sequence i. The span ends where no bit can be set; empty if the mark never occurred.
    std::span<const std::uint64_t> bits(Mark mark, EquipmentId equipment) const;

private:
    struct Head;
    struct Slot;
    struct Piece;
    struct Layout;
    Ledger(std::span<std::byte> bytes, const Layout& layout);

    Slot& slot(unsigned shard) const;
    std::uint64_t* word(Mark mark, EquipmentId equipment, Sequence sequence) const;
    std::size_t piece_of(Slot& slot, Nanos due) const;
    Piece& piece(unsigned shard, std::size_t place) const;
    void time(Slot& slot, Piece& piece, Nanos due, Instant now) const;

    Head* head_;
    std::byte* slots_;
    std::byte* pieces_;       // by shard, then by due time
    std::uint64_t* highest_;  // one per equipment, like the two below
    std::uint8_t* happened_;  // which marks other than delivered occurred: spares readers the untouched pages
    std::uint64_t* bitmaps_;  // by mark, then by equipment
    std::uint64_t words_;     // per bitmap
};

}  // namespace portillon::server
