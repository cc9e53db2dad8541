#include "report/latency_choice.h"

#include <algorithm>

namespace portillon::report {

const std::vector<LatencyName>& latency_names() {
    static const std::vector<LatencyName> names{
        {"response", &Latencies::response}, {"service", &Latencies::service},
        {"lateness", &Latencies::lateness}, {"end_to_end", &Latencies::end_to_end},
        {"connect", &Latencies::connect},   {"generator_lag", &Latencies::generator_lag}};
    return names;
}

std::optional<LatencyName> find_latency(std::string_view name) {
    const auto& names = latency_names();
    const auto found = std::find_if(names.begin(), names.end(), [name](const auto& each) { return each.name == name; });
    return found == names.end() ? std::nullopt : std::optional(*found);
}

LatencyName headline_of(const Entrant& entrant) {
    const auto runs = entrant.counting();
    const bool acknowledged =
        std::all_of(runs.begin(), runs.end(), [](const auto* run) { return run->latency.response.has_value(); });
    return *find_latency(acknowledged ? "response" : "end_to_end");
}

}  // namespace portillon::report
