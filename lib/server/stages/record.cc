#include "server/stages/record.h"

namespace portillon::server::stages {

void Record::take(Arrival& arrival) {
    if (Ledger* const ledger = ledgers_.find(arrival.batch->run)) {
        const Instant now = loop_.now();
        for (const wire::Validation& validation : arrival.batch->validations) {
            ledger->record(shard_, validation.equipment, validation.sequence, validation.due, now);
        }
        for (std::uint32_t i = 0; i < arrival.unexpected; ++i) {
            ledger->record_unexpected(shard_, now);
        }
    } else {
        figures_.unregistered.add(arrival.count);
    }
    arrival.reply.decided(arrival.decision(arrival.disposition));
}

}  // namespace portillon::server::stages
