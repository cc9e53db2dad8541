#include "report/judged_json.h"

#include <nlohmann/json.hpp>

namespace portillon::report {

namespace {

using nlohmann::ordered_json;

template <class Value>
ordered_json null_if_absent(const std::optional<Value>& value) {
    return value ? ordered_json(*value) : ordered_json();
}

ordered_json null_if_empty(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

// The unit of a metric's values.
const char* unit_of_values(gate::Kind kind) {
    switch (kind) {
        case gate::Kind::latency:
            return "us";
        case gate::Kind::counter:
            return "share of the validations";
        case gate::Kind::bytes:
            return "bytes";
        case gate::Kind::number:
            break;
    }
    return "number";
}

ordered_json json_of_figures(const std::vector<RunFigure>& figures) {
    auto list = ordered_json::array();
    for (const auto& figure : figures) {
        list.push_back({{"repeat", figure.repeat},
                        {"value", null_if_absent(figure.value)},
                        {"never", figure.never},
                        {"absent_because", null_if_empty(figure.absent_because)}});
    }
    return list;
}

ordered_json json_of_metric(const MetricDiff& metric) {
    return {{"metric", metric.name},
            {"key", metric.key},
            {"unit", unit_of_values(metric.kind)},
            {"better", metric.better == Better::lower ? "lower" : "higher"},
            {"change", name_of(metric.change)},
            {"why", metric.why},
            {"base", null_if_absent(metric.base)},
            {"candidate", null_if_absent(metric.candidate)},
            {"base_text", metric.base_text},
            {"candidate_text", metric.candidate_text},
            {"ratio", null_if_absent(metric.ratio)},
            {"ratio_at_least", metric.interval ? ordered_json(metric.interval->low) : ordered_json()},
            {"ratio_at_most", metric.interval ? ordered_json(metric.interval->high) : ordered_json()},
            {"p", null_if_absent(metric.p)},
            {"repeats_needed", null_if_absent(metric.repeats_needed)},
            {"base_runs", json_of_figures(metric.base_runs)},
            {"candidate_runs", json_of_figures(metric.candidate_runs)}};
}

ordered_json json_of_group(const GroupDiff& group) {
    auto metrics = ordered_json::array();
    for (const auto& metric : group.metrics) {
        metrics.push_back(json_of_metric(metric));
    }
    return {{"base", group.base_name},
            {"candidate", group.candidate_name},
            {"paired", group.paired},
            {"base_repeats", group.base_repeats},
            {"candidate_repeats", group.candidate_repeats},
            {"change", name_of(group.change)},
            {"why", group.why},
            {"warnings", group.warnings},
            {"metrics", std::move(metrics)}};
}

ordered_json json_of_side(const DiffSide& side) {
    return {
        {"report", side.label},
        {"target", side.target},
        {"scenario", {{"name", side.scenario.name}, {"workload_digest", side.scenario.workload_digest}}},
        {"context",
         {{"version", side.context.version}, {"commit", side.context.commit}, {"started_at", side.context.started_at}}},
        {"runs", side.runs},
        {"left_out", side.left_out}};
}

ordered_json json_of_keys(const std::vector<DifferingKey>& keys) {
    auto list = ordered_json::array();
    for (const auto& key : keys) {
        list.push_back({{"key", key.key}, {"base", key.base}, {"candidate", key.candidate}, {"allowed", key.allowed}});
    }
    return list;
}

ordered_json json_of_threshold(const JudgedThreshold& threshold, const std::string& how) {
    return {{"metric", threshold.metric},
            {"expression", threshold.expression},
            {"observed", null_if_absent(threshold.observed)},
            {"passed", threshold.passed},
            {"skipped", threshold.skipped},
            {"default", threshold.origin == gate::Origin::by_default},
            {"reason", null_if_empty(threshold.reason)},
            {"how", null_if_empty(how)}};
}

}  // namespace

ordered_json json_of_diff(const Diff& diff) {
    auto groups = ordered_json::array();
    for (const auto& group : diff.groups) {
        groups.push_back(json_of_group(group));
    }
    return {{"change", name_of(diff.change)},
            {"why", diff.why},
            {"min_effect", diff.options.min_effect},
            {"confidence", diff.options.confidence},
            {"base", json_of_side(diff.base)},
            {"candidate", json_of_side(diff.candidate)},
            {"forced", diff.forced},
            {"differing_keys", json_of_keys(diff.keys)},
            {"notes", diff.notes},
            {"warnings", diff.warnings},
            {"figures_decided_by_statistics", diff.tests},
            {"groups", std::move(groups)}};
}

ordered_json json_of_judged(const std::vector<JudgedRun>& runs) {
    auto rows = ordered_json::array();
    for (const auto& run : runs) {
        auto thresholds = ordered_json::array();
        for (std::size_t i = 0; i < run.thresholds.size(); ++i) {
            thresholds.push_back(json_of_threshold(run.thresholds[i], i < run.how.size() ? run.how[i] : ""));
        }
        rows.push_back({{"name", run.name},
                        {"measurement", name_of(run.verdict.measurement)},
                        {"complete", run.verdict.complete},
                        {"aborted_by", null_if_empty(run.verdict.aborted_by)},
                        {"ended_because", null_if_empty(run.verdict.ended_because)},
                        {"reasons", run.verdict.reasons},
                        {"repeats", run.asked},
                        {"repeats_valid", run.valid},
                        {"thresholds", std::move(thresholds)},
                        {"remarks", run.remarks},
                        {"account", run.account}});
    }
    return rows;
}

}  // namespace portillon::report
