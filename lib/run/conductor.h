#pragma once

// The process the user started, for one run: plans, starts server and shards, gives the start signal, collects,
// reconciles, judges.

#include <optional>
#include <string>

#include "report/model.h"
#include "run/order.h"
#include "run/progress.h"

namespace portillon::run {

struct Conducted {
    std::optional<report::RunReport> report;  // partial when interrupted; nothing when the run never began
    std::string failure;                      // why there is no report; empty when there is one or the user interrupted
    int interrupted_by = 0;                   // a stop signal; 0: none did
};

// Blocks until the run is over; while it lasts SIGINT, SIGTERM and SIGHUP end it early, and an insistent one at once.
Conducted conduct(const Order& order, Progress& progress);

}  // namespace portillon::run
