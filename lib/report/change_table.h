#pragma once

// What changed between two sides, as a table.

#include <string>
#include <vector>

#include "report/diff.h"
#include "report/table.h"

namespace portillon::report {

// A metric and the group that it is told of.
struct MetricOfGroup {
    const GroupDiff* group = nullptr;
    const MetricDiff* metric = nullptr;
};

// A line for each, in this order, with the name of its group.
Table change_table(const std::vector<MetricOfGroup>& metrics);

// The metrics of a group that are worth a line. Those counts of which neither side has any are not, and one sentence
// names all of them: "lost, duplicated", empty where there is none.
std::vector<MetricOfGroup> worth_a_line(const GroupDiff& group);
std::string none_on_either_side(const GroupDiff& group);

// "mqtt"; "http2 against mqtt", the candidate first.
std::string group_name(const GroupDiff& group);

// "WORSE" stands out where there is no colour.
const char* word_of(Change change);
Mood mood_of(Change change);

}  // namespace portillon::report
