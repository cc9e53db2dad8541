#pragma once

// The work of `portillon clean`: it removes the sessions that a run has left on a server, if the run could not do so
// itself because it was killed, or because the server was away when the run ended. The names of the sessions follow
// from the numbers of the run and of the equipments (Session::forget()).
//
// A session may belong to a run that still lasts. No protocol can ask for that. But an equipment that loses its session
// to another connection dials again and takes the session back. So the cleaner first opens a few sessions, spread over
// the fleet, without discarding anything, and watches them: if one is taken back, the run still lasts, and nothing is
// removed.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "driver/kind.h"
#include "net/endpoint.h"

namespace portillon::run {

struct CleanOrder {
    const driver::Kind* protocol = nullptr;  // its clearing_options are not empty
    net::Url target;
    RunId run{};
    std::uint32_t equipments = 1;  // sessions of equipments 1..equipments are removed
    Rate rate{1'000};              // the most sessions begun in a second
    Nanos watch = 3s;              // how long to watch for a run that still lasts; 0: do not watch
};

struct Cleaned {
    std::uint32_t removed = 0;
    std::uint32_t left = 0;                         // sessions that were not removed, or not tried
    std::map<std::string, std::uint32_t> failures;  // sessions that could not be removed, by the cause of the last try
    std::optional<EquipmentId> in_use;              // its session was taken back: the run lasts, nothing was removed
    std::string failure;                            // why cleaning could not begin; empty if it did
    int interrupted_by = 0;                         // the stop signal that ended cleaning; 0: none
};

// Blocks until it is done and calls `progress` every second with the number of sessions removed so far. After
// most_failures_in_a_row failures the server is taken for gone, and the remaining sessions are not tried.
inline constexpr std::uint32_t most_failures_in_a_row = 200;
Cleaned clean(const CleanOrder& order, const std::function<void(std::uint32_t done)>& progress);

}  // namespace portillon::run
