#pragma once

// A saved report, judged: the answer of `portillon gate`.

#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/threshold.h"
#include "report/model.h"

namespace portillon::report {

struct JudgedRun {
    std::string name;  // "mqtt", or "mqtt, repeat 2"
    Verdict verdict;
    std::vector<JudgedThreshold> thresholds;
};

// Every run against `thresholds`, or against its own when there are none. Problems: nothing to judge, or a threshold in
// the report that cannot be read.
Checked<std::vector<JudgedRun>> judge(const Report& report, const std::vector<gate::Threshold>& thresholds);

enum class Strictness : std::uint8_t { lenient, strict };  // strict: a suspect measurement is not to be trusted either
enum class Standing : std::uint8_t { passed, breached, untrusted };

// untrusted (a measurement invalid, a run incomplete) before breached (no data included).
Standing standing_of(const std::vector<JudgedRun>& runs, Strictness strictness);

// A table, with a sentence for everything that did not pass, suspect measurements included.
std::string format_judged(const std::vector<JudgedRun>& runs);

// JUnit XML: a suite for each run, a case for each threshold, and one for the measurement.
std::string junit_xml(const std::vector<JudgedRun>& runs, Strictness strictness);

}  // namespace portillon::report
