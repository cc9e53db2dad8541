#include "scenario/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gate/threshold.h"

namespace portillon::scenario {

namespace {

class Warnings {
public:
    explicit Warnings(const Scenario& scenario) : scenario_(scenario), stages_(stages_of(scenario.lot().traffic)) {}

    Problems all() && {
        of_the_fleet();
        of_the_traffic();
        of_the_delivery();
        for (std::size_t place = 0; place < scenario_.faults.size(); ++place) {
            of_a_fault(place);
        }
        of_whom_faults_hit();
        of_the_thresholds();
        return std::move(problems_);
    }

private:
    void warn(std::string key, std::string message) {
        problems_.push_back({.source = {}, .key = std::move(key), .message = std::move(message)});
    }

    void of_the_fleet() {
        const auto& fleet = scenario_.lot().fleet;
        if (const auto* steps = std::get_if<plan::StartBySteps>(&fleet.start)) {
            if (const auto last = last_start(fleet); last >= end()) {
                // Only steps that begin before the end of the stages start equipments with something due.
                const auto waves = static_cast<std::uint64_t>((end() - Nanos{1}) / steps->every) + 1;
                const auto started = std::min<std::uint64_t>(fleet.equipments, waves * steps->step);
                warn("fleet.start",
                     fmt::format("the stages end at {}, before the last equipment starts at {}: {} of {} "
                                 "equipments never have anything due",
                                 format_duration(end()), format_duration(last), fleet.equipments - started,
                                 fleet.equipments));
            }
            return;
        }
        const auto& start = std::get<plan::StartByRate>(fleet.start);
        const double needed_s = fleet.equipments / start.rate.per_second;
        if (needed_s > seconds(start.within)) {
            warn("fleet.start", fmt::format("connecting {} at {}/s takes {} s, longer than within ({}): those "
                                            "that are not connected by then begin offline",
                                            counted(fleet.equipments, "equipment"), start.rate.per_second,
                                            humanize_count(needed_s), format_duration(start.within)));
        }
    }

    void of_the_traffic() {
        const auto& traffic = scenario_.lot().traffic;
        const auto kind = traffic.arrival.kind;
        const bool by_rate = kind != arrival::Kind::closed && kind != arrival::Kind::trace;
        for (std::size_t at = 0; !by_rate && at < traffic.stages.size(); ++at) {
            const auto& stage = traffic.stages[at];
            if (stage.rate.per_second > 0 || stage.shape == Shape::ramp) {
                warn(fmt::format("traffic.stages.{}", at),
                     kind == arrival::Kind::closed
                         ? "closed arrivals ignore the rates: validations are due when earlier ones are answered"
                         : "the rate has no effect: the trace says what is due when");
            }
        }
        if (const auto& trace = traffic.arrival.trace) {
            if (const auto after = trace->count_from(end()); after > 0) {
                warn("traffic.arrival",
                     fmt::format("{} of the trace's {} rows lie after the end of the stages at {} and are left out",
                                 after, trace->size(), format_duration(end())));
            }
        }
        if (by_rate && stages_.peak_rate() == 0) {
            warn("traffic.stages", "every rate is 0: nothing is due");
        }
    }

    void of_the_delivery() {
        const auto& delivery = scenario_.lot().delivery;
        if (delivery.batch.max == 1 && delivery.batch.linger > Nanos{0}) {
            warn("delivery.batch.linger", "has no effect with batch.max 1");
        }
        if (delivery.breaker.failures == 0 && delivery.breaker.open != plan::Breaker{}.open) {
            warn("delivery.breaker.open", "has no effect without breaker.failures");
        }
    }

    bool has_keepalive() const {
        const auto options = scenario_.protocols.find(scenario_.lot().protocol);
        const auto keepalive = options == scenario_.protocols.end() ? "" : options->second.value("keepalive", "60s");
        return parse_duration(keepalive).value_or(Nanos{1}) > Nanos{0};
    }

    void of_a_fault(std::size_t place) {
        const auto& fault = scenario_.faults[place];
        const auto key = fmt::format("faults.{}", place);
        const Nanos over = fault.at + fault.during;
        const Nanos drained = end() + scenario_.lot().delivery.drain;
        if (fault.at >= end()) {
            warn(key,
                 fmt::format("begins at {}, after the end of the traffic at {}: nothing is due then, and the run may "
                             "already be over",
                             format_duration(fault.at), format_duration(end())));
        } else if (faults::is_of_network(fault.kind) && over > drained) {
            warn(key,
                 fmt::format("ends at {}, after the drain at {}: validations that it holds back are never answered",
                             format_duration(over), format_duration(drained)));
        } else if (over > end()) {
            warn(key, fmt::format("lasts until {}, beyond the end of the traffic at {}: nothing is due after that",
                                  format_duration(over), format_duration(end())));
        }
        if (fault.during > Nanos{0} && fault.every >= fault.during) {
            warn(key + ".every", fmt::format("{} is not shorter than for ({}): it happens but once",
                                             format_duration(fault.every), format_duration(fault.during)));
        }
        if (fault.kind == FaultKind::half_open && !has_keepalive()) {
            warn(key, fmt::format("goes unnoticed by {0} without keepalive: it tries again on the dead connection for "
                                  "ever (protocols.{0}.keepalive is 0s)",
                                  scenario_.lot().protocol));
        }
    }

    void of_whom_faults_hit() {
        const auto equipments = scenario_.lot().fleet.equipments;
        for (const auto& fault : network_faults_of(scenario_)) {
            const auto key = fmt::format("faults.{}", fault.number);
            if (fault.last > equipments) {
                warn(key + ".equipments",
                     fmt::format("ends at {}, but the fleet has {}", fault.last, counted(equipments, "equipment")));
            }
            if (count_hit(scenario_, fault) == 0) {
                warn(key, fmt::format("hits no equipment: {}% of {} equipments is none, with this seed",
                                      scenario_.faults[fault.number].share_percent,
                                      std::min(fault.last, equipments) - fault.first + 1));
            }
        }
    }

    void of_the_thresholds() {
        for (const auto& threshold : scenario_.thresholds) {
            const auto parsed = gate::parse_threshold(threshold.metric, threshold.expression);
            if (!parsed || threshold.breach != Threshold::Breach::aborts) {
                continue;
            }
            const auto key = "thresholds." + threshold.metric;
            if (!gate::can_be_breached_early(*parsed)) {
                warn(key, fmt::format(
                              "abortOnFail has no effect on {}: it may come to hold later, so it is judged at the end",
                              threshold.expression));
            } else if (threshold.abort_not_before >= end()) {
                warn(key,
                     fmt::format("abortOnFail has no effect: delayAbortEval {} is not before the end of the stages "
                                 "at {}",
                                 format_duration(threshold.abort_not_before), format_duration(end())));
            }
        }
    }

    Nanos end() const { return stages_.duration(); }

    const Scenario& scenario_;
    const arrival::Stages stages_;
    Problems problems_;
};

}  // namespace

Problems warnings_of(const Scenario& scenario) {
    return Warnings(scenario).all();
}

}  // namespace portillon::scenario
