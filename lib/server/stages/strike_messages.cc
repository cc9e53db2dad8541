#include "server/stages/strike_messages.h"

#include "base/check.h"

namespace portillon::server::stages {

namespace {

Disposition disposition_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::drop:
            return Disposition::ignored;
        case FaultKind::mute:
            return Disposition::muted;
        case FaultKind::error:
            return Disposition::failed;
        case FaultKind::throttle:
            return Disposition::refused;
        case FaultKind::reject:
            return Disposition::rejected;
        default:
            check(false, "a fault that strikes no message");
            return Disposition::accepted;
    }
}

}  // namespace

void StrikeMessages::take(Arrival& arrival) {
    if (!faults_.threaten_messages(arrival.at)) {
        next_.take(arrival);
        return;
    }
    const wire::ReceivedBatch& batch = *arrival.batch;
    const Ledger* const ledger = ledgers_.find(batch.run);
    const std::uint64_t seed = ledger != nullptr ? ledger->payload().seed : 0;
    const auto fault = faults_.strike_message(batch.run, seed, batch.equipment, batch.first, arrival.at);
    if (!fault) {
        next_.take(arrival);
        return;
    }
    if (fault->kind == FaultKind::mute) {
        arrival.disposition = Disposition::muted;
        next_.take(arrival);
        return;
    }
    figures_.refused.add(name_of(fault->kind));
    Decision decision = arrival.decision(disposition_of(fault->kind));
    if (fault->kind == FaultKind::throttle) {
        decision.retry_after = fault->retry_after;
    }
    arrival.reply.decided(decision);
}

}  // namespace portillon::server::stages
