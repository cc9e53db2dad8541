#include "report/scenario_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

namespace portillon::report {

namespace {

using KeyValues = std::map<std::string, std::string>;  // key -> value

constexpr std::array allowable_roots{"delivery", "fleet.start", "protocols", "traffic.payload.encoding"};
// The parts of a scenario that make the workload, and its digest.
constexpr std::array parts_of_workload{"fleet", "traffic", "delivery", "faults", "seed"};
constexpr const char* unset_key = "unset";

bool is_key_within(std::string_view key, std::string_view root) {
    return key == root || (key.starts_with(root) && key[root.size()] == '.');
}

std::string text_of_setting(const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void add_key_values(const std::string& key, const nlohmann::json& value, KeyValues& values) {
    if (!value.is_structured() || value.empty()) {
        values[key] = text_of_setting(value);
        return;
    }
    for (const auto& [name, entry] : value.items()) {
        add_key_values(key + "." + name, entry, values);
    }
}

// Every key of the workload with its value; nothing if the report does not hold its scenario.
KeyValues key_values_of(const RunReport& run) {
    KeyValues values;
    const auto scenario = nlohmann::json::parse(run.scenario.resolved, nullptr, false);
    for (const auto* part : parts_of_workload) {
        if (scenario.is_object() && scenario.contains(part)) {
            add_key_values(part, scenario.at(part), values);
        }
    }
    return values;
}

std::string setting_of(const KeyValues& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? unset_key : found->second;
}

bool has_recorded_trace(const KeyValues& values) {
    return setting_of(values, "traffic.arrival.kind") == "trace";
}

struct RunsOfSide {
    std::vector<KeyValues> runs;

    std::set<std::string> values(const std::string& key) const {
        std::set<std::string> found;
        for (const auto& run : runs) {
            found.insert(setting_of(run, key));
        }
        return found;
    }
};

RunsOfSide runs_of_side(const std::vector<const RunReport*>& runs, std::map<std::string, KeyValues>& by_digest) {
    RunsOfSide side;
    for (const auto* run : runs) {
        side.runs.push_back(key_values_of(*run));
        by_digest.emplace(run->scenario.workload_digest, side.runs.back());
    }
    return side;
}

// Returns whether two workloads have the same values although their digests differ. The scenario names a trace's file,
// and does not hold its rows.
bool is_unexplained_by_keys(const std::map<std::string, KeyValues>& by_digest) {
    std::set<KeyValues> different;
    for (const auto& [digest, values] : by_digest) {
        if (values.empty() || has_recorded_trace(values) || !different.insert(values).second) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool WorkloadDifference::is_allowed() const {
    return !unexplained && std::all_of(keys.begin(), keys.end(), [](const auto& key) { return key.allowed; });
}

WorkloadDifference workload_difference(const std::vector<const RunReport*>& base,
                                       const std::vector<const RunReport*>& candidate,
                                       const std::vector<std::string>& allow) {
    std::map<std::string, KeyValues> by_digest;
    const auto of_base = runs_of_side(base, by_digest);
    const auto of_candidate = runs_of_side(candidate, by_digest);
    WorkloadDifference difference;
    difference.differs = by_digest.size() > 1;
    if (!difference.differs) {
        return difference;
    }
    difference.unexplained = is_unexplained_by_keys(by_digest);
    std::set<std::string> keys;
    for (const auto& [digest, values] : by_digest) {
        for (const auto& [key, value] : values) {
            keys.insert(key);
        }
    }
    for (const auto& key : keys) {
        const auto from = of_base.values(key), to = of_candidate.values(key);
        if (from.size() > 1 || from != to) {
            const bool allowed =
                std::any_of(allow.begin(), allow.end(), [&](const auto& root) { return is_key_within(key, root); });
            difference.keys.push_back(
                {key, fmt::format("{}", fmt::join(from, " and ")), fmt::format("{}", fmt::join(to, " and ")), allowed});
        }
    }
    return difference;
}

std::string allowable_keys() {
    return fmt::format("{}", fmt::join(allowable_roots, ", "));
}

bool is_allowable(const std::string& key) {
    return std::any_of(allowable_roots.begin(), allowable_roots.end(),
                       [&](const auto* root) { return is_key_within(key, root); });
}

}  // namespace portillon::report
