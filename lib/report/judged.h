#pragma once

// A saved report, judged: the answer of `portillon gate`.

#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/threshold.h"
#include "report/diff.h"
#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

// The repeats of an entrant as one, or one of them.
struct JudgedRun {
    std::string name;  // "mqtt", or "mqtt, repeat 2"
    Verdict verdict;
    std::vector<JudgedThreshold> thresholds;
    std::vector<std::string> how = {};  // of each threshold: "median of 5 repeats (1.90-105 ms)"; empty of one repeat
    // Of several repeats, how many were asked for and how many are valid; the same where there is but one.
    unsigned asked = 1, valid = 1;
    std::vector<std::string> remarks = {};  // what else must be known: losses in repeats that do not count
    std::vector<std::string> account = {};  // what became of the validations, in sentences
};

// The repeats of one entrant together.
JudgedRun judged(const Entrant& entrant, const std::vector<gate::Threshold>& thresholds);

enum class Others : std::uint8_t { none, baseline };  // what else there is to judge

// rows: the repeats of an entrant together, by their median, and by the worst of them where it is a count (entrants.h).
// each: every repeat for itself.
enum class Judged : std::uint8_t { rows, each };

// Everything against `thresholds`, or against its own when there are none. Problems: nothing to judge, or a threshold
// in the report that cannot be read.
Checked<std::vector<JudgedRun>> judge(const Report& report, const std::vector<gate::Threshold>& thresholds,
                                      Others others = Others::none, Judged what = Judged::rows);

// strict: a suspect measurement is not to be trusted either, nor a row of which a repeat does not count.
enum class Strictness : std::uint8_t { lenient, strict };
enum class Standing : std::uint8_t { passed, breached, untrusted };

// untrusted (a measurement invalid, a run incomplete, no valid repeat) before breached (no data included).
Standing standing_of(const JudgedRun& run, Strictness strictness);
Standing standing_of(const std::vector<JudgedRun>& runs, Strictness strictness);

// Against a baseline: untrusted where it is incomparable, breached where it is worse. Strict: also where something may
// be a regression, see doubts_about().
Standing standing_of(const Diff& against_baseline, Strictness strictness);

// A sentence for each metric that may be worse by more than the minimum effect, but not for sure: the interval reaches
// there; or, where there are too few repeats to trust an interval, the figures themselves are there. Such a regression
// passes unless strict, so that a single report against a single one is not always a failure.
std::vector<std::string> doubts_about(const Diff& against_baseline);

// A table, with a sentence for everything that did not pass, suspect measurements included.
std::string format_judged(const std::vector<JudgedRun>& runs);

// JUnit XML: a suite for each run, a case for each threshold, and one for the measurement; with a baseline, a suite for
// each protocol with a case for each metric, and one for the comparison as a whole. A run's account is its suite's
// system-out.
std::string junit_xml(const std::vector<JudgedRun>& runs, Strictness strictness,
                      const Diff* against_baseline = nullptr);

}  // namespace portillon::report
