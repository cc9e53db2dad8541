#include "scenario/resolved.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/decimal.h"
#include "escape/formats.h"
#include "scenario/document.h"

namespace portillon::scenario {

namespace {

using nlohmann::ordered_json;

ordered_json text_of(Rate rate) {
    const auto text = fmt::format("{}/s", rate.per_second);
    // A very small rate prints with an exponent, which the text of a rate cannot have; then it is written as a number.
    return parse_rate(text) == rate ? ordered_json(text) : ordered_json(rate.per_second);
}

ordered_json text_of(Bytes bytes) {
    struct Unit {
        std::uint64_t factor;
        const char* name;
    };
    for (const auto& unit : {Unit{1'000'000'000, "GB"}, Unit{1'000'000, "MB"}}) {
        if (bytes.count >= unit.factor && bytes.count % unit.factor == 0) {
            return fmt::format("{}{}", bytes.count / unit.factor, unit.name);
        }
    }
    return bytes.count;
}

ordered_json text_of(Share share) {
    return plain_decimal(share.of_one, 2) + "%";
}

ordered_json start_json(const plan::Start& start) {
    if (const auto* steps = std::get_if<plan::StartBySteps>(&start)) {
        return {{"step", steps->step}, {"every", format_duration(steps->every)}};
    }
    const auto& rate = std::get<plan::StartByRate>(start);
    return {{"rate", text_of(rate.rate)}, {"within", format_duration(rate.within)}};
}

ordered_json fleet_json(const Fleet& fleet) {
    return {{"equipments", fleet.equipments}, {"start", start_json(fleet.start)}};
}

ordered_json traffic_json(const Traffic& traffic) {
    ordered_json arrival = {{"kind", name_of(traffic.arrival.kind)}};
    if (traffic.arrival.kind == arrival::Kind::burst) {
        arrival["size"] = traffic.arrival.burst_size;
    }
    if (traffic.arrival.kind == arrival::Kind::trace) {
        arrival["file"] = traffic.trace_file;
    }
    auto stages = ordered_json::array();
    for (const auto& stage : traffic.stages) {
        stages.push_back({{"duration", format_duration(stage.duration)},
                          {"rate", text_of(stage.rate)},
                          {"shape", name_of(stage.shape)},
                          {"measure", stage.measure == arrival::Measure::on}});
    }
    return {{"arrival", arrival},
            {"stages", stages},
            {"payload", {{"bytes", text_of(traffic.payload.bytes)}, {"encoding", name_of(traffic.payload.encoding)}}}};
}

ordered_json delivery_json(const plan::Delivery& delivery) {
    // A setting that was added later appears only if it is used, so that digests in older reports stay the same.
    ordered_json retry = {{"base", format_duration(delivery.retry.base)},
                          {"max", format_duration(delivery.retry.max)},
                          {"jitter", name_of(delivery.retry.jitter)}};
    if (delivery.retry.budget) {
        retry["budget"] = text_of(*delivery.retry.budget);
    }
    ordered_json json = {{"batch", {{"max", delivery.batch.max}, {"linger", format_duration(delivery.batch.linger)}}},
                         {"in_flight", delivery.in_flight},
                         {"order", name_of(delivery.order)},
                         {"timeout", format_duration(delivery.timeout)},
                         {"connect_timeout", format_duration(delivery.connect_timeout)},
                         {"cache", text_of(delivery.cache)},
                         {"retry", retry},
                         {"drain", format_duration(delivery.drain)}};
    if (delivery.overflow != plan::Overflow::oldest) {
        json["overflow"] = name_of(delivery.overflow);
    }
    if (delivery.pace) {
        json["pace"] = text_of(*delivery.pace);
    }
    if (delivery.breaker.failures > 0) {
        json["breaker"] = {{"failures", delivery.breaker.failures}, {"open", format_duration(delivery.breaker.open)}};
    }
    return json;
}

void add_rest(ordered_json& json, const Fault& fault) {
    const auto add = [&json](const char* key, Nanos value) {
        if (value > Nanos{0}) {
            json[key] = format_duration(value);
        }
    };
    if (fault.kind == FaultKind::command) {
        json["run"] = fault.run;
        if (!fault.until.empty()) {
            json["until"] = fault.until;
        }
        add("limit", fault.time_limit);
        return;
    }
    if (faults::is_of_server(fault.kind)) {
        if (fault.one_in > 0) {
            json["one_in"] = fault.one_in;
        }
        if (fault.validations_per_s > 0) {
            json["rate"] = fmt::format("{}/s", fault.validations_per_s);
        }
        add("retry_after", fault.retry_after);
        add("every", fault.every);
        return;
    }
    add("jitter", fault.jitter);
    if (fault.rate > Bytes{0}) {
        const auto text = text_of(fault.rate);
        json["rate"] = text.is_string() ? text.get<std::string>() + "/s" : text.dump() + "B/s";
    }
    add("every", fault.every);
    add("up", fault.up);
    add("down", fault.down);
    if (fault.kind == FaultKind::one_way) {
        json["direction"] = name_of(fault.direction);
    }
    json["share"] = plain_decimal(fault.share_percent) + "%";
    if (fault.last > 0) {
        json["equipments"] = {fault.first, fault.last};
    }
}

ordered_json faults_json(const std::vector<Fault>& faults) {
    auto list = ordered_json::array();
    for (const auto& fault : faults) {
        ordered_json json = {{"at", format_duration(fault.at)}};
        if (fault.during > Nanos{0}) {
            json["for"] = format_duration(fault.during);
        }
        json["kind"] = name_of(fault.kind);
        if (fault.delay > Nanos{0}) {
            json["delay"] = format_duration(fault.delay);
        }
        if (fault.count > 0) {
            json["count"] = fault.count;
        }
        add_rest(json, fault);
        list.push_back(std::move(json));
    }
    return list;
}

// Adds the stages' names, which are not part of the digest.
ordered_json named(ordered_json traffic_json, const Traffic& traffic) {
    for (std::size_t at = 0; at < traffic.stages.size(); ++at) {
        if (!traffic.stages[at].name.empty()) {
            ordered_json stage = {{"name", traffic.stages[at].name}};
            stage.update(traffic_json["stages"][at]);
            traffic_json["stages"][at] = std::move(stage);
        }
    }
    return traffic_json;
}

ordered_json threshold_json(const Threshold& threshold) {
    if (threshold.breach == Threshold::Breach::judged_at_end) {
        return threshold.expression;
    }
    ordered_json json = {{"threshold", threshold.expression}, {"abortOnFail", true}};
    if (threshold.abort_not_before > Nanos{0}) {
        json["delayAbortEval"] = format_duration(threshold.abort_not_before);
    }
    return json;
}

// An empty list for each default threshold that is not among `thresholds`.
ordered_json switched_off(const std::vector<Threshold>& thresholds) {
    auto off = ordered_json::object();
    for (const auto& by_default : gate::default_thresholds()) {
        const auto is_it = [&](const Threshold& each) { return each.metric == by_default.metric.name; };
        if (std::none_of(thresholds.begin(), thresholds.end(), is_it)) {
            off[by_default.metric.name] = ordered_json::array();
        }
    }
    return off;
}

bool holds_containers(const ordered_json& json) {
    for (const auto& value : json) {
        if (value.is_object() || value.is_array()) {
            return true;
        }
    }
    return false;
}

// Whether YAML could take the text for anything but a text: a number, a word such as "yes", or syntax.
bool needs_quotes(const std::string& text) {
    const auto is_safe = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
               c == '-' || c == '.';
    };
    // These letters occur in no number, not even in a hexadecimal one.
    const bool has_letter = text.find_first_of("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ/_") != std::string::npos;
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool is_word = lower == "true" || lower == "false" || lower == "null" || lower == "yes" || lower == "no" ||
                         lower == "on" || lower == "off" || lower == "y" || lower == "n";
    const bool begins_well = !text.empty() && text.front() != '-' && text.front() != '.';
    return !begins_well || !has_letter || is_word || !std::all_of(text.begin(), text.end(), is_safe);
}

// A scalar in YAML: bare if that is safe, otherwise quoted as in JSON, which YAML understands, escapes included.
std::string scalar(const ordered_json& json) {
    return json.is_string() && !needs_quotes(json.get<std::string>()) ? json.get<std::string>()
                                                                      : escape::terminal(json.dump(), max_text_bytes);
}

// The value on one line, in YAML's flow style: { a: 1, b: [2, 3] }.
std::string flow(const ordered_json& json) {
    if (!json.is_object() && !json.is_array()) {
        return scalar(json);
    }
    std::string text;
    for (const auto& [key, value] : json.items()) {
        text += text.empty() ? "" : ", ";
        text += json.is_object() ? scalar(key) + ": " + flow(value) : flow(value);
    }
    if (json.is_array()) {
        return "[" + text + "]";
    }
    return text.empty() ? "{}" : "{ " + text + " }";
}

void block(const ordered_json& json, const std::string& indent, std::string& out) {
    for (const auto& [key, value] : json.items()) {
        out += indent + scalar(key) + ":";
        if (value.is_array() && holds_containers(value)) {
            out += "\n";
            for (const auto& item : value) {
                out += indent + "  - " + flow(item) + "\n";
            }
        } else if (value.is_object() && (holds_containers(value) || indent.empty()) && !value.empty()) {
            out += "\n";
            block(value, indent + "  ", out);
        } else {
            out += " " + flow(value) + "\n";
        }
    }
}

}  // namespace

ordered_json resolved_json(const Scenario& scenario) {
    ordered_json json = {{"name", scenario.name}};
    if (!scenario.description.empty()) {
        json["description"] = scenario.description;
    }
    json["seed"] = scenario.seed;
    json["protocol"] = scenario.lot().protocol;
    json["fleet"] = fleet_json(scenario.lot().fleet);
    json["traffic"] = named(traffic_json(scenario.lot().traffic), scenario.lot().traffic);
    json["delivery"] = delivery_json(scenario.lot().delivery);
    json["protocols"] = ordered_json::object();
    for (const auto& [name, options] : scenario.protocols) {
        json["protocols"][name] = options;
    }
    json["faults"] = faults_json(scenario.faults);
    // Default thresholds are not written: parse() adds them again, and they remain the default ones. Those that were
    // switched off are written as empty lists.
    const bool by_default = std::any_of(scenario.thresholds.begin(), scenario.thresholds.end(),
                                        [](const auto& each) { return each.origin == gate::Origin::by_default; });
    if (!by_default) {
        json["thresholds"] = ordered_json::object();
        for (const auto& threshold : scenario.thresholds) {
            json["thresholds"][threshold.metric].push_back(threshold_json(threshold));
        }
    } else if (const auto off = switched_off(scenario.thresholds); !off.empty()) {
        json["thresholds"] = off;
    }
    return json;
}

std::string serialize(const Scenario& scenario) {
    return resolved_json(scenario).dump();
}

std::string to_yaml(const Scenario& scenario) {
    std::string text;
    block(resolved_json(scenario), "", text);
    return text;
}

std::string workload_digest(const Scenario& scenario, double compression) {
    nlohmann::json workload = {{"fleet", fleet_json(scenario.lot().fleet)},
                               {"traffic", traffic_json(scenario.lot().traffic)},
                               {"delivery", delivery_json(scenario.lot().delivery)},
                               {"faults", faults_json(scenario.faults)},
                               {"seed", scenario.seed},
                               {"compression", compression}};
    if (const auto& trace = scenario.lot().traffic.arrival.trace) {
        // The digest depends on the content of the trace, not on the file's name.
        workload["traffic"]["arrival"]["file"] = trace->fingerprint();
    }
    const auto text = workload.dump();
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    std::string digits;
    for (std::size_t at = 0; at < 8; ++at) {
        digits += fmt::format("{:02x}", hash[at]);
    }
    return digits;
}

}  // namespace portillon::scenario
