#include "server/pipeline.h"

namespace portillon::server {

Pipeline::Pipeline(net::Loop& loop, unsigned shard, Figures& figures, std::span<FaultShare> shares,
                   std::size_t hold_limit_bytes)
    : loop_(loop),
      faults_(shares),
      record_(loop, shard, figures, ledgers_),
      strike_validations_(loop, shard, faults_, ledgers_, record_),
      genuine_(ledgers_, strike_validations_),
      strike_messages_(figures, faults_, ledgers_, genuine_),
      decode_(figures, strike_messages_),
      hold_(loop, figures, faults_, hold_limit_bytes, decode_) {}

void Pipeline::arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) {
    Arrival arrival{.bytes = body, .reply = {&answers, ticket}, .at = loop_.now()};
    hold_.take(arrival);
}

void Pipeline::open(const Ledger& ledger) {
    strike_validations_.forget(ledger.run());
    ledgers_.open(ledger);
}

void Pipeline::close(RunId run) {
    strike_validations_.forget(run);
    ledgers_.close(run);
    faults_.drop(run);
}

void Pipeline::clear_faults() {
    faults_.clear();
    hold_.flush();
    strike_validations_.flush();
}

std::size_t Pipeline::waiting() const {
    return hold_.waiting();
}

void Pipeline::flush() {
    hold_.flush();
    strike_validations_.flush();
}

}  // namespace portillon::server
