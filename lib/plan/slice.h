#pragma once

// Which equipments of a lot a shard has.

#include <cstdint>

#include "base/units.h"

namespace portillon::plan {

// Every `stride`-th equipment from `first` on, `count` in all. Equipments are dealt to shards like cards, so that a
// fleet that starts by steps loads all shards alike.
struct Slice {
    std::uint32_t first = 1;
    std::uint32_t stride = 1;
    std::uint32_t count = 0;

    EquipmentId at(std::uint32_t index) const { return EquipmentId{first + index * stride}; }
    std::uint32_t index_of(EquipmentId id) const { return (number_of(id) - first) / stride; }  // `id` is in the slice
    bool operator==(const Slice&) const = default;
};

// The slice of shard number `shard`, 0..shards-1.
Slice slice_of(std::uint32_t equipments, std::uint32_t shard, std::uint32_t shards);

}  // namespace portillon::plan
