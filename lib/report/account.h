#pragma once

// Says in sentences what became of the validations, and claims nothing that is not known. Every format has the same
// sentences.

#include <string>
#include <vector>

#include "report/model.h"

namespace portillon::report {

// The facts from which the sentences are made. For several runs these are sums; a sum is unknown if any run does not
// know its part.
struct Known {
    Count runs = 0;
    Count equipments = 0;
    // Equipments whose generator process was lost, so that nothing is known of them. Absent: there are some, but the
    // report is older and does not say how many.
    std::optional<Count> unaccounted = 0;
    bool complete = true;  // false: the run was ended early
    bool embedded = true;  // the target is the embedded server, so there should be a ledger
    bool balanced = true;  // the run's counts do not contradict each other
    bool acknowledges = true;
    account::KnownCounts counts;
};

Known known_of(const std::vector<const RunReport*>& runs);

// The sentences, each with its full stop; there is always at least one.
std::vector<std::string> account_of(const Known& known);

std::vector<std::string> account_of(const RunReport& run);

// The number of equipments whose generator process was lost; absent if there are some, but the report does not say how
// many.
std::optional<Count> unaccounted_of(const RunReport& run);

}  // namespace portillon::report
