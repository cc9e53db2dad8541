#include "report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "base/units.h"
#include "report/account.h"

namespace portillon::report {

namespace {

using gate::Aggregate;
using gate::Figure;

// What nobody but a ledger knows.
constexpr const char* no_ledger =
    "the target has no ledger: name its admin endpoint with --ledger, or run against the embedded server";

Figure absent(std::string why) {
    return {std::nullopt, std::move(why)};
}

// What is known of it is that it is above everything.
Figure above_everything(const std::optional<Latency>& latency, std::string why) {
    return {std::nullopt, std::move(why), latency->unanswered > 0 ? "never" : ">24 h"};
}

std::optional<double> us_of(std::optional<Nanos> value) {
    return value ? std::optional(static_cast<double>(value->count()) / 1e3) : std::nullopt;
}

const std::optional<Latency>& latency_of(const Latencies& latency, const std::string& name) {
    return name == "response"     ? latency.response
           : name == "service"    ? latency.service
           : name == "lateness"   ? latency.lateness
           : name == "end_to_end" ? latency.end_to_end
           : name == "connect"    ? latency.connect
                                  : latency.generator_lag;
}

// Of a count that the ledger should know.
std::string why_uncounted(const RunReport& run, const std::string& name) {
    const bool by_acknowledgement = name == "lost" || name == "unconfirmed";
    return by_acknowledgement && !run.delivery.lost ? "nothing is acknowledged here"
                                                    : "the server does not tell it by due time";
}

std::string why_unmeasured(const RunReport& run, const std::string& name) {
    if (name == "end_to_end" && !run.ledger) {
        return no_ledger;
    }
    return name == "response" || name == "service" ? "nothing is acknowledged here" : "not measured";
}

}  // namespace

Figure figure_of(const std::optional<Latency>& latency, const gate::Threshold& threshold,
                 const std::string& absent_because) {
    if (!latency) {
        return absent(absent_because);
    }
    const auto& histogram = latency->histogram;
    const auto unanswered = latency->unanswered;
    const char* verb = threshold.metric.name == "end_to_end" ? "delivered" : "answered";
    if (histogram.empty()) {
        return unanswered > 0
                   ? above_everything(latency, fmt::format("none of {} was {}",
                                                           humanize_count(static_cast<double>(unanswered)), verb))
                   : absent("no samples");
    }
    const auto never = fmt::format("{} never {}", humanize_count(static_cast<double>(unanswered)), verb);
    switch (threshold.aggregate) {
        case Aggregate::min:
            return {us_of(latency->min()), {}};
        case Aggregate::max:
            return unanswered > 0 ? above_everything(latency, "unknown: " + never) : Figure{us_of(latency->max()), {}};
        case Aggregate::avg: {
            if (unanswered > 0 || histogram.overflow() > 0) {
                return above_everything(latency,
                                        unanswered > 0 ? "unknown: " + never : "unknown: some took longer than 24 h");
            }
            const auto mean = latency->mean();
            return {mean ? std::optional(*mean / 1e3) : std::nullopt, {}};
        }
        default:
            break;
    }
    const double percent = threshold.aggregate == Aggregate::med ? 50 : threshold.percent;
    if (const auto value = us_of(latency->percentile(percent))) {
        return {value, {}};
    }
    return above_everything(latency, unanswered > 0 ? "among the " + never : "above 24 h");
}

namespace {

struct NamedCount {
    const char* name;
    std::optional<Count> count;
};

Figure counter_figure(std::span<const NamedCount> counts, Count generated, const RunReport& run,
                      const gate::Threshold& threshold) {
    for (const auto& entry : counts) {
        if (threshold.metric.name != entry.name) {
            continue;
        }
        if (threshold.metric.name != "equipments" && unaccounted_of(run) != Count{0}) {
            return absent("a generator process was lost, and with it what its equipments did");
        }
        if (!entry.count) {
            if (threshold.metric.name == "retries_put_off" || threshold.metric.name == "breaker_openings") {
                return absent("the scenario has none");
            }
            return absent(run.ledger ? why_uncounted(run, threshold.metric.name) : no_ledger);
        }
        const auto count = static_cast<double>(*entry.count);
        if (threshold.aggregate == Aggregate::count) {
            return {count, {}};
        }
        return generated == 0 ? absent("nothing was generated") : Figure{count / static_cast<double>(generated), {}};
    }
    return absent("unknown to this report");
}

Figure counter_figure(const RunReport& run, const gate::Threshold& threshold) {
    const auto& tally = run.tally;
    const auto from_ledger = [&run](Count Ledger::*count) {
        return run.ledger ? std::optional((*run.ledger).*count) : std::nullopt;
    };
    const auto& failures = run.fleet.connect_failures;
    const Count failed = std::accumulate(failures.begin(), failures.end(), Count{0},
                                         [](Count sum, const auto& entry) { return sum + entry.second; });
    const NamedCount counts[] = {
        {"generated", tally.generated},
        {"acknowledged", tally.acknowledged},
        {"rejected", tally.rejected},
        {"unacknowledged", tally.unacknowledged},
        {"cached", tally.cached},
        {"discarded", tally.discarded},
        {"retries", tally.retries},
        {"sent_batches", tally.sent_batches},
        {"retries_put_off", tally.retries_put_off},
        {"breaker_openings", tally.breaker_openings},
        {"delivered", from_ledger(&Ledger::delivered)},
        {"duplicated", from_ledger(&Ledger::duplicated)},
        {"reordered", from_ledger(&Ledger::reordered)},
        {"unexpected", from_ledger(&Ledger::unexpected)},
        {"lost", run.delivery.lost},
        {"undelivered", run.delivery.undelivered},
        {"unconfirmed", run.delivery.unconfirmed},
        {"equipments", run.fleet.equipments},
        {"connected_max", run.fleet.connected_max},
        {"connects", run.fleet.connects},
        {"connect_failures", failed},
        {"reconnects", run.fleet.reconnects},
        {"never_connected", run.fleet.never_connected},
    };
    return counter_figure(counts, tally.generated, run, threshold);
}

std::optional<double> as_number(std::optional<Count> count) {
    return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

Figure resource_figure(const std::optional<Resources>& resources, std::string_view name) {
    if (!resources) {
        return absent("not measured");
    }
    const std::optional<double> value = name == "cpu_s"                   ? resources->cpu_s
                                        : name == "connect_cpu_s"         ? resources->connect_cpu_s
                                        : name == "cpu_us_per_validation" ? resources->cpu_us_per_validation
                                        : name == "rss_bytes"             ? as_number(resources->rss_bytes)
                                        : name == "rss_growth_bytes"      ? as_number(resources->rss_growth_bytes)
                                        : name == "rss_bytes_per_equipment"
                                            ? as_number(resources->rss_bytes_per_equipment)
                                            : as_number(resources->shards);
    return {value, "not measured"};
}

Figure value_figure(const RunReport& run, const gate::Threshold& threshold) {
    const std::string_view name = threshold.metric.name;
    if (const auto dot = name.find('.'); dot != std::string_view::npos) {
        const auto& side = name.substr(0, dot) == "server" ? run.resources.server : run.resources.generator;
        return resource_figure(side, name.substr(dot + 1));
    }
    const std::optional<double> value = name == "due_per_s"              ? run.throughput.due_per_s
                                        : name == "acknowledged_per_s"   ? run.throughput.acknowledged_per_s
                                        : name == "delivered_per_s"      ? run.throughput.delivered_per_s
                                        : name == "connecting_s"         ? run.fleet.connecting_s
                                        : name == "bytes_sent"           ? as_number(run.wire.bytes_sent)
                                        : name == "bytes_received"       ? as_number(run.wire.bytes_received)
                                        : name == "bytes_per_validation" ? run.wire.bytes_per_validation
                                                                         : as_number(run.wire.payload_bytes);
    if (name == "connecting_s") {
        return {value, "not every equipment was ever connected", "never"};
    }
    return {value, "not measured"};
}

Figure phase_figure(const RunReport& run, const Phase& phase, const gate::Threshold& threshold) {
    const auto& name = threshold.metric.name;
    const NamedCount counts[] = {
        {"generated", phase.generated},     {"acknowledged", phase.acknowledged},
        {"rejected", phase.rejected},       {"unacknowledged", phase.unacknowledged},
        {"cached", phase.cached},           {"discarded", phase.discarded},
        {"delivered", phase.delivered},     {"duplicated", phase.duplicated},
        {"reordered", phase.reordered},     {"lost", phase.lost},
        {"undelivered", phase.undelivered}, {"unconfirmed", phase.unconfirmed},
    };
    switch (threshold.metric.kind) {
        case gate::Kind::latency: {
            const bool told = name != "end_to_end" || !run.ledger || phase.latency.end_to_end;
            return figure_of(latency_of(phase.latency, name), threshold,
                             told ? why_unmeasured(run, name) : "the server does not tell it by due time");
        }
        case gate::Kind::counter:
            return counter_figure(counts, phase.generated, run, threshold);
        default:
            break;
    }
    const auto& rates = phase.throughput;
    return {name == "due_per_s"            ? rates.due_per_s
            : name == "acknowledged_per_s" ? rates.acknowledged_per_s
                                           : rates.delivered_per_s,
            "not measured"};
}

// Validations that nobody knows the end of: neither acknowledged nor rejected, by a target that acknowledges.
Count left_unanswered(const RunReport& run) {
    const auto& tally = run.tally;
    return run.latency.response ? tally.generated - std::min(tally.generated, tally.acknowledged + tally.rejected) : 0;
}

bool may_be_skipped(const gate::Threshold& threshold, const RunReport& run) {
    const auto& name = threshold.metric.name;
    const bool by_ledger = name == "lost" || name == "undelivered";
    const bool promised = run.target == "embedded" && !run.ledger;
    return threshold.origin == gate::Origin::by_default && by_ledger && !promised && unaccounted_of(run) == Count{0} &&
           !(name == "undelivered" && left_unanswered(run) > 0);
}

std::vector<const Phase*> stages_of(const RunReport& run) {
    std::vector<const Phase*> stages;
    for (const auto& phase : run.phases) {
        if (phase.kind == "stage") {
            stages.push_back(&phase);
        }
    }
    return stages;
}

}  // namespace

gate::Figures figures_of(const RunReport& run) {
    return [&run](const gate::Threshold& threshold) {
        if (!threshold.stage.empty()) {
            const auto place = gate::place_of_stage(stage_names(run), threshold.stage);
            return place ? phase_figure(run, *stages_of(run)[*place], threshold)
                         : absent("the report has no such stage");
        }
        switch (threshold.metric.kind) {
            case gate::Kind::latency:
                return figure_of(latency_of(run.latency, threshold.metric.name), threshold,
                                 why_unmeasured(run, threshold.metric.name));
            case gate::Kind::counter:
                return counter_figure(run, threshold);
            case gate::Kind::number:
            case gate::Kind::bytes:
                break;
        }
        return value_figure(run, threshold);
    };
}

std::vector<std::string> stage_names(const RunReport& run) {
    std::vector<std::string> names;
    for (const auto* stage : stages_of(run)) {
        names.push_back(stage->name);
    }
    return names;
}

Problems unknown_stages(const RunReport& run, const std::vector<gate::Threshold>& thresholds) {
    const auto names = stage_names(run);
    Problems problems;
    for (const auto& threshold : thresholds) {
        if (!threshold.stage.empty() && !gate::place_of_stage(names, threshold.stage)) {
            problems.push_back({.source = {},
                                .key = threshold.text(),
                                .message = names.empty() ? "the report has no figures of stages: it was made before "
                                                           "there were any (allowed: thresholds of the whole run)"
                                                         : gate::unknown_stage(names, threshold.stage)});
        }
    }
    return problems;
}

std::vector<JudgedThreshold> judge(const RunReport& run, const std::vector<gate::Threshold>& thresholds) {
    std::vector<JudgedThreshold> judged;
    for (const auto& threshold : thresholds) {
        auto judgement = gate::judge(threshold, figures_of(run));
        const bool skipped = judgement.outcome == gate::Outcome::no_data && may_be_skipped(threshold, run);
        if (judgement.outcome == gate::Outcome::no_data && threshold.metric.name == "undelivered" &&
            threshold.origin == gate::Origin::by_default && !run.ledger && left_unanswered(run) > 0) {
            judgement.reason =
                fmt::format("{} of {} were never acknowledged, and there is no ledger that says whether they arrived",
                            left_unanswered(run), run.tally.generated);
        }
        judged.push_back({.metric = threshold.metric_text(),
                          .expression = threshold.expression,
                          .observed = judgement.observed,
                          .passed = skipped || judgement.outcome == gate::Outcome::passed,
                          .reason = std::move(judgement.reason),
                          .origin = threshold.origin,
                          .skipped = skipped});
    }
    return judged;
}

}  // namespace portillon::report
