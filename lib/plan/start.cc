#include "plan/start.h"

#include "base/check.h"

namespace portillon::plan {

Nanos start_of(const Start& start, EquipmentId id) {
    check(number_of(id) >= 1, "an equipment's number");
    const auto* steps = std::get_if<StartBySteps>(&start);
    return steps == nullptr ? Nanos{0} : (number_of(id) - 1) / steps->step * steps->every;
}

}  // namespace portillon::plan
