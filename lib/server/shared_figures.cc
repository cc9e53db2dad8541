#include "server/shared_figures.h"

#include "base/check.h"

namespace portillon::server {

namespace {
constexpr std::size_t shares_bytes = (most_faults * sizeof(FaultShare) + 63) / 64 * 64;
constexpr std::size_t figures_bytes = (sizeof(Figures) + 63) / 64 * 64;  // rounded up: no cache line has two writers
}  // namespace

std::size_t SharedFigures::bytes_needed(unsigned shards) {
    return shares_bytes + shards * figures_bytes;
}

SharedFigures::SharedFigures(std::span<std::byte> bytes, unsigned shards) : at_(bytes.data()), shards_(shards) {
    check(bytes.size() >= bytes_needed(shards), "too little memory for the shared figures");
}

Figures& SharedFigures::figures(unsigned shard) const {
    check(shard < shards_, "a shard without shared figures");
    return *reinterpret_cast<Figures*>(at_ + shares_bytes + shard * figures_bytes);
}

std::span<FaultShare> SharedFigures::shares() const {
    return {reinterpret_cast<FaultShare*>(at_), most_faults};
}

}  // namespace portillon::server
