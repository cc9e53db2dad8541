#pragma once

// One shard's ingest with the ledger at its end: decode, hold or hurt as the faults say, compare with what the seed
// makes, record, answer. A batch of a run that nobody registered is accepted and forgotten, so that strangers' load
// tools can be pointed at this server.

#include <unordered_map>

#include "net/loop.h"
#include "server/faults.h"
#include "server/figures.h"
#include "server/hold_queue.h"
#include "server/ingest.h"
#include "server/ledger.h"
#include "wire/batch_codec.h"

namespace portillon::server {

class LedgerIngest final : public Ingest, private Alarm {
public:
    // `shard`: which slot of the ledgers is its own.
    LedgerIngest(net::Loop& loop, unsigned shard, Figures& figures, std::span<FaultShare> shares,
                 std::size_t hold_limit_bytes = HoldQueue::most_bytes);

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override;

    // The memory of `ledger` stays until close() or the end of this.
    void open(const Ledger& ledger);
    void close(RunId run);               // and its faults
    bool is_running(Instant now) const;  // a run whose T0 has passed is open

    void set(const Fault& fault);
    void clear_faults();  // what is held is taken at once

    // Whether a fault wants a new connection to go again.
    bool turns_away() { return faults_.turn_away(loop_.now()); }

    // Takes everything that is held, now: before the ledger is frozen, and before the end.
    void flush();

private:
    struct Waiting {  // for its equipment's next one
        Sequence sequence = 0;
        Nanos due{};
        FaultShare* share = nullptr;
    };
    struct OpenRun {
        Ledger ledger;
        std::unordered_map<std::uint32_t, Waiting> waiting;  // by equipment
    };

    void ring(Instant now) override;
    void release_until(Instant now);
    std::uint32_t count_of(std::span<const std::byte> body);
    void take_in(std::span<const std::byte> body, Answers& answers, const Ticket& ticket);
    Decision decide();
    OpenRun* find(RunId run);
    void record(OpenRun& run, Instant now);
    void deliver_hurt(OpenRun& run, const wire::Validation& validation, Instant now);
    void deliver_in_turn(OpenRun& run, const wire::Validation& validation, Instant now);
    void release_waiting(OpenRun& run, Instant now);

    net::Loop& loop_;
    unsigned shard_;
    Figures& figures_;
    Faults faults_;
    HoldQueue held_;
    std::unordered_map<RunId, OpenRun> runs_;
    OpenRun* last_ = nullptr;
    wire::ReceivedBatch batch_;
};

}  // namespace portillon::server
