#pragma once

// What became of the validations, in sentences, from what is known and no more. Every format says the same.

#include <string>
#include <vector>

#include "report/model.h"

namespace portillon::report {

// What the sentences rest on; of several runs their sums, each as little known as in the run that knows least.
struct Known {
    Count runs = 0;
    Count equipments = 0;
    // Equipments whose generator process was lost: nobody can speak for them. Absent: there are some, an earlier report
    // does not say how many.
    std::optional<Count> unaccounted = 0;
    bool complete = true;  // false: ended before its time
    bool embedded = true;  // the server is ours, so that there should be a ledger
    bool balanced = true;  // the books are, in themselves
    bool acknowledges = true;
    account::KnownCounts counts;
};

Known known_of(const std::vector<const RunReport*>& runs);

// Each with its full stop; never none.
std::vector<std::string> account_of(const Known& known);

std::vector<std::string> account_of(const RunReport& run);

// Equipments whose generator process was lost; absent when there are some, but the report does not say how many.
std::optional<Count> unaccounted_of(const RunReport& run);

}  // namespace portillon::report
