#include "scenario/trace.h"

#include <filesystem>

#include "arrival/trace.h"

namespace portillon::scenario {

std::string trace_path(const Scenario& scenario, const std::string& scenario_file) {
    const std::filesystem::path file(scenario.lot().traffic.trace_file);
    return file.is_absolute() ? file.string() : (std::filesystem::path(scenario_file).parent_path() / file).string();
}

Problems attach_trace(Scenario& scenario, std::string_view text, const std::string& source) {
    auto trace = arrival::parse_trace(text, source, scenario.lot().fleet.equipments);
    if (!trace) {
        return trace.problems();
    }
    scenario.lot().traffic.arrival.trace = std::make_shared<const arrival::Trace>(std::move(*trace));
    return {};
}

}  // namespace portillon::scenario
