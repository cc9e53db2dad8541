#pragma once

// Judges a saved report: the answer of `portillon gate`.

#include <string>
#include <vector>

#include "base/problem.h"
#include "gate/threshold.h"
#include "report/diff.h"
#include "report/entrants.h"
#include "report/model.h"

namespace portillon::report {

// The judgement of an entrant's repeats together, or of one of them.
struct JudgedRun {
    std::string name;  // "mqtt", or "mqtt, repeat 2"
    Verdict verdict;
    std::vector<JudgedThreshold> thresholds;
    // How each threshold was judged: "median of 5 repeats (1.90-105 ms)"; empty for one repeat.
    std::vector<std::string> how = {};
    // How many repeats were asked for and how many are valid; both 1 for a single run.
    unsigned asked = 1, valid = 1;
    std::vector<std::string> remarks = {};  // sentences on losses in repeats that do not count
    std::vector<std::string> account = {};  // what became of the validations, in sentences
    std::string started_at = {};            // RFC 3339, of the first repeat
    double length_s = 0;                    // from T0 to the end, all repeats together; 0: not known
};

// Judges the repeats of one entrant together.
JudgedRun judged(const Entrant& entrant, const std::vector<gate::Threshold>& thresholds);

enum class Others : std::uint8_t { none, baseline };  // baseline: the report is also compared with a baseline

// rows: the repeats of an entrant are judged together, by their median, or for a count by the worst (entrants.h). each:
// every repeat is judged by itself.
enum class Judged : std::uint8_t { rows, each };

// Judges the report by `thresholds`, or by its own if there are none. Problems: there is nothing to judge, or a
// threshold in the report cannot be read.
Checked<std::vector<JudgedRun>> judge(const Report& report, const std::vector<gate::Threshold>& thresholds,
                                      Others others = Others::none, Judged what = Judged::rows);

// strict: a suspect measurement is not trusted either, nor a row with a repeat that does not count.
enum class Strictness : std::uint8_t { lenient, strict };
enum class Standing : std::uint8_t { passed, breached, untrusted };

// untrusted: a measurement is invalid, a run incomplete, or no repeat valid. breached: otherwise, if a threshold failed
// or had no data.
Standing standing_of(const JudgedRun& run, Strictness strictness);
Standing standing_of(const std::vector<JudgedRun>& runs, Strictness strictness);

// The standing against a baseline: untrusted if it is incomparable, breached if it is worse; if strict, also breached
// if something may be a regression, see doubts_about().
Standing standing_of(const Diff& against_baseline, Strictness strictness);

// A sentence for each metric that may be worse by more than the minimum effect, but not certainly: its interval reaches
// so far; or, with too few repeats for an interval, its figures do. Such a regression passes unless strict, so that
// comparing two single reports does not always fail.
std::vector<std::string> doubts_about(const Diff& against_baseline);

// A table as text, with a sentence for everything that did not pass, suspect measurements included.
std::string format_judged(const std::vector<JudgedRun>& runs);

// JUnit XML: a suite for each run, with a case for each threshold and one for the measurement; with a baseline, also a
// suite for each protocol with a case for each metric, and one case for the comparison as a whole. A suite has the time
// at which its first run began and how long its runs took; a threshold's system-out says what was observed. The
// sentences of a run's account are the system-out of its suite.
std::string junit_xml(const std::vector<JudgedRun>& runs, Strictness strictness,
                      const Diff* against_baseline = nullptr);

}  // namespace portillon::report
