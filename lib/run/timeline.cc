#include "run/timeline.h"

#include <fmt/format.h>

namespace portillon::run {

std::string stage_at(const scenario::Scenario& scenario, Nanos since_t0) {
    if (scenario.lots.size() != 1 || since_t0 < 0ns) {
        return {};
    }
    const auto& stages = scenario.lot().traffic.stages;
    const auto names = stage_names(scenario.lot().traffic);
    Nanos end{};
    for (std::size_t at = 0; at < stages.size(); ++at) {
        end += stages[at].duration;
        if (since_t0 < end) {
            const bool is_only_one = stages.size() == 1 && stages[at].name.empty();
            const bool warm_up = stages[at].measure == arrival::Measure::off;
            return is_only_one ? "" : names[at] + (warm_up ? ", not measured" : "");
        }
    }
    return {};
}

std::vector<std::string> faults_at(const scenario::Scenario& scenario, Nanos since_t0) {
    std::vector<std::string> faults;
    for (std::size_t place = 0; place < scenario.faults.size(); ++place) {
        const auto& fault = scenario.faults[place];
        const Nanos end = fault.at + (fault.during > 0ns ? fault.during : shown_for);
        if (since_t0 >= fault.at && since_t0 < end) {
            const auto left =
                fault.during > 0ns ? fmt::format(", {:.0f} s left", seconds(end - since_t0)) : std::string();
            faults.push_back(fmt::format("fault {} {}{}", place + 1, summary_of(fault), left));
        }
    }
    return faults;
}

}  // namespace portillon::run
