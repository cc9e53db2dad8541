#include "report/judged.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "escape/formats.h"
#include "report/account.h"
#include "report/entrants.h"
#include "report/figures.h"
#include "report/intervals.h"
#include "report/tables.h"
#include "report/text_table.h"

namespace portillon::report {

namespace {

// Parses the thresholds of a run's own report.
std::vector<gate::Threshold> read_thresholds(const RunReport& run, const std::string& prefix, Problems& problems) {
    std::vector<gate::Threshold> thresholds;
    for (std::size_t i = 0; i < run.thresholds.size(); ++i) {
        const auto& written = run.thresholds[i];
        auto threshold = gate::parse_threshold(written.metric, written.expression);
        if (threshold) {
            threshold->origin = written.origin;
            thresholds.push_back(*threshold);
            continue;
        }
        for (auto problem : threshold.problems()) {
            problem.key = fmt::format("{}thresholds.{}", prefix, i);
            problems.push_back(std::move(problem));
        }
    }
    return thresholds;
}

bool trusted(const JudgedRun& run, Strictness strictness) {
    const auto measurement = run.verdict.measurement;
    const bool suspect_counts =
        strictness == Strictness::strict && (measurement == Measurement::suspect || run.valid < run.asked);
    // A run that a threshold ended was measured well enough to say that the threshold did not hold.
    const bool cut_short = !run.verdict.complete && run.verdict.aborted_by.empty();
    return !cut_short && measurement != Measurement::invalid && !suspect_counts;
}

std::string sentence_about(const JudgedRun& run) {
    const auto& verdict = run.verdict;
    std::string text = verdict.complete ? "" : "the run is incomplete (" + why_incomplete(verdict) + ")";
    if (verdict.complete || verdict.measurement != Measurement::valid) {
        text +=
            fmt::format("{}the measurement is {}", text.empty() ? "" : " and ", report::name_of(verdict.measurement));
    }
    if (run.asked > 1) {
        text += fmt::format(", {} of {} repeats valid", run.valid, run.asked);
    }
    for (std::size_t i = 0; i < verdict.reasons.size(); ++i) {
        text += (i == 0 ? ": " : "; ") + verdict.reasons[i];
    }
    return text;
}

std::string junit_case(const std::string& suite, const std::string& name, const std::string& failure) {
    const auto open = fmt::format("    <testcase classname=\"{}\" name=\"{}\"", escape::xml(suite), escape::xml(name));
    return failure.empty()
               ? open + "/>\n"
               : open + fmt::format(">\n      <failure message=\"{}\"/>\n    </testcase>\n", escape::xml(failure));
}

std::string junit_observed(const std::string& suite, const std::string& name, const std::string& observed,
                           const std::string& failure) {
    const auto shown =
        failure.empty() ? std::string{} : fmt::format("      <failure message=\"{}\"/>\n", escape::xml(failure));
    return fmt::format(
        "    <testcase classname=\"{}\" name=\"{}\">\n{}      <system-out>observed {}</system-out>\n    </testcase>\n",
        escape::xml(suite), escape::xml(name), shown, escape::xml(observed));
}

// The case of a threshold that was judged; `how`: how it was judged over the repeats, in words.
std::string junit_threshold(const std::string& suite, const JudgedThreshold& threshold, const std::string& how) {
    const auto name = threshold.metric + ": " + threshold.expression;
    if (!threshold.observed) {
        return junit_case(suite, name, threshold.passed ? "" : "no data: " + threshold.reason);
    }
    return junit_observed(suite, name, observed_text(threshold) + (how.empty() ? "" : ", " + how),
                          threshold.passed ? "" : threshold.reason);
}

// " timestamp=... time=...": when the runs of the suite began, and how long they took. JUnit's times have no zone.
std::string junit_times(const JudgedRun& run) {
    auto text = run.started_at.empty()
                    ? std::string{}
                    : fmt::format(" timestamp=\"{}\"", escape::xml(run.started_at.substr(0, run.started_at.find('Z'))));
    return text + (run.length_s > 0 ? fmt::format(" time=\"{:.3f}\"", run.length_s) : "");
}

// Sets when the runs began, and how long they took.
void set_times(JudgedRun& judged, const std::vector<const RunReport*>& runs) {
    judged.started_at = runs.front()->context.started_at;
    for (const auto* run : runs) {
        judged.length_s += length_of(*run);
    }
}

std::string junit_skipped(const std::string& suite, const std::string& name, const std::string& why) {
    return fmt::format(
        "    <testcase classname=\"{}\" name=\"{}\">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
        escape::xml(suite), escape::xml(name), escape::xml(why));
}

bool trusted(const GroupDiff& group, Strictness strictness) {
    return comparable(group) && (strictness == Strictness::lenient || group.warnings.empty());
}

bool may_be_worse(const MetricDiff& row, const GroupDiff& group, const DiffOptions& options) {
    if (row.change != Change::inconclusive) {
        return false;
    }
    const bool enough = std::min(group.base_repeats, group.candidate_repeats) >= least_repeats;
    if (!row.ratio || (enough && !row.interval)) {
        return true;
    }
    const double most = enough ? row.interval->high : *row.ratio;
    const double least = enough ? row.interval->low : *row.ratio;
    return row.better == Better::lower ? most > 1 + options.min_effect : least < 1 / (1 + options.min_effect);
}

std::string name_of(const GroupDiff& group) {
    return group.base_name == group.candidate_name ? group.base_name
                                                   : group.candidate_name + " against " + group.base_name;
}

std::string sentence_about(const MetricDiff& row) {
    return fmt::format("{} {} against the baseline's {}: {}, {}", row.name, row.candidate_text, row.base_text,
                       name_of(row.change), row.why);
}

std::string suite_of(const Diff& diff, const GroupDiff& group, Strictness strictness) {
    const auto suite = name_of(group) + " against the baseline";
    const bool is_trusted = trusted(group, strictness);
    std::size_t failures = is_trusted ? 0 : 1;
    auto cases = junit_case(suite, "comparison",
                            is_trusted ? ""
                                       : fmt::format("{}{}{}", group.why, group.warnings.empty() ? "" : "; ",
                                                     fmt::join(group.warnings, "; ")));
    for (const auto& row : group.metrics) {
        const bool fails = row.change == Change::worse || (row.change == Change::incomparable && !is_trusted) ||
                           (strictness == Strictness::strict && may_be_worse(row, group, diff.options));
        failures += fails ? 1 : 0;
        cases += junit_case(suite, row.name, fails ? sentence_about(row) : "");
    }
    return fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n{}  </testsuite>\n", escape::xml(suite),
                       group.metrics.size() + 1, failures, cases);
}

}  // namespace

