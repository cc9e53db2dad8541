#include "report/headline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "gate/metric.h"
#include "report/prose.h"
#include "report/reach.h"

namespace portillon::report {

namespace {

constexpr std::size_t most_causes = 3;

struct Cause {
    std::string name;
    Count count = 0;
};

// The causes, the most frequent first: "http_404 600, timed_out 3".
std::string listed(std::vector<Cause> causes) {
    std::stable_sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) { return a.count > b.count; });
    std::string text;
    for (std::size_t i = 0; i < std::min(most_causes, causes.size()); ++i) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", causes[i].name, counted(causes[i].count));
    }
    return text + (causes.size() > most_causes ? ", ..." : "");
}

// The errors "KIND.cause" of one kind, named by their cause.
std::vector<Cause> causes_of(const std::map<std::string, Count>& errors, std::string_view phase) {
    std::vector<Cause> causes;
    for (const auto& [name, count] : errors) {
        if (name.starts_with(phase) && count > 0) {
            causes.push_back({name.substr(phase.size()), count});
        }
    }
    return causes;
}

std::vector<Cause> dial_causes(const RunReport& run) {
    std::vector<Cause> causes;
    for (const auto& [name, count] : run.fleet.connect_failures) {
        if (count > 0) {
            causes.push_back({name, count});
        }
    }
    return causes;
}

std::string with(const std::string& sentence, const std::string& causes) {
    return causes.empty() ? sentence : sentence + ": " + causes;
}

// Why validations did not arrive although they were not refused.
std::vector<Cause> why_undelivered(const RunReport& run) {
    std::vector<Cause> causes = causes_of(run.errors, "deliver.");
    const auto& counts = run.counts;
    for (const auto& [name, count] : {std::pair{"discarded by full caches", *counts.discarded},
                                      std::pair{"still in the equipments' caches", *counts.cached}}) {
        if (count > 0) {
            causes.push_back({name, count});
        }
    }
    return causes;
}

struct Finding {
    double share = 0;  // the share of validations, or of equipments, that it concerns
    std::string sentence;
};

double share_of(Count part, Count whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// A sentence on what did not get through, and why; empty if everything did.
std::string biggest_failure(const RunReport& run) {
    const auto generated = *run.counts.generated;
    const auto of_validations = [generated](Count count, const char* one, const char* many) {
        return fmt::format("{} of {} validation{} {}", counted(count), counted(generated), generated == 1 ? "" : "s",
                           count == 1 ? one : many);
    };
    const Count lost = run.counts.lost.value_or(0);
    const Count rejected = *run.counts.rejected;
    const Count unconnected = run.counts.never_connected.value_or(0);
    std::vector<Finding> findings;
    if (lost > 0) {
        findings.push_back({share_of(lost, generated), of_validations(lost, "was acknowledged and never arrived (lost)",
                                                                      "were acknowledged and never arrived (lost)")});
    }
    if (rejected > 0) {
        findings.push_back(
            {share_of(rejected, generated), with(of_validations(rejected, "was rejected", "were rejected"),
                                                 listed(causes_of(run.errors, "deliver.")))});
    }
    if (unconnected > 0) {
        const auto dials = listed(dial_causes(run));
        findings.push_back({share_of(unconnected, *run.counts.equipments),
                            with(fmt::format("{} of {} equipments never connected", counted(unconnected),
                                             counted(*run.counts.equipments)),
                                 dials.empty() ? "no dial failed; they were not started, or not answered" : dials)});
    }
    // Rejected validations, and those of equipments without a connection, did not arrive either. Undelivered ones are
    // only worth a sentence if nothing above explains them.
    const Count undelivered = run.counts.undelivered.value_or(0);
    const Count unanswered = *run.counts.unacknowledged + *run.counts.cached + *run.counts.discarded;
    if (findings.empty() && undelivered > 0) {
        findings.push_back(
            {share_of(undelivered, generated),
             with(of_validations(undelivered, "never arrived", "never arrived"), listed(why_undelivered(run)))});
    } else if (findings.empty() && !run.has_ledger() && run.latency.response && unanswered > 0) {
        findings.push_back({share_of(unanswered, generated),
                            with(of_validations(unanswered, "was never acknowledged", "were never acknowledged"),
                                 listed(why_undelivered(run)))});
    }
    const auto worst = std::max_element(findings.begin(), findings.end(),
                                        [](const Finding& a, const Finding& b) { return a.share < b.share; });
    return worst == findings.end() ? "" : worst->sentence;
}

std::string words_of(const std::string& cause) {
    static const std::map<std::string, std::string> words{
        {"refused", "connection refused"}, {"timed_out", "timed out"}, {"reset", "connection reset"}};
    const auto found = words.find(cause);
    return found == words.end() ? cause : found->second;
}

// "no equipment could connect to http://127.0.0.1:1: connection refused (50 of 50)".
std::string about_unreached(const RunReport& run) {
    const auto causes = dial_causes(run);
    const auto why = causes.size() == 1 ? words_of(causes.front().name) : listed(causes);
    const auto sentence =
        fmt::format("no equipment could connect to {}", run.target == "embedded" ? "the embedded server" : run.target);
    const auto equipments = counted(*run.counts.equipments);
    return with(sentence, why.empty() ? "" : fmt::format("{} ({} of {})", why, equipments, equipments));
}

bool is_about_getting_through(const JudgedThreshold& threshold) {
    const auto metric = gate::find_metric(threshold.metric);
    return !threshold.observed || (metric && metric->kind == gate::Kind::counter);
}

}  // namespace

bool any_failed(const RunReport& run) {
    return std::any_of(run.thresholds.begin(), run.thresholds.end(), [](const auto& each) { return !each.passed; });
}

std::string what_did_not_get_through(const RunReport& run) {
    return is_unreached(run) ? about_unreached(run) : biggest_failure(run);
}

std::string headline(const RunReport& run) {
    if (is_unreached(run)) {
        return about_unreached(run);
    }
    const auto& all = run.thresholds;
    const auto failed = std::find_if(all.begin(), all.end(), [](const auto& each) { return !each.passed; });
    const bool of_figures_only = failed != all.end() && std::none_of(all.begin(), all.end(), [](const auto& each) {
                                     return !each.passed && is_about_getting_through(each);
                                 });
    if (const auto sentence = biggest_failure(run); !sentence.empty() && !of_figures_only) {
        return sentence;
    }
    if (failed == all.end()) {
        return {};
    }
    return fmt::format("{}: {} does not hold ({}{})", failed->metric, failed->expression,
                       failed->observed ? "" : "no data: ", failed->reason);
}

std::string about_skipped(const RunReport& run) {
    std::vector<std::string> without_ledger, without_answers;
    for (const auto& threshold : run.thresholds) {
        if (threshold.skipped) {
            (run.has_ledger() ? without_answers : without_ledger).push_back(threshold.metric);
        }
    }
    std::vector<std::string> sentences;
    if (!without_ledger.empty()) {
        sentences.push_back(
            fmt::format("Not judged: {}, because this target has no record of what arrived. To know, name its admin "
                        "endpoint (--ledger HOST:PORT), or run without --target against the embedded server.",
                        fmt::join(without_ledger, ", ")));
    }
    if (!without_answers.empty()) {
        sentences.push_back(fmt::format("Not judged: {}, because nothing is acknowledged here that could be lost.",
                                        fmt::join(without_answers, ", ")));
    }
    return fmt::format("{}", fmt::join(sentences, " "));
}

}  // namespace portillon::report
