#pragma once

// What `portillon clean` does: removes the sessions that a run has left on a server, when the run could not do it
// itself because it was killed, or the server was away when it ended. The names of the sessions follow from the run's
// and the equipments' numbers (Session::forget()).
//
// A session may be one that a living run uses. No protocol says so to others; but whoever loses its session to us dials
// again and takes it back. So a few sessions, spread over the fleet, are taken first without discarding anything, and
// watched: when one is taken back, the run lives and nothing is removed.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "driver/kind.h"
#include "net/endpoint.h"

namespace portillon::run {

struct CleanOrder {
    const driver::Kind* protocol = nullptr;  // one whose clearing_options are not empty
    net::Url target;
    RunId run{};
    std::uint32_t equipments = 1;  // numbers 1 to this
    Rate rate{1'000};              // sessions begun, at most
    Nanos watch = 3s;              // for a run that lives; 0: not at all
};

struct Cleaned {
    std::uint32_t removed = 0;
    std::uint32_t left = 0;                         // that could not be removed
    std::map<std::string, std::uint32_t> failures;  // those, by the cause of their last try
    std::optional<EquipmentId> in_use;              // taken back by a run that lives: nothing was removed
    std::string failure;                            // why nothing could be begun
    int interrupted_by = 0;                         // a stop signal; what was not tried is in `left`
};

// Blocks until it is done; `progress` is told every second how many have been seen to. After most_failures_in_a_row the
// server is taken for gone, and the rest is not tried.
inline constexpr std::uint32_t most_failures_in_a_row = 200;
Cleaned clean(const CleanOrder& order, const std::function<void(std::uint32_t done)>& progress);

}  // namespace portillon::run
