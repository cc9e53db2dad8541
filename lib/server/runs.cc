#include "server/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace portillon::server {

Run* Runs::find(RunId run, Instant now) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) {
        return nullptr;
    }
    found->second.touched = now;
    return &found->second;
}

Result<Run*> Runs::open(const plan::RunSpec& spec, Instant now) {
    check(!full() && !runs_.contains(spec.run), "a run is opened once");
    auto memory =
        SharedMemory::create(fmt::format("portillon-{}", format_run(spec.run)), Ledger::bytes_needed(spec, shards_));
    if (!memory) {
        return memory.error();
    }
    const Ledger ledger = Ledger::create(memory->bytes(), spec, shards_);
    return &runs_.emplace(spec.run, Run{std::move(*memory), ledger, now}).first->second;
}

std::vector<RunId> Runs::idle(Instant now) const {
    std::vector<RunId> all;
    for (const auto& [id, run] : runs_) {
        const Instant arrival = run.ledger.counts().last_arrival.value_or(run.touched);
        if (std::max(arrival, run.touched) + idle_after <= now) {
            all.push_back(id);
        }
    }
    return all;
}

}  // namespace portillon::server
