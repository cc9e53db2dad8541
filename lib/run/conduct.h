#pragma once

// What the process that the user started does for one run, with the processes of this machine.

#include <string>
#include <vector>

#include "report/model.h"
#include "run/order.h"
#include "run/progress.h"

namespace portillon::run {

struct Conducted {
    std::vector<report::RunReport> reports;  // of each lot; partial when interrupted; none when the run never began
    std::string failure;                     // why there is no report; empty when there is one or the user interrupted
    int interrupted_by = 0;                  // a stop signal; 0: none did

    // Of a run of one lot; nothing when it never began.
    report::RunReport* report() { return reports.empty() ? nullptr : &reports.front(); }
};

// Blocks until the run is over; while it lasts SIGINT, SIGTERM and SIGHUP end it early, and an insistent one at once.
Conducted conduct(const Order& order, Progress& progress);

}  // namespace portillon::run
