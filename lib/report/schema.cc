#include "report/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

#include "json_schema/validator.h"
#include "report/json.h"

namespace portillon::embedded {
extern const std::string_view report_schema;
}

namespace portillon::report {

namespace {

using Json = nlohmann::json;

const Json& schema_json() {
    static const Json parsed = Json::parse(schema_text());
    return parsed;
}

const json_schema::Validator& validator() {
    static const json_schema::Validator made(schema_json());
    return made;
}

const Json* resolved(const Json* node) {
    while (node != nullptr && node->contains("$ref")) {
        const auto pointer = (*node)["$ref"].get<std::string>().substr(1);
        node = &schema_json().at(Json::json_pointer(pointer));
    }
    return node;
}

// The schema of the child `segment` of `node`; nullptr if there is none.
const Json* child_of(const Json* node, const std::string& segment) {
    node = resolved(node);
    if (node == nullptr) {
        return nullptr;
    }
    if (node->contains("properties") && (*node)["properties"].contains(segment)) {
        return resolved(&(*node)["properties"][segment]);
    }
    for (const char* key : {"additionalProperties", "items"}) {
        if (node->contains(key) && (*node)[key].is_object()) {
            return resolved(&(*node)[key]);
        }
    }
    if (node->contains("allOf")) {
        for (const auto& part : (*node)["allOf"]) {
            if (const auto* found = child_of(&part, segment)) {
                return found;
            }
        }
    }
    return nullptr;
}

std::string allowed_by(const Json* rule) {
    if (rule == nullptr) {
        return {};
    }
    if (rule->contains("const")) {
        return (*rule)["const"].dump();
    }
    if (rule->contains("enum")) {
        std::vector<std::string> values;
        for (const auto& value : (*rule)["enum"]) {
            values.push_back(value.dump());
        }
        return fmt::format("{}", fmt::join(values, ", "));
    }
    std::string allowed;
    if (rule->contains("type")) {
        const auto& type = (*rule)["type"];
        allowed = type.is_array() ? fmt::format("{}", fmt::join(type.get<std::vector<std::string>>(), " or "))
                                  : type.get<std::string>();
    }
    if (rule->contains("minimum")) {
        allowed += fmt::format(", at least {}", (*rule)["minimum"].dump());
    }
    if (rule->contains("maximum")) {
        allowed += fmt::format(", at most {}", (*rule)["maximum"].dump());
    }
    if (rule->contains("maxItems")) {
        allowed += fmt::format(", at most {} items", (*rule)["maxItems"].dump());
    }
    return allowed;
}

std::string message_of(const std::string& description, const Json* rule) {
    constexpr std::string_view missing = "Missing required property '";
    if (description.starts_with(missing)) {
        return fmt::format("the key \"{}\" is missing",
                           description.substr(missing.size(), description.find_last_of('\'') - missing.size()));
    }
    const auto allowed = allowed_by(rule);
    return allowed.empty() ? description : fmt::format("not what belongs here (allowed: {})", allowed);
}

}  // namespace

std::string_view schema_text() {
    return embedded::report_schema;
}

Problems check_schema(const Json& document) {
    const auto mismatches = validator().mismatches(document);
    if (mismatches.empty()) {
        return {};
    }
    const bool comparison = document.contains("kind") && document["kind"] == "comparison";
    const Json& root = schema_json()["definitions"][comparison ? "comparison" : "run"];
    Problems problems;
    std::set<std::string> seen;
    for (const auto& mismatch : mismatches) {
        // Such a message only repeats that a failure inside it was found; the inner message says what is wrong.
        if (mismatch.description.starts_with("Failed to validate")) {
            continue;
        }
        const Json* rule = &root;
        for (const auto& segment : mismatch.path) {
            rule = child_of(rule, segment);
        }
        Problem problem{.source = {},
                        .key = fmt::format("{}", fmt::join(mismatch.path, ".")),
                        .message = message_of(mismatch.description, rule)};
        if (seen.insert(problem.key + problem.message).second) {
            problems.push_back(std::move(problem));
        }
    }
    if (problems.empty()) {
        problems.push_back({.source = {}, .key = {}, .message = "does not match the schema of reports"});
    }
    return problems;
}

}  // namespace portillon::report
