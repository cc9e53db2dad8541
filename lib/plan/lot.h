#pragma once

// A lot: equipments that share traffic, payload, delivery and protocol. To the server each lot is a run of its own.

#include <cstdint>
#include <vector>

#include "arrival/schedule.h"
#include "base/units.h"
#include "plan/delivery.h"
#include "plan/slice.h"
#include "plan/start.h"
#include "wire/batch_codec.h"

namespace portillon::plan {

// Says what happens at the end of the run to the state that a server keeps of the sessions. removed: Session::forget()
// is called. left: it does not matter, because the server ends with the run.
enum class Debris : std::uint8_t { removed, left };

// The plan of one lot: what its equipments do, and which of them a shard has. The result does not depend on the number
// of shards: equipments are dealt to them in turn, and everything random about an equipment follows from the seed and
// its number.
struct Lot {
    RunId run{};
    std::uint64_t seed = 1;
    std::uint32_t equipments = 1;  // in the whole lot, all shards together
    std::uint32_t shard = 0;       // 0..shards-1
    std::uint32_t shards = 1;
    arrival::Schedule schedule{
        {}, arrival::Stages({}), 1};  // its stages say which validations are measured, and when generation ends
    Start start{};
    std::uint32_t payload_bytes = 100;  // of one validation in its protobuf form
    wire::Encoding encoding = wire::Encoding::protobuf;
    Delivery delivery{};
    Debris debris = Debris::removed;
    std::vector<Nanos> cuts = {};  // since T0: where segments end, besides the ends of stages (segments.h)

    Slice slice() const { return slice_of(equipments, shard, shards); }
};

}  // namespace portillon::plan
