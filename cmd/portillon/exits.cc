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

Exit exit_of(const report::RunReport& run, report::Strictness strictness) {
    if (report::is_unreached(run)) {
        return Exit::failed;
    }
    return exit_of(report::standing_of({.name = {}, .verdict = run.verdict, .thresholds = run.thresholds}, strictness));
}

Exit exit_of(const report::Report& report, report::Strictness strictness) {
    return std::visit([strictness](const auto& its) { return exit_of(its, strictness); }, report);
}

}  // namespace portillon::cmd
