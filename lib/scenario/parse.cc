#include "scenario/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "scenario/resolve.h"
#include "scenario/schema.h"

namespace portillon::scenario {

namespace {

// A longer list of problems would not help the user.
constexpr std::size_t max_problems = 50;

constexpr std::string_view ad_hoc = R"(
name: ad-hoc
fleet: { equipments: 100 }
traffic: { stages: [ { duration: 30s, rate: 1/s } ] }
)";

Problems problems_of(const Document& document, Findings findings) {
    Problems problems;
    for (auto& finding : findings) {
        problems.push_back(document.locate(finding));
    }
    // Problems of options, which have line 0, come first.
    std::stable_sort(problems.begin(), problems.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    if (problems.size() > max_problems) {
        const auto more = problems.size() - max_problems;
        problems.resize(max_problems);
        problems.push_back({problems.front().source, 0, "", fmt::format("and {} more problems", more)});
    }
    return problems;
}

void note_lines(const Document& document, std::vector<Threshold>& thresholds) {
    std::map<std::string, std::size_t> seen;
    for (auto& threshold : thresholds) {
        const auto at = seen[threshold.metric]++;
        threshold.line = document.locate({{"thresholds", threshold.metric, std::to_string(at)}, ""}).line;
    }
}

std::string name_after(const std::string& source) {
    auto stem = std::filesystem::path(source).stem().string();
    return stem.empty() || stem.size() > 100 || !is_clean_text(stem) ? "unnamed" : stem;
}

}  // namespace

Checked<Scenario> parse(std::string_view text, const std::string& source, std::span<const Override> overrides,
                        std::span<const KnownProtocol> protocols) {
    auto document = Document::read(text, source);
    Problems problems = document ? Problems{} : document.problems();
    for (const auto& override : overrides) {
        if (document) {
            const auto more = document->apply(override);
            problems.insert(problems.end(), more.begin(), more.end());
        }
    }
    if (!document) {
        return problems;
    }
    Findings findings;
    const auto value = document->to_json(findings);
    if (value.is_null()) {
        problems.push_back({source, 0, "", "is empty (needed: fleet and traffic)"});
        return problems;
    }
    const auto schema = schema_json(protocols);
    const auto against_schema = explain(schema, value);
    findings.insert(findings.end(), against_schema.begin(), against_schema.end());
    auto scenario = resolve(value, protocols, findings);
    if (findings.empty() && !conforms(schema, value)) {
        findings.push_back({{}, unexplained});
    }
    const auto found = problems_of(*document, std::move(findings));
    problems.insert(problems.end(), found.begin(), found.end());
    if (!problems.empty()) {
        return problems;
    }
    if (!value.contains("name")) {
        scenario.name = name_after(source);
    }
    note_lines(*document, scenario.thresholds);
    return scenario;
}

Checked<Scenario> from_options(std::span<const Override> overrides, std::span<const KnownProtocol> protocols) {
    return parse(ad_hoc, "without a file", overrides, protocols);
}

}  // namespace portillon::scenario
