#include "server/stages/strike_validations.h"

namespace portillon::server::stages {

void StrikeValidations::take(Arrival& arrival) {
    wire::ReceivedBatch& batch = *arrival.batch;
    if (swapping_.empty() && !faults_.threaten_validations(arrival.at)) {
        next_.take(arrival);
        return;
    }
    const Ledger* const ledger = ledgers_.find(batch.run);
    if (ledger == nullptr) {
        next_.take(arrival);
        return;
    }
    passed_.clear();
    ByEquipment& swapping = swapping_[batch.run];
    for (const wire::Validation& validation : batch.validations) {
        strike(*ledger, swapping, validation, arrival.at);
    }
    if (swapping.empty()) {
        swapping_.erase(batch.run);
    }
    batch.validations.swap(passed_);
    next_.take(arrival);
}

void StrikeValidations::flush() {
    const Instant now = loop_.now();
    for (const auto& [run, swapping] : swapping_) {
        if (Ledger* const ledger = ledgers_.find(run)) {
            for (const auto& [equipment, swapped] : swapping) {
                ledger->record(shard_, static_cast<EquipmentId>(equipment), swapped.sequence, swapped.due, now);
            }
        }
    }
    swapping_.clear();
}

// The validations of this batch that the ledger has yet to record have smaller sequences than `validation`: they change
// neither whether this is a first copy nor whether it is in order.
void StrikeValidations::strike(const Ledger& ledger, ByEquipment& swapping, const wire::Validation& validation,
                               Instant now) {
    const auto equipment = validation.equipment;
    const auto found = swapping.find(number_of(equipment));
    const bool is_kept = found != swapping.end() && found->second.sequence == validation.sequence;
    Faults::Verdict verdict;
    if (ledger.expects(equipment, validation.sequence) && !ledger.has(equipment, validation.sequence) && !is_kept) {
        verdict = faults_.fate_of(ledger.run(), ledger.payload().seed, equipment, validation.sequence, now);
    }
    switch (verdict.fate) {
        case Fate::lose:
            break;
        case Fate::duplicate:
            pass_in_turn(swapping, validation);
            passed_.push_back(validation);
            break;
        case Fate::swap:
            if (ledger.highest(equipment) < validation.sequence &&
                swapping.try_emplace(number_of(equipment), Swapped{validation.sequence, validation.due, verdict.share})
                    .second) {
                break;
            }
            [[fallthrough]];  // it is out of order already, or it is the next one of a held validation
        case Fate::deliver:
            pass_in_turn(swapping, validation);
    }
}

// Passes `validation` on, and with it the held validation of the same equipment, if there is one: after `validation`,
// if that completes a swap whose fault still has one to strike.
void StrikeValidations::pass_in_turn(ByEquipment& swapping, const wire::Validation& validation) {
    const auto found = swapping.find(number_of(validation.equipment));
    if (found == swapping.end() || validation.sequence < found->second.sequence) {
        passed_.push_back(validation);
        return;
    }
    const Swapped swapped = found->second;
    swapping.erase(found);
    wire::Validation kept;
    kept.equipment = validation.equipment;
    kept.sequence = swapped.sequence;
    kept.due = swapped.due;
    const bool swaps = validation.sequence > swapped.sequence && swapped.share->take();
    passed_.push_back(swaps ? validation : kept);
    passed_.push_back(swaps ? kept : validation);
}

}  // namespace portillon::server::stages
