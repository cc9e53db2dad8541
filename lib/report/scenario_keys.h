#pragma once

// The keys in which the scenarios of two sides differ, by name, and which of them may differ if the user says so.

#include <string>
#include <vector>

#include "base/problem.h"
#include "report/model.h"

namespace portillon::report {

// A key of the workload whose value is not the same in all runs: "delivery.batch.max", "1", "60". Several values of one
// side are joined by "and"; "unset": a run does not have the key.
struct DifferingKey {
    std::string key, base, candidate;
    bool allowed = false;
    bool operator==(const DifferingKey&) const = default;

    std::string text() const { return key + ": " + base + " against " + candidate; }
};

// The difference between the workloads of some runs.
struct WorkloadDifference {
    bool differs = false;
    std::vector<DifferingKey> keys;  // in the order of the alphabet
    // Two workloads differ in more than the values of keys: another trace, another --compress, or a report that does
    // not hold its scenario.
    bool unexplained = false;

    // Returns whether nothing differs but keys that are allowed to.
    bool is_allowed() const;
};

// `allow`: keys, or the beginnings of keys up to a dot, that may differ ("delivery", "delivery.batch").
WorkloadDifference workload_difference(const std::vector<const RunReport*>& base,
                                       const std::vector<const RunReport*>& candidate,
                                       const std::vector<std::string>& allow);

// "delivery, fleet.start, protocols, traffic.payload.encoding": settings of the client, which do not change what the
// workload means. These and the keys below them may be allowed.
std::string allowable_keys();
bool is_allowable(const std::string& key);

}  // namespace portillon::report
