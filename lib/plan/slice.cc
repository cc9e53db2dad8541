#include "plan/slice.h"

#include "base/check.h"

namespace portillon::plan {

Slice slice_of(std::uint32_t equipments, std::uint32_t shard, std::uint32_t shards) {
    check(shard < shards, "a shard of those there are");
    const auto count = equipments > shard ? (equipments - shard - 1) / shards + 1 : 0;
    return {shard + 1, shards, count};
}

}  // namespace portillon::plan
