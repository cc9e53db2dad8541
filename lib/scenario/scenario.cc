#include "scenario/scenario.h"

#include <fmt/format.h>

#include <algorithm>
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

const Lot& Scenario::lot() const {
    check(lots.size() == 1, "a scenario of one lot");
    return lots.front();
}

Lot& Scenario::lot() {
    check(lots.size() == 1, "a scenario of one lot");
    return lots.front();
}

Scenario alone(const Scenario& scenario, std::size_t place) {
    check(place < scenario.lots.size(), "a lot of the scenario");
    Scenario single = scenario;
    single.lots = {scenario.lots[place]};
    return single;
}

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
    return {scenario.lot().traffic.arrival, stages_of(scenario.lot().traffic), scenario.seed};
}

std::string summary_of(const Fault& fault) {
    std::string text(name_of(fault.kind));
    if (fault.kind == FaultKind::command) {
        return text + " " + fault.run + (fault.until.empty() ? "" : ", then " + fault.until);
    }
    const auto add = [&text](std::string_view what, Nanos value) {
        if (value > Nanos{0}) {
            text += fmt::format(" {}{}", what, format_duration(value));
        }
    };
    add("", fault.delay);
    add("retry after ", fault.retry_after);
    add("jitter ", fault.jitter);
    add("every ", fault.every);
    add("up ", fault.up);
    add("down ", fault.down);
    if (fault.rate > Bytes{0}) {
        text += fmt::format(" {}/s", humanize(fault.rate));
    }
    if (fault.validations_per_s > 0) {
        text += fmt::format(" {}/s", humanize_count(static_cast<double>(fault.validations_per_s)));
    }
    if (fault.count > 0) {
        text += fmt::format(" {}", fault.count);
    }
    if (fault.one_in > 0) {
        text += fmt::format(" one in {}", fault.one_in);
    }
    if (fault.kind == FaultKind::one_way) {
        text += fmt::format(" {}", name_of(fault.direction));
    }
    return text;
}

std::vector<faults::NetworkFault> network_faults_of(const Scenario& scenario) {
    std::vector<faults::NetworkFault> list;
    for (std::size_t place = 0; place < scenario.faults.size(); ++place) {
        const auto& fault = scenario.faults[place];
        if (!faults::is_of_network(fault.kind)) {
            continue;
        }
        list.push_back({.number = static_cast<std::uint32_t>(place),
                        .kind = fault.kind,
                        .at = fault.at,
                        .length = fault.during,
                        .share = fault.share_percent / 100,
                        .first = fault.first,
                        .last = fault.last == 0 ? scenario.lot().fleet.equipments : fault.last,
                        .delay = fault.delay,
                        .jitter = fault.jitter,
                        .bytes_per_s = static_cast<double>(fault.rate.count),
                        .every = fault.every,
                        .up = fault.up,
                        .down = fault.down,
                        .direction = fault.direction});
    }
    return list;
}

bool has_server_faults(const Scenario& scenario) {
    return std::any_of(scenario.faults.begin(), scenario.faults.end(),
                       [](const Fault& fault) { return faults::is_of_server(fault.kind); });
}

std::vector<std::string> commands_of(const Scenario& scenario) {
    std::vector<std::string> commands;
    for (const auto& fault : scenario.faults) {
        for (const auto& command : {fault.run, fault.until}) {
            if (!command.empty() && std::find(commands.begin(), commands.end(), command) == commands.end()) {
                commands.push_back(command);
            }
        }
    }
    return commands;
}

unsigned fewest_server_shards(const Scenario& scenario) {
    const bool kills = std::any_of(scenario.faults.begin(), scenario.faults.end(),
                                   [](const Fault& fault) { return fault.kind == FaultKind::kill; });
    return kills ? 2 : 1;
}

std::uint32_t count_hit(const Scenario& scenario, const faults::NetworkFault& fault) {
    std::uint32_t count = 0;
    for (std::uint32_t id = 1; id <= scenario.lot().fleet.equipments; ++id) {
        count += faults::hits(fault, scenario.seed, EquipmentId{id}) ? 1 : 0;
    }
    return count;
}

Nanos last_start(const Fleet& fleet) {
    return plan::start_of(fleet.start, EquipmentId{fleet.equipments});
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

std::string_view name_of(plan::Order order) {
    return pick(std::array<std::string_view, 2>{"relaxed", "strict"}, order);
}

std::string_view name_of(plan::Jitter jitter) {
    return pick(std::array<std::string_view, 2>{"full", "none"}, jitter);
}

std::string_view name_of(plan::Overflow overflow) {
    return overflow == plan::Overflow::oldest ? "oldest" : "newest";
}

std::string_view name_of(faults::Direction direction) {
    return pick(std::array<std::string_view, 2>{"up", "down"}, direction);
}

}  // namespace portillon::scenario
