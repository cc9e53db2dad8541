#pragma once

// Conducts one run with processes of this machine, in the process that the user started.

#include <string>
#include <vector>

#include "report/model.h"
#include "run/order.h"
#include "run/progress.h"

namespace portillon::run {

struct RunOutcome {
    std::vector<report::RunReport> reports;  // one for each lot; partial if interrupted; none if the run never began
    std::string failure;                     // why there is no report; empty if there is one or the user interrupted
    int interrupted_by = 0;                  // the stop signal that ended the run; 0: none did

    // The report of a run of one lot; nothing if the run never began.
    report::RunReport* report() { return reports.empty() ? nullptr : &reports.front(); }
};

// Blocks until the run is over. SIGINT, SIGTERM and SIGHUP end it early; a second one (net::insists()) ends it at once.
RunOutcome conduct(const Order& order, Progress& progress);

}  // namespace portillon::run
