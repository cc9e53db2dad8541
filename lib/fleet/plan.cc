#include "fleet/plan.h"

#include "base/check.h"

namespace portillon::fleet {

std::uint32_t slice_size(const Plan& plan) {
    check(plan.shard < plan.shards, "a shard of the fleet");
    return plan.equipments / plan.shards + (plan.shard < plan.equipments % plan.shards ? 1 : 0);
}

EquipmentId equipment_at(const Plan& plan, std::uint32_t place) {
    return EquipmentId{plan.shard + place * plan.shards + 1};
}

Nanos start_of(const Plan& plan, EquipmentId id) {
    const auto* steps = std::get_if<StartBySteps>(&plan.start);
    return steps == nullptr ? Nanos{0} : (number_of(id) - 1) / steps->step * steps->every;
}

}  // namespace portillon::fleet
