#include "scenario/schema_limits.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "faults/command_words.h"
#include "gate/pattern.h"
#include "glossary/terms.h"
#include "scenario/quantity_schema.h"
#include "scenario/resolve.h"

namespace portillon::scenario {

namespace {

using nlohmann::ordered_json;

constexpr Nanos longest_duration = 24h * 365;             // the longest that parse_duration() reads
constexpr Bytes largest_size{8'999'999'999'999'999'999};  // the largest that parse_bytes() reads

ordered_json reference(const char* definition) {
    return {{"$ref", fmt::format("#/definitions/{}", definition)}};
}

// The schema of a quantity: a text of the given form, or a number.
ordered_json quantity(const char* title, ordered_json examples, const std::string& form, ordered_json number) {
    return {{"title", title},
            {"examples", std::move(examples)},
            {"anyOf", ordered_json::array({{{"type", "string"}, {"pattern", form}}, std::move(number)})}};
}

ordered_json without(ordered_json definition, ordered_json refused) {
    definition["not"] = std::move(refused);
    return definition;
}

// The schema of a definition with narrower limits: values that match `refused` are not allowed.
ordered_json narrowed(const char* definition, ordered_json refused) {
    return {{"allOf", ordered_json::array({reference(definition)})}, {"not", std::move(refused)}};
}

ordered_json number_within(const char* type, double least, double most) {
    ordered_json number{{"type", type}};
    number["minimum"] = static_cast<std::int64_t>(least);
    number["maximum"] = static_cast<std::int64_t>(most);
    return number;
}

void define_quantities(ordered_json& definitions) {
    const ordered_json zero{{"type", "integer"}, {"const", 0}};
    definitions["duration"] = without(quantity("duration", definitions["duration"]["examples"], duration_form(), zero),
                                      none_of({longer_than(longest_duration), broken_durations()}));
    definitions["positive_duration"] = narrowed("duration", none_of({nothing_at_all()}, {0}));
    definitions["delay"] = narrowed("duration", none_of({nothing_at_all(), longer_than(longest_delay)}, {0}));
    definitions["jitter"] = narrowed("duration", none_of({longer_than(longest_delay)}));
    definitions["rhythm"] = narrowed("duration", none_of({nothing_at_all(), shorter_than(shortest_rhythm)}, {0}));
    definitions["rate"] =
        without(quantity("rate", definitions["rate"]["examples"], rate_form(), number_within("number", 0, max_rate)),
                none_of({faster_than(max_rate)}));
    definitions["positive_rate"] = narrowed("rate", none_of({nothing_at_all()}, {0}));
    definitions["bytes"] =
        without(quantity("size", definitions["bytes"]["examples"], bytes_form(), number_within("integer", 1, 1e12)),
                none_of({nothing_at_all(), larger_than(largest_size), broken_bytes()}));
    auto unfit = none_of({smaller_than(smallest_payload), larger_than(largest_payload)});
    unfit["anyOf"].push_back({{"type", "integer"}, {"exclusiveMaximum", smallest_payload.count}});
    unfit["anyOf"].push_back({{"type", "integer"}, {"exclusiveMinimum", largest_payload.count}});
    definitions["payload_bytes"] = narrowed("bytes", std::move(unfit));
}

// The schema of objects that have all of the keys. It lists them under `properties`, too, as ajv's strict mode demands.
ordered_json required(const std::vector<std::string>& keys) {
    auto properties = ordered_json::object();
    for (const auto& key : keys) {
        properties[key] = ordered_json::object();
    }
    return {{"required", keys}, {"properties", std::move(properties)}};
}

// The schema of objects that have at least one of the keys.
ordered_json has_any(const std::vector<std::string>& keys) {
    auto any = ordered_json::array();
    for (const auto& key : keys) {
        any.push_back(required({key}));
    }
    return {{"anyOf", std::move(any)}};
}

ordered_json no(ordered_json schema) {
    return {{"not", std::move(schema)}};
}

ordered_json where(ordered_json condition, ordered_json then) {
    return {{"if", std::move(condition)}, {"then", std::move(then)}};
}

ordered_json all_of(std::vector<ordered_json> schemas) {
    return {{"allOf", std::move(schemas)}};
}

// The schema of objects whose `key` is one of `values`.
ordered_json with(const char* key, ordered_json values) {
    ordered_json properties;
    properties[key] = {{"enum", std::move(values)}};
    return {{"type", "object"}, {"properties", std::move(properties)}, {"required", ordered_json::array({key})}};
}

void relate_starts(ordered_json& start) {
    start["allOf"] = ordered_json::array(
        {where(has_any({"step", "every"}), all_of({required({"step", "every"}), no(has_any({"rate", "within"}))}))});
}

void relate_arrivals(ordered_json& traffic) {
    auto& mapping = traffic["properties"]["arrival"]["anyOf"][0];
    auto rules = ordered_json::array();
    for (const auto& [kind, key] : {std::pair{"burst", "size"}, std::pair{"trace", "file"}}) {
        auto rule = where(with("kind", ordered_json::array({kind})), required({std::string(key)}));
        rule["else"] = no(required({std::string(key)}));
        rules.push_back(std::move(rule));
    }
    mapping["allOf"] = std::move(rules);
    auto without_rates =
        ordered_json::array({{{"enum", {"closed"}}}, with("kind", ordered_json::array({"closed", "trace"}))});
    ordered_json ignores{{"type", "object"},
                         {"properties", {{"arrival", {{"anyOf", std::move(without_rates)}}}}},
                         {"required", {"arrival"}}};
    auto stage = required({"rate"});
    stage["type"] = "object";
    ordered_json list{{"type", "array"}, {"items", std::move(stage)}};
    ordered_json rated{{"properties", {{"stages", std::move(list)}}}};
    traffic["allOf"] = ordered_json::array({where(no(std::move(ignores)), std::move(rated))});
    auto& stages = traffic["properties"]["stages"];
    stages["contains"] = no(with("measure", ordered_json::array({false})));
    stages["items"]["properties"]["name"]["not"] = {{"pattern", "^[0-9]*$"}};
}

// The pattern of a rate in bytes, which must have a unit such as kB/s.
std::string byte_rates() {
    return "^(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+) *(?:B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)/s$";
}

std::string validation_rates() {
    return fmt::format("^0*(?:{}|[1-9][0-9]{{0,8}})/s$", max_validations_per_s);
}

// "On the server. stall: answers nothing for a while. ..."
std::string meanings_of(faults::Side side) {
    std::string text;
    for (const auto& each : faults::kinds) {
        if (each.side == side) {
            text += fmt::format(" {}: {}.", each.name, each.meaning);
        }
    }
    return text;
}

void describe_fault_kinds(ordered_json& kind) {
    auto names = ordered_json::array();
    for (const auto& each : faults::kinds) {
        names.push_back(each.name);
    }
    kind["description"] = "On the server." + meanings_of(faults::Side::server) + " On the way." +
                          meanings_of(faults::Side::network) + " By the user." + meanings_of(faults::Side::conductor);
    kind["enum"] = std::move(names);
}

// The schema of a key of a fault of this kind: its definition, which says what it means for which kind, or a narrower
// one.
ordered_json key_of_fault(FaultKind kind, std::string_view key) {
    ordered_json definition{{"$ref", fmt::format("#/definitions/fault/properties/{}", key)}};
    if (key != "rate") {
        return definition;
    }
    const auto pattern = kind == FaultKind::limit ? validation_rates() : byte_rates();
    ordered_json narrower{
        {"allOf", ordered_json::array({std::move(definition)})}, {"type", "string"}, {"pattern", pattern}};
    if (kind != FaultKind::limit) {
        narrower["not"] = {{"pattern", nothing_at_all()}};
    }
    return narrower;
}

// The keys of a fault are those of its kind, so that an editor which knows the kind offers no others.
void relate_fault_keys(ordered_json& fault, ordered_json& all_keys) {
    describe_fault_kinds(fault["properties"]["kind"]);
    auto rules = ordered_json::array();
    for (const auto& keys : faults::kinds) {
        std::vector<std::string> needed;
        ordered_json properties{{"kind", ordered_json::object()}, {"at", ordered_json::object()}};
        for (const auto key : faults::keys) {
            if (keys.needs(key)) {
                needed.emplace_back(key);
            }
            if (keys.takes(key)) {
                properties[std::string(key)] = key_of_fault(keys.kind, key);
            }
        }
        ordered_json then{{"required", needed}, {"properties", std::move(properties)}, {"additionalProperties", false}};
        if (faults::strikes_messages(keys.kind)) {
            then["anyOf"] = has_any({"for", "count"})["anyOf"];
        }
        rules.push_back(where(with("kind", ordered_json::array({name_of(keys.kind)})), std::move(then)));
    }
    fault["allOf"] = std::move(rules);
    fault["dependencies"] = {{"every", {"for"}}, {"until", {"for"}}};
    for (const char* key : {"run", "until"}) {
        all_keys["properties"][key]["pattern"] = faults::command_pattern();
    }
    all_keys["properties"]["share"]["not"] = {{"pattern", nothing_at_all()}};
}

std::string inner(const std::string& form) {
    return form.substr(1, form.size() - 2);  // removes ^ and $
}

std::string expressions_of(gate::Kind kind) {
    const auto bound = kind == gate::Kind::latency ? inner(duration_form())
                       : kind == gate::Kind::bytes ? inner(bytes_form())
                                                   : std::string();
    return gate::expression_pattern(kind, bound, decimals_up_to(100));
}

// The schema of the thresholds of all metrics of one kind. Metrics that are known only at the end cannot abort a run.
ordered_json expressions_for(const std::string& names, const std::string& pattern, gate::Known known) {
    ordered_json mapping{{"type", "object"},
                         {"properties", {{"threshold", {{"type", "string"}, {"pattern", pattern}}}}}};
    if (known == gate::Known::at_end) {
        mapping["properties"]["abortOnFail"] = {{"const", false}};
    }
    ordered_json text{{"type", "string"}, {"pattern", pattern}};
    ordered_json list{{"type", "array"}, {"items", {{"anyOf", {std::move(mapping), std::move(text)}}}}};
    ordered_json by_name;
    by_name[names] = std::move(list);
    return {{"type", "object"}, {"patternProperties", std::move(by_name)}};
}

template <gate::Kind kind, gate::Known known>
bool is_of(const gate::Metric& metric) {
    return metric.kind == kind && metric.known == known;
}

template <gate::Kind kind>
void add_expressions(ordered_json& rules) {
    if (const auto names = gate::name_pattern(is_of<kind, gate::Known::live>); !names.empty()) {
        rules.push_back(expressions_for(names, expressions_of(kind), gate::Known::live));
    }
    if (const auto names = gate::name_pattern(is_of<kind, gate::Known::at_end>); !names.empty()) {
        rules.push_back(expressions_for(names, expressions_of(kind), gate::Known::at_end));
    }
}

void name_thresholds(ordered_json& thresholds, ordered_json& list) {
    auto& mapping = thresholds["anyOf"][0];
    auto properties = ordered_json::object();
    for (const auto& metric : gate::metrics()) {
        const auto* term = glossary::find_term(metric.name);
        properties[metric.name] = {{"$ref", "#/definitions/threshold_list"},
                                   {"description", fmt::format("{} {}", glossary::first_sentence(*term), term->usage)}};
    }
    mapping["properties"] = std::move(properties);  // for editors; names with a stage have the same lists
    mapping["propertyNames"] = {{"pattern", gate::name_pattern([](const gate::Metric&) { return true; })}};
    auto rules = ordered_json::array();
    add_expressions<gate::Kind::latency>(rules);
    add_expressions<gate::Kind::counter>(rules);
    add_expressions<gate::Kind::number>(rules);
    add_expressions<gate::Kind::bytes>(rules);
    mapping["allOf"] = std::move(rules);
    auto& item = list["items"]["anyOf"][0];
    item["allOf"] =
        ordered_json::array({where(required({"delayAbortEval"}), with("abortOnFail", ordered_json::array({true})))});
}

}  // namespace

void add_limits(ordered_json& schema) {
    define_quantities(schema["definitions"]);
    auto& properties = schema["properties"];
    relate_starts(properties["fleet"]["properties"]["start"]);
    relate_arrivals(properties["traffic"]);
    auto& definitions = schema["definitions"];
    relate_fault_keys(properties["faults"]["items"], definitions["fault"]);
    name_thresholds(properties["thresholds"], definitions["threshold_list"]);
}

}  // namespace portillon::scenario