JudgedRun judged(const Entrant& entrant, const std::vector<gate::Threshold>& thresholds) {
    JudgedRun row{.name = entrant.name,
                  .verdict = entrant.verdict(),
                  .thresholds = {},
                  .how = {},
                  .asked = entrant.asked,
                  .valid = entrant.valid(),
                  .remarks = losses_beside(entrant),
                  .account = account_of(known_of(entrant.counting()))};
    set_times(row, entrant.counting());
    for (const auto& threshold : thresholds) {
        auto over_repeats = judge(entrant, threshold);
        row.thresholds.push_back(std::move(over_repeats.judged));
        row.how.push_back(std::move(over_repeats.how));
    }
    return row;
}

Checked<std::vector<JudgedRun>> judge(const Report& report, const std::vector<gate::Threshold>& thresholds,
                                      Others others, Judged what) {
    Problems problems;
    std::vector<JudgedRun> judged;
    std::size_t threshold_count = 0;
    const auto add = [&](const RunReport& run, std::string name, const std::string& prefix) {
        const auto own = thresholds.empty() ? read_thresholds(run, prefix, problems) : std::vector<gate::Threshold>{};
        for (auto& problem : unknown_stages(run, thresholds.empty() ? own : thresholds)) {
            problems.push_back(std::move(problem));
        }
        judged.push_back({.name = std::move(name),
                          .verdict = run.verdict,
                          .thresholds = judge(run, thresholds.empty() ? own : thresholds),
                          .account = account_of(run)});
        set_times(judged.back(), {&run});
        threshold_count += judged.back().thresholds.size();
    };
    if (const auto* run = std::get_if<RunReport>(&report)) {
        add(*run, protocol_and_variant(*run), "");
    } else if (const auto& comparison = std::get<Comparison>(report); what == Judged::each) {
        const auto& turns = comparison.runs;
        const bool repeated = std::any_of(turns.begin(), turns.end(), [](const Turn& turn) { return turn.repeat > 1; });
        for (std::size_t i = 0; i < turns.size(); ++i) {
            const auto& turn = turns[i];
            if (!turn.superseded) {
                add(turn.run,
                    protocol_and_variant(turn.run) + (repeated ? fmt::format(", repeat {}", turn.repeat) : ""),
                    fmt::format("runs.{}.", i));
            }
        }
    } else {
        // Thresholds that cannot be read, or that name an unknown stage, are reported for the run that has them.
        for (std::size_t i = 0; thresholds.empty() && i < comparison.runs.size(); ++i) {
            read_thresholds(comparison.runs[i].run, fmt::format("runs.{}.", i), problems);
        }
        for (const auto& entrant : entrants_of(comparison)) {
            const auto asked = thresholds.empty() ? own_thresholds(entrant) : thresholds;
            for (auto& problem : unknown_stages(*entrant.counting().front(), asked)) {
                problems.push_back(std::move(problem));
            }
            auto row = report::judged(entrant, asked);
            threshold_count += row.thresholds.size();
            judged.push_back(std::move(row));
        }
    }
    if (problems.empty() && threshold_count == 0 && others == Others::none) {
        problems.push_back(
            {.source = {},
             .key = {},
             .message = "nothing to judge: the report has no thresholds (allowed: --threshold 'METRIC: EXPRESSION', "
                        "as in --threshold 'response: p(95)<50ms')"});
    }
    return problems.empty() ? Checked(std::move(judged)) : Checked<std::vector<JudgedRun>>(std::move(problems));
}

