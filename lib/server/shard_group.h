#pragma once

// A server's shards as its conductor sees them: processes behind links (service/serve.h), or, in tests, a shard of the
// same process.

#include <cstdint>
#include <vector>

#include "net/task.h"
#include "server/instruction.h"

namespace portillon::server {

struct ShardStatus {
    enum class Life : std::uint8_t { alive, dead, killed };  // killed: by a fault, on purpose
    std::int64_t pid = 0;
    Life life = Life::alive;
    double cpu_s = 0;  // of a dead one: as last seen
    std::uint64_t rss_bytes = 0;
    std::uint64_t private_bytes = 0;  // part of rss_bytes: neither code nor the ledger
};

class ShardGroup {
public:
    virtual ~ShardGroup() = default;
    virtual std::vector<ShardStatus> status() = 0;  // by number

    // Kills this living shard at once. Completes when it is dead; its loss is not reported.
    virtual net::Task<void> kill(unsigned shard) = 0;

    // Starts killed shards again, with these runs and faults. Completes when they serve; a shard that does not start is
    // lost.
    struct Inheritance {
        std::vector<OpenRun> runs;
        std::vector<Fault> faults;
    };
    virtual net::Task<void> revive(std::vector<unsigned> shards, Inheritance inheritance) = 0;

    // Sends the instruction to every living shard. Completes when each has answered or died, with the first problem and
    // the number of connections that are left on all of them.
    virtual net::Task<Obeyed> tell(Instruction instruction) = 0;
};

}  // namespace portillon::server
