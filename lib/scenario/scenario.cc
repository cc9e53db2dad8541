#include "scenario/scenario.h"

#include <array>

#include "base/check.h"

namespace portillon::scenario {

namespace {

template <std::size_t size, class Enum>
std::string_view pick(const std::array<std::string_view, size>& names, Enum value) {
    const auto at = static_cast<std::size_t>(value);
    check(at < size, "a value of the enumeration");
    return names[at];
}

}  // namespace

std::vector<std::string> stage_names(const Traffic& traffic) {
    std::vector<std::string> names;
    for (const auto& stage : traffic.stages) {
        names.push_back(stage.name.empty() ? "stage " + std::to_string(names.size() + 1) : stage.name);
    }
    return names;
}

arrival::Stages stages_of(const Traffic& traffic) {
    std::vector<arrival::Stage> stages;
    double before = 0;
    for (const auto& stage : traffic.stages) {
        const double rate = stage.rate.per_second;
        stages.push_back({stage.duration, stage.shape == Shape::ramp ? before : rate, rate, stage.measure});
        before = rate;
    }
    return arrival::Stages(std::move(stages));
}

arrival::Schedule schedule_of(const Scenario& scenario) {
    return {scenario.traffic.arrival, stages_of(scenario.traffic), scenario.seed};
}

Nanos start_of(const Fleet& fleet, EquipmentId id) {
    check(number_of(id) >= 1 && number_of(id) <= fleet.equipments, "an equipment of the fleet");
    const auto* steps = std::get_if<StartBySteps>(&fleet.start);
    return steps ? steps->every * ((number_of(id) - 1) / steps->step) : Nanos{0};
}

Nanos last_start(const Fleet& fleet) {
    return start_of(fleet, EquipmentId{fleet.equipments});
}

std::string_view name_of(arrival::Kind kind) {
    return pick(std::array<std::string_view, 5>{"periodic", "poisson", "burst", "trace", "closed"}, kind);
}

std::string_view name_of(Shape shape) {
    return pick(std::array<std::string_view, 2>{"step", "ramp"}, shape);
}

std::string_view name_of(Encoding encoding) {
    return pick(std::array<std::string_view, 3>{"native", "json", "protobuf"}, encoding);
}

std::string_view name_of(Order order) {
    return pick(std::array<std::string_view, 2>{"relaxed", "strict"}, order);
}

std::string_view name_of(Jitter jitter) {
    return pick(std::array<std::string_view, 2>{"full", "none"}, jitter);
}

std::string_view name_of(FaultKind kind) {
    return pick(std::array<std::string_view, 5>{"stall", "delay", "lose", "duplicate", "swap"}, kind);
}

}  // namespace portillon::scenario