Standing standing_of(const JudgedRun& run, Strictness strictness) {
    if (!trusted(run, strictness)) {
        return Standing::untrusted;
    }
    const bool holds = run.verdict.complete && std::all_of(run.thresholds.begin(), run.thresholds.end(),
                                                           [](const JudgedThreshold& t) { return t.passed; });
    return holds ? Standing::passed : Standing::breached;
}

Standing standing_of(const std::vector<JudgedRun>& runs, Strictness strictness) {
    auto worst = Standing::passed;
    for (const auto& run : runs) {
        worst = std::max(worst, standing_of(run, strictness));
    }
    return worst;
}

Standing standing_of(const Diff& against_baseline, Strictness strictness) {
    const auto& groups = against_baseline.groups;
    if (against_baseline.change == Change::incomparable ||
        !std::all_of(groups.begin(), groups.end(), [strictness](const auto& g) { return trusted(g, strictness); })) {
        return Standing::untrusted;
    }
    const bool doubted = strictness == Strictness::strict && !doubts_about(against_baseline).empty();
    return against_baseline.change == Change::worse || doubted ? Standing::breached : Standing::passed;
}

std::vector<std::string> doubts_about(const Diff& against_baseline) {
    std::vector<std::string> sentences;
    for (const auto& group : against_baseline.groups) {
        for (const auto& row : group.metrics) {
            if (may_be_worse(row, group, against_baseline.options)) {
                sentences.push_back(name_of(group) + ": " + sentence_about(row));
            }
        }
    }
    return sentences;
}

std::string format_judged(const std::vector<JudgedRun>& runs) {
    Table table{.title = "Thresholds", .columns = threshold_columns(), .groups = {{}}};
    std::string sentences;
    for (const auto& run : runs) {
        for (std::size_t i = 0; i < run.thresholds.size(); ++i) {
            table.groups.front().lines.push_back(
                threshold_line(run.name, run.thresholds[i], i < run.how.size() ? run.how[i] : ""));
        }
        if (!run.verdict.complete || run.verdict.measurement != Measurement::valid || run.valid < run.asked) {
            sentences += escape::terminal(run.name + ": " + sentence_about(run)) + ".\n";
        }
        for (const auto& remark : run.remarks) {
            sentences += escape::terminal(run.name + ": " + remark) + ".\n";
        }
    }
    const auto lines = selected(table, {"outcome", "of", "threshold", "observed", "remark"});
    return text_table(lines, Heading::hidden) + sentences;
}

std::string junit_xml(const std::vector<JudgedRun>& runs, Strictness strictness, const Diff* against_baseline) {
    std::string suites;
    for (const auto& run : runs) {
        const bool stands = run.verdict.complete && trusted(run, strictness);
        std::size_t failures = stands ? 0 : 1;
        std::size_t skipped = 0;
        std::string cases = junit_case(run.name, "measurement", stands ? "" : sentence_about(run));
        for (std::size_t i = 0; i < run.thresholds.size(); ++i) {
            const auto& threshold = run.thresholds[i];
            failures += threshold.passed ? 0 : 1;
            const auto why = threshold.observed ? threshold.reason : "no data: " + threshold.reason;
            const auto name = threshold.metric + ": " + threshold.expression;
            skipped += threshold.skipped ? 1 : 0;
            cases += threshold.skipped ? junit_skipped(run.name, name, why)
                                       : junit_threshold(run.name, threshold, i < run.how.size() ? run.how[i] : "");
        }
        if (!run.account.empty()) {
            cases += fmt::format("    <system-out>{}</system-out>\n",
                                 escape::xml(fmt::format("{}", fmt::join(run.account, " "))));
        }
        suites += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\"{}{}>\n{}  </testsuite>\n",
                              escape::xml(run.name), run.thresholds.size() + 1, failures,
                              skipped > 0 ? fmt::format(" skipped=\"{}\"", skipped) : "", junit_times(run), cases);
    }
    if (against_baseline != nullptr && against_baseline->groups.empty()) {
        suites += "  <testsuite name=\"baseline\" tests=\"1\" failures=\"1\">\n" +
                  junit_case("baseline", "comparison", against_baseline->why) + "  </testsuite>\n";
    } else if (against_baseline != nullptr) {
        for (const auto& group : against_baseline->groups) {
            suites += suite_of(*against_baseline, group, strictness);
        }
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"portillon gate\">\n" + suites +
           "</testsuites>\n";
}

}  // namespace portillon::report
