#include "report/identities.h"

#include <fmt/format.h>

namespace portillon::report {

const char* name_of(Measurement measurement) {
    switch (measurement) {
        case Measurement::valid:
            return "valid";
        case Measurement::suspect:
            return "suspect";
        case Measurement::invalid:
            break;
    }
    return "invalid";
}

const char* word_of(const JudgedThreshold& threshold) {
    return threshold.skipped ? "skip" : threshold.passed ? "pass" : "FAIL";
}

const char* name_of(State state) {
    switch (state) {
        case State::lost:
            return "lost";
        case State::undelivered:
            return "undelivered";
        case State::unconfirmed:
            return "unconfirmed";
        case State::duplicated:
            return "duplicated";
        case State::reordered:
            return "reordered";
        case State::unexpected:
            break;
    }
    return "unexpected";
}

std::map<std::string, Count> failures_of(const RunReport& run) {
    auto failures = run.errors;
    for (const auto& [cause, dials] : run.fleet.connect_failures) {
        failures.emplace("connect." + cause, dials);
    }
    return failures;
}

Count errors_of(const RunReport& run) {
    Count sum = 0;
    for (const auto& [cause, count] : failures_of(run)) {
        sum += count;
    }
    return sum;
}

std::string cause_of(const std::string& error) {
    const auto dot = error.find('.');
    return dot == std::string::npos ? error : error.substr(dot + 1);
}

std::string why_incomplete(const Verdict& verdict) {
    if (verdict.complete) {
        return {};
    }
    if (!verdict.ended_because.empty()) {
        return "ended early, because " + verdict.ended_because;
    }
    return verdict.aborted_by.empty() ? "the run was interrupted"
                                      : "ended early by the threshold " + verdict.aborted_by;
}

namespace {

class Checker {
public:
    void hold_equal(const std::string& key, const char* identity, Count left, Count right) {
        if (left != right) {
            problems.push_back({.source = {},
                                .key = key,
                                .message = fmt::format("the delivery account does not add up: {} ({} against {})",
                                                       identity, left, right)});
        }
    }

    Problems problems;
};

// Adds `more` to `sum`; the sum is known only if both are.
void add(std::optional<Count>& sum, std::optional<Count> more) {
    sum = sum && more ? std::optional(*sum + *more) : std::nullopt;
}

// The key of a count in a report: within its section for a run, directly below the phase for a phase.
std::string key_of(const std::string& prefix, const char* name) {
    const auto* figure = account::find_count(name);
    return prefix.empty() ? fmt::format("{}.{}", account::name_of(figure->section), name) : prefix + "." + name;
}

// Checks the identities of a run or of one of its phases. They are written without subtraction, because the unsigned
// figures of a forged report could wrap.
void check_counts(const account::KnownCounts& counts, const std::string& prefix, Checker& checker) {
    checker.hold_equal(key_of(prefix, "generated"),
                       "generated = acknowledged + rejected + discarded + unacknowledged + cached",
                       counts.generated.value_or(0), account::settled_or_not(counts));
    if (counts.delivered && counts.undelivered) {
        checker.hold_equal(key_of(prefix, "undelivered"), "delivered + undelivered = generated",
                           *counts.delivered + *counts.undelivered, counts.generated.value_or(0));
    }
    if (counts.delivered && counts.lost && counts.unconfirmed) {
        checker.hold_equal(key_of(prefix, "lost"), "acknowledged + unconfirmed = delivered + lost",
                           counts.acknowledged.value_or(0) + *counts.unconfirmed, *counts.delivered + *counts.lost);
    }
}

void check_phase(const Phase& phase, const std::string& key, Checker& checker) {
    check_counts(phase.counts, key, checker);
    if (const auto& response = phase.latency.response) {
        checker.hold_equal(key + ".latency.response", "response.count + response.unanswered = generated",
                           response->histogram.count() + response->unanswered, phase.counts.generated.value_or(0));
    }
}

// Checks that the stages add up to the run.
void check_stages(const RunReport& run, Checker& checker) {
    account::KnownCounts sum;
    Latencies latencies{Latency{}, Latency{}, Latency{}, std::nullopt, std::nullopt, std::nullopt};
    for (const auto& figure : account::count_figures) {
        sum.*figure.known_count = 0;
    }
    bool any = false;
    Count measured = 0;
    for (const auto& phase : run.phases) {
        if (phase.kind != "stage") {
            continue;
        }
        any = true;
        for (const auto& figure : account::count_figures) {
            add(sum.*figure.known_count, phase.counts.*figure.known_count);
        }
        if (phase.measured) {
            measured += phase.counts.generated.value_or(0);
            for (const auto& figure : account::latency_figures) {
                account::add(latencies.*figure.member, phase.latency.*figure.member);
            }
        }
    }
    if (!any) {
        return;
    }
    const auto hold = [&checker](const std::string& name, std::optional<Count> stages, std::optional<Count> whole) {
        if (stages && whole) {
            const auto identity = fmt::format("the stages' {} add up to the run's", name);
            checker.hold_equal("phases", identity.c_str(), *stages, *whole);
        }
    };
    if (run.latency.response && latencies.response) {
        hold("measured validations", measured,
             run.latency.response->histogram.count() + run.latency.response->unanswered);
    }
    for (const auto& figure : account::count_figures) {
        if (figure.reach == account::Reach::stages && figure.name != "delivered" && figure.name != "unconfirmed") {
            hold(std::string(figure.name), sum.*figure.known_count, run.counts.*figure.known_count);
        }
    }
    for (const auto& figure : account::latency_figures) {
        const auto& stages = latencies.*figure.member;
        const auto& whole = run.latency.*figure.member;
        if (figure.reach == account::Reach::stages && stages && whole) {
            hold(fmt::format("{} values", figure.name), stages->histogram.count(), whole->histogram.count());
        }
    }
}

}  // namespace

Problems check_identities(const RunReport& run) {
    Checker checker;
    check_counts(run.counts, "", checker);
    for (std::size_t i = 0; i < run.phases.size(); ++i) {
        check_phase(run.phases[i], fmt::format("phases.{}", i), checker);
    }
    check_stages(run, checker);
    return checker.problems;
}

}  // namespace portillon::report
