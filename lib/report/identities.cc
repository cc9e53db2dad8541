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

std::string cause_of(const std::string& error) {
    const auto dot = error.find('.');
    return dot == std::string::npos ? error : error.substr(dot + 1);
}

std::string why_incomplete(const Verdict& verdict) {
    if (verdict.complete) {
        return {};
    }
    return verdict.aborted_by.empty() ? "the run was interrupted"
                                      : "ended early by the threshold " + verdict.aborted_by;
}

namespace {

class Checker {
public:
    void hold_equal(const std::string& key, const char* identity, Count left, Count right) {
        if (left != right) {
            problems.push_back(
                {.source = {},
                 .key = key,
                 .message = fmt::format("the books do not balance: {} ({} against {})", identity, left, right)});
        }
    }

    Problems problems;
};

// Where both are known.
void add(std::optional<Count>& sum, std::optional<Count> more) {
    sum = sum && more ? std::optional(*sum + *more) : std::nullopt;
}

void check_phase(const Phase& phase, const std::string& key, Checker& checker) {
    checker.hold_equal(key + ".generated", "generated = acknowledged + rejected + discarded + unacknowledged + cached",
                       phase.generated,
                       phase.acknowledged + phase.rejected + phase.discarded + phase.unacknowledged + phase.cached);
    if (phase.delivered && phase.undelivered) {
        checker.hold_equal(key + ".undelivered", "delivered + undelivered = generated",
                           *phase.delivered + *phase.undelivered, phase.generated);
    }
    if (phase.delivered && phase.lost && phase.unconfirmed) {
        checker.hold_equal(key + ".lost", "acknowledged + unconfirmed = delivered + lost",
                           phase.acknowledged + *phase.unconfirmed, *phase.delivered + *phase.lost);
    }
    if (const auto& response = phase.latency.response) {
        checker.hold_equal(key + ".latency.response", "response.count + response.unanswered = generated",
                           response->histogram.count() + response->unanswered, phase.generated);
    }
}

// What the stages add up to.
void check_stages(const RunReport& run, Checker& checker) {
    Phase sum;
    sum.lost = sum.undelivered = sum.duplicated = sum.reordered = 0;
    std::optional<Count> response = 0, lateness = 0, service = 0;
    bool any = false;
    Count measured = 0;
    const auto values = [](const std::optional<Latency>& latency) {
        return latency ? std::optional(latency->histogram.count()) : std::nullopt;
    };
    for (const auto& phase : run.phases) {
        if (phase.kind != "stage") {
            continue;
        }
        any = true;
        sum.generated += phase.generated;
        sum.acknowledged += phase.acknowledged;
        sum.rejected += phase.rejected;
        sum.discarded += phase.discarded;
        sum.unacknowledged += phase.unacknowledged;
        sum.cached += phase.cached;
        add(sum.lost, phase.lost);
        add(sum.undelivered, phase.undelivered);
        add(sum.duplicated, phase.duplicated);
        add(sum.reordered, phase.reordered);
        if (phase.measured) {
            measured += phase.generated;
            add(response, values(phase.latency.response));
            add(service, values(phase.latency.service));
            add(lateness, values(phase.latency.lateness));
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
    if (run.latency.response && response) {
        hold("measured validations", measured,
             run.latency.response->histogram.count() + run.latency.response->unanswered);
    }
    hold("generated", sum.generated, run.tally.generated);
    hold("acknowledged", sum.acknowledged, run.tally.acknowledged);
    hold("rejected", sum.rejected, run.tally.rejected);
    hold("discarded", sum.discarded, run.tally.discarded);
    hold("unacknowledged", sum.unacknowledged, run.tally.unacknowledged);
    hold("cached", sum.cached, run.tally.cached);
    hold("lost", sum.lost, run.delivery.lost);
    hold("undelivered", sum.undelivered, run.delivery.undelivered);
    if (run.ledger) {
        hold("duplicated", sum.duplicated, run.ledger->duplicated);
        hold("reordered", sum.reordered, run.ledger->reordered);
    }
    hold("response values", response, values(run.latency.response));
    hold("service values", service, values(run.latency.service));
    hold("lateness values", lateness, values(run.latency.lateness));
}

}  // namespace

Problems check_identities(const RunReport& run) {
    Checker checker;
    const auto& tally = run.tally;
    const auto& delivery = run.delivery;
    checker.hold_equal("tally.generated", "generated = acknowledged + rejected + discarded + unacknowledged + cached",
                       tally.generated,
                       tally.acknowledged + tally.rejected + tally.discarded + tally.unacknowledged + tally.cached);
    if (run.ledger && delivery.undelivered) {
        checker.hold_equal("delivery.undelivered", "delivered + undelivered = generated",
                           run.ledger->delivered + *delivery.undelivered, tally.generated);
    }
    // Written without subtraction: hand-made figures must not wrap.
    if (run.ledger && delivery.lost && delivery.unconfirmed) {
        checker.hold_equal("delivery.lost", "acknowledged + unconfirmed = delivered + lost",
                           tally.acknowledged + *delivery.unconfirmed, run.ledger->delivered + *delivery.lost);
    }
    for (std::size_t i = 0; i < run.phases.size(); ++i) {
        check_phase(run.phases[i], fmt::format("phases.{}", i), checker);
    }
    check_stages(run, checker);
    return checker.problems;
}

}  // namespace portillon::report
