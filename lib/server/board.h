#pragma once

// What the processes of one server share besides the ledgers: each shard's figures, and what is left of the counts of
// faults. A view over shared memory; all zeros is a fresh one.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "server/figures.h"

namespace portillon::server {

inline constexpr std::size_t most_budgets = 256;

class Board {
public:
    static std::size_t bytes_needed(unsigned shards);
    // `bytes` are aligned to 64 and outlive it.
    Board(std::span<std::byte> bytes, unsigned shards);

    unsigned shards() const { return shards_; }
    Figures& figures(unsigned shard) const;

    // How many validations a fault may still take, over all shards.
    std::span<std::atomic<std::uint64_t>> budgets() const;

private:
    std::byte* at_;
    unsigned shards_;
};

}  // namespace portillon::server
