#include "server/ledger_ingest.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::server {

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

LedgerIngest::LedgerIngest(net::Loop& loop, unsigned shard, Figures& figures, std::span<FaultShare> shares,
                           std::size_t hold_limit_bytes)
    : loop_(loop), shard_(shard), figures_(figures), faults_(shares), held_(hold_limit_bytes) {}

void LedgerIngest::arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) {
    const Instant now = loop_.now();
    const Instant release = faults_.release(now, faults_.limit(now) ? count_of(body) : 1);
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

bool LedgerIngest::is_running(Instant now) const {
    return std::any_of(runs_.begin(), runs_.end(), [now](const auto& run) {
        const auto t0 = run.second.ledger.t0();
        return t0 && *t0 <= now;
    });
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

std::uint32_t LedgerIngest::count_of(std::span<const std::byte> body) {
    return wire::decode(body, wire::detect_encoding(body), batch_)
               ? 1
               : static_cast<std::uint32_t>(batch_.validations.size());
}

void LedgerIngest::take_in(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) {
    if (const auto error = wire::decode(body, wire::detect_encoding(body), batch_)) {
        figures_.refused.add(cause_name(error));
        answers.decided(ticket, {Disposition::malformed, error, {}, 0, 0});
        return;
    }
    figures_.batches.add();
    figures_.validations.add(batch_.validations.size());
    answers.decided(ticket, decide());
}

// About the batch that was just read.
Decision LedgerIngest::decide() {
    const Instant now = loop_.now();
    OpenRun* const run = find(batch_.run);
    const auto count = static_cast<std::uint32_t>(batch_.validations.size());
    auto disposition = Disposition::accepted;
    if (faults_.threaten_messages(now)) {
        const std::uint64_t seed = run != nullptr ? run->ledger.payload().seed : 0;
        if (const auto fault = faults_.meet(batch_.run, seed, batch_.equipment, batch_.first, now)) {
            disposition = disposition_of(fault->kind);
            if (disposition != Disposition::muted) {
                figures_.refused.add(name_of(fault->kind));
                const auto retry_after =
                    fault->kind == FaultKind::throttle ? std::optional(fault->retry_after) : std::nullopt;
                return {disposition, {}, batch_.equipment, batch_.first, count, retry_after};
            }
        }
    }
    if (run != nullptr) {
        record(*run, now);
    } else {
        figures_.unregistered.add(count);
    }
    return {disposition, {}, batch_.equipment, batch_.first, count};
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
    const bool quiet = run.waiting.empty() && !faults_.threaten_validations(now);
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
                    .try_emplace(number_of(equipment), Waiting{validation.sequence, validation.due, verdict.share})
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
    if (validation.sequence > waiting.sequence && waiting.share->take()) {
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
