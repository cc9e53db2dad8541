#include "exits.h"

#include <algorithm>

#include "report/entrants.h"
#include "report/reach.h"

namespace portillon::cmd {

Exit worse(Exit a, Exit b) {
    for (const auto exit :
         {Exit::hung_up, Exit::interrupted, Exit::terminated, Exit::failed, Exit::invalid, Exit::breached}) {
        if (a == exit || b == exit) {
            return exit;
        }
    }
    return Exit::passed;
}

Exit exit_of(report::Standing standing) {
    switch (standing) {
        case report::Standing::passed:
            return Exit::passed;
        case report::Standing::breached:
            return Exit::breached;
        case report::Standing::untrusted:
            break;
    }
    return Exit::invalid;
}

namespace {

Exit exit_of_row(const report::Entrant& entrant, report::Strictness strictness) {
    const auto unreached = [](const report::RunReport* run) { return report::is_unreached(*run); };
    if (std::any_of(entrant.runs.begin(), entrant.runs.end(), unreached)) {
        return Exit::failed;
    }
    return exit_of(report::standing_of(report::judged(entrant, report::own_thresholds(entrant)), strictness));
}

}  // namespace

Exit exit_of(const report::Comparison& comparison, report::Strictness strictness) {
    Exit worst = Exit::passed;
    for (const auto& entrant : report::entrants_of(comparison)) {
        worst = worse(worst, exit_of_row(entrant, strictness));
    }
    return worst;
}

Exit exit_of(const report::RunReport& run, bool strict) {
    if (report::is_unreached(run)) {
        return Exit::failed;
    }
    const bool cut_short = !run.verdict.complete && run.verdict.aborted_by.empty();
    if (run.verdict.measurement == report::Measurement::invalid || cut_short ||
        (strict && run.verdict.measurement == report::Measurement::suspect)) {
        return Exit::invalid;
    }
    const bool passed =
        std::all_of(run.thresholds.begin(), run.thresholds.end(), [](const auto& each) { return each.passed; });
    return passed && run.verdict.complete ? Exit::passed : Exit::breached;
}

}  // namespace portillon::cmd
