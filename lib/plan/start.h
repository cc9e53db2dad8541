#pragma once

// When the equipments of a lot start.

#include <cstdint>
#include <variant>

#include "base/units.h"

namespace portillon::plan {

// All equipments dial before T0: equipment `id` dials (id - 1) / rate after the first one. An equipment that is not
// connected `within` after the first dial begins the run offline.
struct StartByRate {
    Rate rate{10'000};
    Nanos within = 60s;
    bool operator==(const StartByRate&) const = default;
};

// From T0 on, `step` more equipments start after each `every`; the first step is at T0. An equipment dials and begins
// its schedule when it starts.
struct StartBySteps {
    std::uint32_t step = 1;
    Nanos every{};
    bool operator==(const StartBySteps&) const = default;
};

using Start = std::variant<StartByRate, StartBySteps>;

// When the schedule of equipment `id` (1 or more) begins, since T0.
Nanos start_of(const Start& start, EquipmentId id);

}  // namespace portillon::plan
