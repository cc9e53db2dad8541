#include "report/json_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/generator_account.h"
#include "gate/threshold.h"
#include "report/figures.h"
#include "report/identities.h"
#include "report/json_write.h"

namespace portillon::report {

namespace {

using Json = nlohmann::json;

// Collects the problems of an audit, each with its key below `prefix`.
class Findings {
public:
    explicit Findings(std::string prefix) : prefix_(std::move(prefix)) {}

    void add(const std::string& key, std::string message) {
        problems_.push_back({.source = {}, .key = prefix_ + key, .message = std::move(message)});
    }
    void altered(const std::string& key, const std::string& message) { add(key, message + ": the report was altered"); }

    Problems problems() && { return std::move(problems_); }

private:
    std::string prefix_;
    Problems problems_;
};

Nanos highest_equivalent(Nanos value) {
    return stats::Histogram::lowest_at(stats::Histogram::index_of(std::max(value, Nanos{0})) + 1) - Nanos{1};
}

// The figures as reports up to version 0.2 had them: percentiles were edges of buckets, even beyond the maximum;
// maximum, mean and stdev were given although validations were unanswered.
Json earlier_figures(const Latency& latency) {
    const auto& histogram = latency.histogram;
    Json json{{"max_us", us_or_null(histogram.max())}};
    for (const auto& named : account::percentiles) {
        const auto value = latency.percentile(named.percent);
        json[std::string(named.key)] = value && *value <= stats::Histogram::highest_trackable
                                           ? us_or_null(highest_equivalent(*value))
                                           : us_or_null(std::optional<Nanos>());
    }
    double total = 0;
    double square = 0;
    double count = 0;
    const auto add_up = [&](auto add) {
        for (const auto& bucket : histogram.buckets()) {
            const auto width = (bucket.highest - bucket.lowest).count() + 1;
            add(static_cast<double>(bucket.lowest.count() + width / 2), static_cast<double>(bucket.count));
        }
    };
    add_up([&](double middle, double values) {
        total += middle * values;
        count += values;
    });
    add_up(
        [&](double middle, double values) { square += (middle - total / count) * (middle - total / count) * values; });
    json["mean_us"] = us_or_null(count > 0 ? std::optional(total / count) : std::nullopt);
    json["stdev_us"] = us_or_null(count > 0 ? std::optional(std::sqrt(square / count)) : std::nullopt);
    return json;
}

bool same_figure(const Json& written, const Json& derived) {
    constexpr double rounding_us = 0.0011;
    return written.is_number() && derived.is_number() ? std::abs(written.get<double>() - derived.get<double>()) <=
                                                            rounding_us + 1e-12 * std::abs(derived.get<double>())
                                                      : written == derived;
}

void audit_account(const RunReport& run, Findings& findings) {
    const auto& verdict = run.verdict;
    if ((verdict.measurement == Measurement::valid) != verdict.reasons.empty()) {
        findings.altered("verdict.reasons",
                         verdict.reasons.empty()
                             ? fmt::format("none, though the measurement is {}", name_of(verdict.measurement))
                             : "there are some, though the measurement is valid");
    }
    if (!verdict.aborted_by.empty() && verdict.complete) {
        findings.altered("verdict.complete", "is true, though a threshold ended the run");
    }
    const auto& fleet = run.counts;
    if (fleet.never_connected && *fleet.never_connected + *fleet.connects - *fleet.reconnects != *fleet.equipments) {
        findings.altered("fleet.never_connected",
                         fmt::format("is {}, though {} of {} equipments had a session", *fleet.never_connected,
                                     *fleet.connects - *fleet.reconnects, *fleet.equipments));
    }
    if (*run.counts.connected_max > *run.counts.equipments) {
        findings.altered("fleet.connected_max",
                         fmt::format("{} of {} equipments", *run.counts.connected_max, *run.counts.equipments));
    }
    const auto& delivery = run.delivery;
    if (!run.has_ledger() && (run.counts.lost || run.counts.undelivered || run.counts.unconfirmed)) {
        findings.altered("delivery", "says what arrived, though there is no record that could");
    }
    if (!run.latency.response && run.counts.lost) {
        findings.altered("delivery.lost", "is known, though nothing is acknowledged");
    }
    for (std::size_t i = 0; i < delivery.exceptions.size(); ++i) {
        const auto& entry = delivery.exceptions[i];
        if (entry.first > entry.last) {
            findings.altered(fmt::format("delivery.exceptions.{}", i),
                             fmt::format("{} to {}", entry.first, entry.last));
        }
    }
}

// Checks that what is stored of the equipments adds up to the tally.
void audit_equipments(const RunReport& run, Findings& findings) {
    if (run.equipment_account.empty()) {
        return;
    }
    const auto account = account::decode(run.equipment_account);
    if (!account) {
        findings.altered("equipment_account", account.problems().front().message);
        return;
    }
    const auto generated = account->count_generated();
    const auto unacknowledged = account::count_of(account->unacknowledged);
    if (account->generated.size() != *run.counts.equipments || generated != *run.counts.generated ||
        unacknowledged > generated || generated - unacknowledged != *run.counts.acknowledged) {
        findings.altered("equipment_account",
                         fmt::format("{} equipments with {} generated and {} not acknowledged contradict the tally",
                                     account->generated.size(), generated, unacknowledged));
    }
}

// Checks that each threshold that the report calls passed or skipped is so by the report's own figures.
void audit_thresholds(const RunReport& run, Findings& findings) {
    for (std::size_t i = 0; i < run.thresholds.size(); ++i) {
        const auto& threshold = run.thresholds[i];
        auto parsed = gate::parse_threshold(threshold.metric, threshold.expression);
        if (!parsed) {
            continue;
        }
        parsed->origin = threshold.origin;
        const auto judged = judge(run, {*parsed}).front();
        if (threshold.skipped && !judged.skipped) {
            findings.altered(fmt::format("thresholds.{}.skipped", i),
                             "is true, though there is a figure, or nobody may "
                             "skip it");
        } else if (threshold.passed && !judged.passed) {
            findings.altered(fmt::format("thresholds.{}.passed", i),
                             "is true, though the figures say that it does not hold");
        }
    }
}

// Checks the identities. If one did not hold when the report was made, the verdict says so, and they are not checked.
void audit_identities(const RunReport& run, Findings& findings) {
    const auto& reasons = run.verdict.reasons;
    if (std::none_of(reasons.begin(), reasons.end(), [](const auto& reason) {
            return reason.starts_with("the delivery account does not add up") ||
                   reason.starts_with("the books do not balance");  // of older reports
        })) {
        for (const auto& found : check_identities(run)) {
            findings.add(found.key, found.message + ", of which the verdict says nothing: the report was altered");
        }
    }
}

}  // namespace

Problems audit_latency(const Json& written, const Latency& latency, const std::string& key) {
    const Json derived = latency_json(latency);
    const auto earlier = earlier_figures(latency);
    Findings findings(key + ".");
    for (const auto& [name, figure] : derived.items()) {
        const auto& found = written.contains(name) ? written[name] : Json();
        const bool optional = name == "answered_max_us" && found.is_null();
        const bool same = name == "histogram" || optional || same_figure(found, figure) ||
                          (earlier.contains(name) && same_figure(found, earlier[name]));
        if (!same) {
            findings.add(name, fmt::format("is {} where the histogram says {}: the report was altered", found.dump(),
                                           figure.dump()));
        }
    }
    return std::move(findings).problems();
}

Problems audit_run(const RunReport& run, const std::string& prefix) {
    Findings findings(prefix);
    audit_account(run, findings);
    audit_equipments(run, findings);
    audit_thresholds(run, findings);
    audit_identities(run, findings);
    return std::move(findings).problems();
}

}  // namespace portillon::report
