#include "plan/delivery.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace portillon::plan {

std::uint64_t cached_validations(const Delivery& delivery, std::uint64_t payload_bytes) {
    check(payload_bytes >= 1, "a payload of some bytes");
    return std::max<std::uint64_t>(1, delivery.cache.count / payload_bytes);
}

Nanos pause_between_tries(const Delivery& delivery) {
    return delivery.pace ? Nanos{std::llround(1e9 / delivery.pace->per_second)} : Nanos{0};
}

}  // namespace portillon::plan
