#pragma once

// The runs that a server knows. Belongs to the conductor, which holds the memory into which the shards record.

#include <cstddef>
#include <map>
#include <vector>

#include "base/error.h"
#include "server/ledger.h"
#include "server/shared_memory.h"

namespace portillon::server {

struct Run {
    SharedMemory memory;
    Ledger ledger;
    Instant touched{};  // when a request last named it
};

class Runs {
public:
    static constexpr std::size_t most_runs = 64;
    static constexpr Nanos idle_after = 1h;

    explicit Runs(unsigned shards) : shards_(shards) {}

    // Nothing if the run is unknown; else counts as touching it.
    Run* find(RunId run, Instant now);

    // Requires that the run is not known yet and that there is room.
    Result<Run*> open(const plan::RunSpec& spec, Instant now);
    void close(RunId run) { runs_.erase(run); }

    template <class Each>
    void for_each(Each each) const {
        for (const auto& [id, run] : runs_) {
            each(run);
        }
    }
    bool full() const { return runs_.size() >= most_runs; }
    // The runs for which nothing arrived and nobody asked for an hour.
    std::vector<RunId> idle(Instant now) const;

private:
    unsigned shards_;
    std::map<RunId, Run> runs_;
};

}  // namespace portillon::server
