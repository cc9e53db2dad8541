#pragma once

// Memory that the processes of one server share besides the ledgers: each shard's figures, and the shared state of each
// fault. A view over shared memory, which is all zeros at first.

#include <cstddef>
#include <span>

#include "server/fault_share.h"
#include "server/figures.h"

namespace portillon::server {

class SharedFigures {
public:
    static std::size_t bytes_needed(unsigned shards);
    // `bytes` are aligned to 64 and outlive the object.
    SharedFigures(std::span<std::byte> bytes, unsigned shards);

    unsigned shards() const { return shards_; }
    Figures& figures(unsigned shard) const;

    std::span<FaultShare> shares() const;  // most_faults of them

private:
    std::byte* at_;
    unsigned shards_;
};

}  // namespace portillon::server
