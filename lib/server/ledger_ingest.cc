#include "server/ledger_ingest.h"

namespace portillon::server {

LedgerIngest::LedgerIngest(net::Loop& loop, unsigned shard, Figures& figures, std::span<Budget> budgets,
                           std::size_t hold_limit_bytes)
    : loop_(loop), shard_(shard), figures_(figures), faults_(budgets), held_(hold_limit_bytes) {}

void LedgerIngest::arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) {
    const Instant now = loop_.now();
    const Instant release = faults_.release(now);
    if (release <= now && held_.empty()) {
        take_in(body, answers, ticket);
        return;
    }
    if (!held_.push(release, body, answers, ticket)) {
        figures_.refused.add("hold_queue_full");
        answers.decided(ticket, {Disposition::refused, {}, {}, 0, 0});
        return;
    }
    if (!armed()) {
        loop_.timers().set(*this, held_.next());
    }
}

void LedgerIngest::open(const Ledger& ledger) {
    last_ = nullptr;
    runs_.insert_or_assign(ledger.run(), OpenRun{ledger, {}});
}

void LedgerIngest::close(RunId run) {
    last_ = nullptr;
    runs_.erase(run);
    faults_.drop(run);
}

void LedgerIngest::set(const Fault& fault) {
    faults_.set(fault);
}

void LedgerIngest::clear_faults() {
    faults_.clear();
    flush();
}

void LedgerIngest::flush() {
    release_until(Instant::max());
    const Instant now = loop_.now();
    for (auto& [id, run] : runs_) {
        release_waiting(run, now);
    }
}

void LedgerIngest::ring(Instant now) {
    release_until(now);
    if (!held_.empty()) {
        loop_.timers().set(*this, held_.next());
    }
}

void LedgerIngest::release_until(Instant now) {
    while (!held_.empty() && held_.next() <= now) {
        const HeldArrival arrival = held_.pop();
        take_in(arrival.bytes, *arrival.answers, arrival.ticket);
    }
}

void LedgerIngest::take_in(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) {
    if (const auto error = wire::decode(body, wire::detect_encoding(body), batch_)) {
        figures_.refused.add(cause_name(error));
        answers.decided(ticket, {Disposition::malformed, error, {}, 0, 0});
        return;
    }
    const auto count = static_cast<std::uint32_t>(batch_.validations.size());
    figures_.batches.add();
    figures_.validations.add(count);
    if (OpenRun* const run = find(batch_.run)) {
        record(*run, loop_.now());
    } else {
        figures_.unregistered.add(count);
    }
    answers.decided(ticket, {Disposition::accepted, {}, batch_.equipment, batch_.first, count});
}

LedgerIngest::OpenRun* LedgerIngest::find(RunId run) {
    if (last_ == nullptr || last_->ledger.run() != run) {
        const auto found = runs_.find(run);
        last_ = found == runs_.end() ? nullptr : &found->second;
    }
    return last_;
}

void LedgerIngest::record(OpenRun& run, Instant now) {
    const wire::Payload& payload = run.ledger.payload();
    const bool quiet = run.waiting.empty() && !faults_.threaten(now);
    for (const wire::Validation& validation : batch_.validations) {
        const bool genuine =
            wire::matches(validation, payload.seed) &&
            validation.filler.size() == wire::filler_size(payload.bytes, validation.equipment, validation.sequence);
        if (!genuine) {
            run.ledger.record_unexpected(shard_, now);
        } else if (quiet) {
            run.ledger.record(shard_, validation.equipment, validation.sequence, validation.due, now);
        } else {
            deliver_hurt(run, validation, now);
        }
    }
}

void LedgerIngest::deliver_hurt(OpenRun& run, const wire::Validation& validation, Instant now) {
    Ledger& ledger = run.ledger;
    const auto equipment = validation.equipment;
    const auto waiting = run.waiting.find(number_of(equipment));
    const bool waits = waiting != run.waiting.end() && waiting->second.sequence == validation.sequence;
    Faults::Verdict verdict;
    if (ledger.expects(equipment, validation.sequence) && !ledger.has(equipment, validation.sequence) && !waits) {
        verdict = faults_.judge(ledger.run(), ledger.payload().seed, equipment, validation.sequence, now);
    }
    switch (verdict.fate) {
        case Fate::lose:
            break;
        case Fate::duplicate:
            deliver_in_turn(run, validation, now);
            ledger.record(shard_, equipment, validation.sequence, validation.due, now);
            break;
        case Fate::swap:
            if (ledger.highest(equipment) < validation.sequence &&
                run.waiting
                    .try_emplace(number_of(equipment), Waiting{validation.sequence, validation.due, verdict.budget})
                    .second) {
                break;
            }
            [[fallthrough]];  // out of order already, or the one that somebody waits for
        case Fate::deliver:
            deliver_in_turn(run, validation, now);
    }
}

// With the one of its equipment that waits, if there is: after it, if that makes a swap that is still wanted.
void LedgerIngest::deliver_in_turn(OpenRun& run, const wire::Validation& validation, Instant now) {
    const auto record = [&](Sequence sequence, Nanos due) {
        run.ledger.record(shard_, validation.equipment, sequence, due, now);
    };
    const auto found = run.waiting.find(number_of(validation.equipment));
    if (found == run.waiting.end() || validation.sequence < found->second.sequence) {
        record(validation.sequence, validation.due);
        return;
    }
    const Waiting waiting = found->second;
    run.waiting.erase(found);
    if (validation.sequence > waiting.sequence && take(*waiting.budget)) {
        record(validation.sequence, validation.due);
        record(waiting.sequence, waiting.due);
    } else {
        record(waiting.sequence, waiting.due);
        record(validation.sequence, validation.due);
    }
}

void LedgerIngest::release_waiting(OpenRun& run, Instant now) {
    for (const auto& [equipment, waiting] : run.waiting) {
        run.ledger.record(shard_, static_cast<EquipmentId>(equipment), waiting.sequence, waiting.due, now);
    }
    run.waiting.clear();
}

}  // namespace portillon::server
