#include "report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/units.h"
#include "report/account.h"

namespace portillon::report {

namespace {

using gate::Aggregate;
using gate::Figure;

// Why a figure that only a ledger knows is absent.
constexpr const char* no_ledger =
    "the target has no record of what arrived: name its admin endpoint with --ledger, or run against the embedded "
    "server";

Figure absent(std::string why) {
    return {std::nullopt, std::move(why)};
}

// A figure of which is only known that it is above every value.
Figure above_everything(const std::optional<Latency>& latency, std::string why) {
    return {std::nullopt, std::move(why), latency->unanswered > 0 ? "never" : ">24 h"};
}

std::optional<double> us_of(std::optional<Nanos> value) {
    return value ? std::optional(static_cast<double>(value->count()) / 1e3) : std::nullopt;
}

const std::optional<Latency>& latency_of(const Latencies& latency, const std::string& name) {
    const auto* figure = account::find_latency(name);
    check(figure != nullptr, "a latency that is in the table of figures");
    return latency.*figure->member;
}

// Why a count that the ledger should know is absent.
std::string why_uncounted(const RunReport& run, const std::string& name) {
    if (name == "reordered" && run.reconciliation) {
        return "what the server exported has no order";
    }
    const bool by_acknowledgement = name == "lost" || name == "unconfirmed";
    return by_acknowledgement && !run.counts.lost ? "nothing is acknowledged here"
                                                  : "the server does not tell it by due time";
}

std::string why_unmeasured(const RunReport& run, const std::string& name) {
    if (name == "end_to_end" && !run.has_ledger()) {
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

Count count_of_all(const std::map<std::string, Count>& counts) {
    return std::accumulate(counts.begin(), counts.end(), Count{0},
                           [](Count sum, const auto& entry) { return sum + entry.second; });
}

std::string why_unknown(const RunReport& run, const account::CountFigure& figure) {
    if (figure.section == account::Section::tally || figure.section == account::Section::fleet) {
        return figure.conditional && figure.section == account::Section::tally ? "the scenario has none"
                                                                               : "not measured";
    }
    return run.has_ledger() ? why_uncounted(run, std::string(figure.name)) : no_ledger;
}

// The figure of a count, of the run or of one of its phases.
Figure counter_figure(const RunReport& run, const Account& part, const gate::Threshold& threshold) {
    const auto& name = threshold.metric.name;
    if (name != "equipments" && unaccounted_of(run) != Count{0}) {
        return absent("a generator process was lost, and with it what its equipments did");
    }
    const auto* figure = account::find_count(name);
    const bool of_causes = name == gate::failed_dials || name == gate::failed_attempts;
    if (figure == nullptr && !of_causes) {
        return absent("unknown to this report");
    }
    const auto count = name == gate::failed_dials      ? std::optional(count_of_all(run.fleet.connect_failures))
                       : name == gate::failed_attempts ? std::optional(errors_of(run))
                                                       : part.counts.*figure->known_count;
    if (!count) {
        return absent(why_unknown(run, *figure));
    }
    if (threshold.aggregate == Aggregate::count) {
        return {static_cast<double>(*count), {}};
    }
    const auto generated = part.counts.generated.value_or(0);
    return generated == 0 ? absent("nothing was generated")
                          : Figure{static_cast<double>(*count) / static_cast<double>(generated), {}};
}

// The value of that name in one of the tables; nothing if its part of the report is absent.
template <class Figures, class Owner>
std::optional<double> value_in(const Figures& figures, const Owner& owner, std::string_view name) {
    const auto* figure = account::find_value(figures, name);
    return figure == nullptr ? std::nullopt : owner.*figure->member;
}

Figure value_figure(const RunReport& run, const gate::Threshold& threshold) {
    const std::string_view name = threshold.metric.name;
    for (const auto& side : account::sides) {
        if (name.starts_with(side.name) && name.substr(side.name.size()).starts_with('.')) {
            const auto& resources = run.resources.*side.member;
            return {resources ? value_in(account::resource_figures, *resources, name.substr(side.name.size() + 1))
                              : std::nullopt,
                    "not measured"};
        }
    }
    if (account::find_value(account::fleet_figures, name) != nullptr) {
        return {value_in(account::fleet_figures, run.fleet, name), "not every equipment was ever connected", "never"};
    }
    if (account::find_value(account::wire_figures, name) != nullptr) {
        return {value_in(account::wire_figures, run.wire, name), "not measured"};
    }
    return {value_in(account::throughput_figures, run.throughput, name), "not measured"};
}

Figure phase_figure(const RunReport& run, const Phase& phase, const gate::Threshold& threshold) {
    const auto& name = threshold.metric.name;
    switch (threshold.metric.kind) {
        case gate::Kind::latency: {
            const bool told = name != "end_to_end" || !run.has_ledger() || phase.latency.end_to_end;
            return figure_of(latency_of(phase.latency, name), threshold,
                             told ? why_unmeasured(run, name) : "the server does not tell it by due time");
        }
        case gate::Kind::counter:
            return counter_figure(run, phase, threshold);
        case gate::Kind::number:
        case gate::Kind::bytes:
            break;
    }
    return {value_in(account::throughput_figures, phase.throughput, name), "not measured"};
}

// Validations without an answer: neither acknowledged nor rejected by a target that acknowledges.
Count left_unanswered(const RunReport& run) {
    const auto& counts = run.counts;
    return run.latency.response
               ? *counts.generated - std::min(*counts.generated, *counts.acknowledged + *counts.rejected)
               : 0;
}

bool may_be_skipped(const gate::Threshold& threshold, const RunReport& run) {
    const auto& name = threshold.metric.name;
    const bool by_ledger = name == "lost" || name == "undelivered";
    const bool promised = run.target == "embedded" && !run.has_ledger();
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
                return counter_figure(run, run, threshold);
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
            threshold.origin == gate::Origin::by_default && !run.has_ledger() && left_unanswered(run) > 0) {
            judgement.reason =
                fmt::format("{} of {} were never acknowledged, and there is no record that says whether they arrived",
                            left_unanswered(run), *run.counts.generated);
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
