#pragma once

// One shard's ingest: a message passes through the stages in this order, inside one call unless a stage keeps it.
//
//     Hold -> Decode -> StrikeMessages -> Genuine -> StrikeValidations -> Record
//
// A queue and a store belong between Genuine and StrikeValidations: there the message is decoded and known to match the
// seed, and behind them nothing waits between the faults' look at the ledger and the record.

#include "net/loop.h"
#include "server/faults.h"
#include "server/figures.h"
#include "server/ingest.h"
#include "server/open_ledgers.h"
#include "server/stages/decode.h"
#include "server/stages/genuine.h"
#include "server/stages/hold.h"
#include "server/stages/record.h"
#include "server/stages/strike_messages.h"
#include "server/stages/strike_validations.h"

namespace portillon::server {

class Pipeline final : public Ingest, public Holder {
public:
    // `shard`: the number of its slot in the ledgers.
    Pipeline(net::Loop& loop, unsigned shard, Figures& figures, std::span<FaultShare> shares,
             std::size_t hold_limit_bytes = stages::HoldQueue::most_bytes);

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override;

    // The memory of `ledger` stays until close() or the end of this object.
    void open(const Ledger& ledger);
    void close(RunId run);                                                   // drops its faults, too
    bool is_running(Instant now) const { return ledgers_.is_running(now); }  // a run whose T0 has passed is open

    void set(const Fault& fault) { faults_.set(fault); }
    void clear_faults();  // messages that they hold back continue at once

    // Whether a fault wants this new connection reset; call once per connection.
    bool turns_away() { return faults_.turn_away(loop_.now()); }

    // These cover all stages.
    std::size_t waiting() const override;
    void flush() override;

private:
    net::Loop& loop_;
    Faults faults_;
    OpenLedgers ledgers_;
    // From the last to the first: each gets a reference to the next.
    stages::Record record_;
    stages::StrikeValidations strike_validations_;
    stages::Genuine genuine_;
    stages::StrikeMessages strike_messages_;
    stages::Decode decode_;
    stages::Hold hold_;
};

}  // namespace portillon::server
