#pragma once

// The table of what changed between the two sides of a diff.

#include <string>
#include <vector>

#include "report/diff.h"
#include "report/table.h"

namespace portillon::report {

// A metric and its group.
struct MetricOfGroup {
    const GroupDiff* group = nullptr;
    const MetricDiff* metric = nullptr;
};

// A table with a line for each metric, in this order, with the name of its group.
Table change_table(const std::vector<MetricOfGroup>& metrics);

// worth_a_line() leaves out the counts that are 0 on both sides; none_on_either_side() names these: "lost, duplicated",
// or an empty text if there are none.
std::vector<MetricOfGroup> worth_a_line(const GroupDiff& group);
std::string none_on_either_side(const GroupDiff& group);

// "mqtt"; or "http2 against mqtt", with the candidate first.
std::string group_name(const GroupDiff& group);

// The word for a change; "WORSE" is in capitals, to stand out without colour.
const char* word_of(Change change);
Mood mood_of(Change change);

}  // namespace portillon::report
