#include "server/stages/genuine.h"

namespace portillon::server::stages {

namespace {

bool is_genuine(const wire::Validation& validation, const wire::Payload& payload) {
    return wire::matches(validation, payload.seed) &&
           validation.filler.size() == wire::filler_size(payload.bytes, validation.equipment, validation.sequence);
}

}  // namespace

void Genuine::take(Arrival& arrival) {
    if (const Ledger* const ledger = ledgers_.find(arrival.batch->run)) {
        const wire::Payload& payload = ledger->payload();
        arrival.unexpected += static_cast<std::uint32_t>(
            std::erase_if(arrival.batch->validations,
                          [&](const wire::Validation& validation) { return !is_genuine(validation, payload); }));
    }
    next_.take(arrival);
}

}  // namespace portillon::server::stages
