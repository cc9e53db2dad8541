#pragma once

// A server's shards as its conductor sees them: processes behind links (run/serve.h), or a shard of the same process
// in tests.

#include <cstdint>
#include <vector>

#include "net/task.h"
#include "server/instruction.h"

namespace portillon::server {

struct ShardStatus {
    enum class Life : std::uint8_t { alive, dead, killed };  // killed: by a fault that wanted it
    std::int64_t pid = 0;
    Life life = Life::alive;
    double cpu_s = 0;  // of a dead one: as last seen
    std::uint64_t rss_bytes = 0;
    std::uint64_t private_bytes = 0;  // of them: neither code nor the ledger
};

class ShardGroup {
public:
    virtual ~ShardGroup() = default;
    virtual std::vector<ShardStatus> status() = 0;  // by number

    // Kills this living shard at once. Completes when it is dead; nobody is told that it was lost.
    virtual net::Task<void> kill(unsigned shard) = 0;

    // Starts those that were killed again, with these runs and faults. Completes when they serve; one that does not is
    // lost.
    struct Inheritance {
        std::vector<OpenRun> runs;
        std::vector<Fault> faults;
    };
    virtual net::Task<void> revive(std::vector<unsigned> shards, Inheritance inheritance) = 0;

    // To every living shard. Completes when each has answered or died: with the first problem, and the connections
    // that are left on all of them.
    virtual net::Task<Obeyed> tell(Instruction instruction) = 0;
};

}  // namespace portillon::server
