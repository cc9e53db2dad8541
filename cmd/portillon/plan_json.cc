#include "plan_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "scenario/resolved.h"

namespace portillon::cmd {

namespace {

using nlohmann::ordered_json;
using scenario::Counting;

ordered_json rows_json(const scenario::Plan& plan) {
    const bool known = plan.counting != Counting::unknown;
    const auto if_known = [known](std::uint64_t value) { return known ? ordered_json(value) : ordered_json(); };
    auto rows = ordered_json::array();
    for (const auto& row : plan.rows) {
        rows.push_back({{"from_s", seconds(row.from)},
                        {"to_s", seconds(row.to)},
                        {"started", row.started},
                        {"dialled", row.dialled},
                        {"validations", if_known(row.validations)},
                        {"payload_bytes", if_known(row.payload.count)}});
    }
    return rows;
}

// The counts are null where arrivals are closed, because they are not known before the run.
ordered_json totals_json(const scenario::Plan& plan) {
    constexpr std::array names{"exact", "expected", "unknown"};
    ordered_json totals = {{"counting", names[static_cast<std::size_t>(plan.counting)]}};
    const bool exact = plan.counting == Counting::exact;
    const bool known = plan.counting != Counting::unknown;
    const auto where = [](bool has, const ordered_json& value) { return has ? value : ordered_json(); };
    totals["validations"] = where(known, plan.validations);
    totals["fewest_of_an_equipment"] = where(exact, plan.fewest);
    totals["most_of_an_equipment"] = where(exact, plan.most);
    totals["payload_bytes"] = where(known, plan.payload.count);
    totals["peak_per_s"] = where(known, plan.peak_per_s);
    totals["peak_batches_per_s"] = where(known, plan.peak_batches_per_s);
    totals["peak_at_s"] = where(known, seconds(plan.peak_at));
    totals["duration_s"] = seconds(plan.duration);
    totals["measured_s"] = seconds(plan.measured);
    totals["connecting_s"] = seconds(plan.connecting);
    return totals;
}

ordered_json needs_json(const scenario::Plan& plan, const plan::Machine& machine) {
    const auto& sizing = plan.sizing;
    return {
        {"generator", {{"shards", sizing.generator_shards}, {"descriptors_of_a_shard", sizing.generator_descriptors}}},
        {"server",
         {{"shards", sizing.server_shards},
          {"descriptors_of_a_shard", sizing.server_descriptors},
          {"ledger_bytes", plan.ledger.count}}},
        {"descriptor_limit", machine.descriptor_limit},
        {"source_addresses", sizing.source_addresses},
        {"ports_of_an_address", sizing.ports_of_an_address}};
}

ordered_json thresholds_json(const scenario::Scenario& scenario) {
    auto list = ordered_json::array();
    for (const auto& threshold : scenario.thresholds) {
        list.push_back({{"metric", threshold.metric},
                        {"expression", threshold.expression},
                        {"default", threshold.origin == gate::Origin::by_default}});
    }
    return list;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

}  // namespace

ordered_json plan_json(const Loaded& loaded, const scenario::Plan& plan, const plan::Machine& machine) {
    auto warnings = ordered_json::array();
    for (const auto& warning : loaded.warnings) {
        if (!warning.source.empty()) {  // the scenario's own warnings are among the plan's
            warnings.push_back(format_problem(warning));
        }
    }
    for (const auto& warning : plan.warnings) {
        warnings.push_back(warning);
    }
    return {{"scenario", scenario::resolved_json(loaded.scenario)},
            {"workload_digest", loaded.workload_digest},
            {"rows", rows_json(plan)},
            {"fault_lines", lines_of(scenario::fault_lines(loaded.scenario))},
            {"totals", totals_json(plan)},
            {"needs", needs_json(plan, machine)},
            {"thresholds", thresholds_json(loaded.scenario)},
            {"warnings", std::move(warnings)}};
}

ordered_json comparison_json(const Entries& entries, unsigned repeats) {
    auto rows = ordered_json::array();
    double once_s = 0;
    for (const auto& entry : entries.rows) {
        const auto& order = entry.order;
        auto varied = ordered_json::object();
        for (const auto& [key, value, label] : order.varied) {
            varied[key] = value;
        }
        const double run_s = seconds(planned_time(entry));
        once_s += run_s;
        rows.push_back({{"row", entry.label},
                        {"protocol", order.protocol->name},
                        {"varied", std::move(varied)},
                        {"workload_digest", order.workload_digest},
                        {"run_s", run_s}});
    }
    auto warnings = ordered_json::array();
    for (const auto& warning : entries.warnings) {
        warnings.push_back(format_problem(warning));
    }
    return {{"rows", std::move(rows)},
            {"repeats", repeats},
            {"runs", entries.rows.size() * repeats},
            {"total_s", once_s * repeats},
            {"warnings", std::move(warnings)}};
}

}  // namespace portillon::cmd
