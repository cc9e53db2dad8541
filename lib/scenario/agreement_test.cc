// The published schema and the program accept and refuse the same scenarios.

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>

#include "gate/metric.h"
#include "scenario/parse.h"
#include "scenario/schema.h"
#include "scenario/shipped_protocols.h"

namespace portillon::scenario {
namespace {

using nlohmann::json;

// A rule that no JSON Schema can express: the words of its problem, and why.
struct Rule {
    const char* said;
    const char* why;
};
const Rule beyond_schemas[] = {
    {"validations of .* bytes are more than a message may hold", "a product of two values"},
    {"smaller than one validation", "one value against another"},
    {"shorter than base", "one value against another"},
    {"ends before it begins", "one value against another"},
    {"begins at .*, and the fleet has", "one value against another"},
    {"the last equipment would start after more than a year", "a product of two values"},
    {"longer than a year in all", "a sum over a list"},
    {"validations per equipment \\(allowed: fewer than", "a sum over a list"},
    {"is what stage .* is called", "names that are unique in a list of mappings"},
    {"there is no stage", "a name that stands elsewhere"},
    {"cannot be held", "a sum of several units, parts of a nanosecond or byte in units that are no powers of ten"},
    {"is too (long|short)", "a sum of several units"},
    {"is not a bound for", "limits of a number within a longer text"},
    {"abortOnFail: ", "whether an expression can be broken before the end"},
};

bool is_beyond_schemas(const Problem& problem) {
    return std::any_of(std::begin(beyond_schemas), std::end(beyond_schemas),
                       [&](const Rule& rule) { return std::regex_search(problem.message, std::regex(rule.said)); });
}

class Agreement : public ::testing::Test {
protected:
    // Expects that schema and program agree about `value`.
    void expect_agreement(const json& value, const std::string& what) {
        const bool by_schema = conforms(schema_, value);
        const auto scenario = parse(value.dump(), "mutant", {}, protocols_);
        if (scenario) {
            ++accepted_;
            EXPECT_TRUE(by_schema) << what << "\n" << value.dump();
            return;
        }
        const auto& problems = scenario.problems();
        for (const auto& problem : problems) {
            EXPECT_NE(problem.message, unexplained) << what << ": the program has no words\n" << value.dump();
        }
        ++refused_;
        if (by_schema) {
            EXPECT_TRUE(std::all_of(problems.begin(), problems.end(), is_beyond_schemas))
                << what << ": the schema says yes\n  " << format_problem(problems.front()) << "\n"
                << value.dump();
        }
    }

    void expect_refused(json value, const std::string& pointer, const json& mutant) {
        value[json::json_pointer(pointer)] = mutant;
        const auto what = pointer + " = " + mutant.dump();
        EXPECT_FALSE(conforms(schema_, value)) << what;
        const auto scenario = parse(value.dump(), "mutant", {}, protocols_);
        EXPECT_FALSE(scenario) << what;
    }

    void expect_accepted(json value, const std::string& pointer, const json& mutant) {
        value[json::json_pointer(pointer)] = mutant;
        const auto what = pointer + " = " + mutant.dump();
        EXPECT_TRUE(conforms(schema_, value)) << what;
        const auto scenario = parse(value.dump(), "mutant", {}, protocols_);
        EXPECT_TRUE(scenario) << what << ": " << (scenario ? "" : format_problem(scenario.problems().front()));
    }

    const std::vector<KnownProtocol> protocols_ = shipped_protocols();
    const json schema_ = schema_json(protocols_);
    std::size_t accepted_ = 0, refused_ = 0;
};

// A scenario with every key and every kind of fault.
json rich() {
    json value = json::parse(R"({
      "name": "rich", "description": "every key", "seed": 7, "protocol": "mqtt",
      "fleet": {"equipments": 50, "start": {"rate": "100/s", "within": "10s"}},
      "traffic": {"arrival": {"kind": "burst", "size": 4},
        "stages": [{"name": "calm", "duration": "10s", "rate": "2/s", "shape": "ramp", "measure": false},
                   {"name": "rush", "duration": "1m30s", "rate": 5}],
        "payload": {"bytes": "128B", "encoding": "json"}},
      "delivery": {"batch": {"max": 4, "linger": "10ms"}, "in_flight": 4, "order": "strict", "timeout": "2s",
        "connect_timeout": "3s", "cache": "1MB", "overflow": "newest", "pace": "20/s",
        "retry": {"base": "50ms", "max": "5s", "jitter": "none", "budget": "20%"},
        "breaker": {"failures": 3, "open": "5s"}, "drain": "10s"},
      "protocols": {"mqtt": {"version": 5, "qos": 2, "keepalive": "60s", "session_expiry": "10m"},
        "http2": {"path": "/v1/x", "keepalive": "5m"}, "grpc": {"authority": "gate.example:443"}},
      "thresholds": {"response": ["p(95)<50ms", {"threshold": "max<1s", "abortOnFail": true, "delayAbortEval": "5s"}],
        "lost": ["count==0"], "response{stage:rush}": ["avg<=20ms"], "server.rss_bytes": ["value<2GB"],
        "acknowledged_per_s": ["value>1"]},
      "faults": []})");
    for (auto at = 0U; at < faults::kinds.size(); ++at) {
        const auto kind = static_cast<FaultKind>(at);
        json fault{{"kind", name_of(kind)}, {"at", "1s"}};
        const auto& keys = faults::about(kind);
        const std::map<std::string, json> values{{"for", "2s"},
                                                 {"delay", "50ms"},
                                                 {"count", 3},
                                                 {"one_in", 4},
                                                 {"retry_after", "1s"},
                                                 {"jitter", "5ms"},
                                                 {"rate", kind == FaultKind::limit ? "500/s" : "10kB/s"},
                                                 {"every", "1s"},
                                                 {"up", "1s"},
                                                 {"down", "500ms"},
                                                 {"direction", "up"},
                                                 {"run", "sh -c 'echo a'"},
                                                 {"until", "true"},
                                                 {"limit", "3s"},
                                                 {"share", "20%"},
                                                 {"equipments", {1, 20}}};
        for (const auto key : faults::keys) {
            if (keys.takes(key)) {
                fault[std::string(key)] = values.at(std::string(key));
            }
        }
        value["faults"].push_back(std::move(fault));
    }
    return value;
}

TEST_F(Agreement, OnTheRichestScenario) {
    const auto scenario = parse(rich().dump(), "rich", {}, protocols_);
    ASSERT_TRUE(scenario) << format_problem(scenario.problems().front());
    EXPECT_TRUE(conforms(schema_, rich()));
}

TEST_F(Agreement, OnWhatStrangersFound) {
    const auto rich = [] {  // without faults, which would make the test slow
        auto value = portillon::scenario::rich();
        value["faults"] = json::array();
        return value;
    };
    for (const auto& bytes : {json(63), json("63"), json("63B"), json("0.063kB"), json(65537), json("65.537kB"),
                              json("65KiB"), json("64.5B"), json("-64")}) {
        expect_refused(rich(), "/traffic/payload/bytes", bytes);
    }
    for (const auto& bytes : {json(64), json("64"), json("0.0625KiB"), json(65536), json("64KiB"), json("65.536kB")}) {
        expect_accepted(rich(), "/traffic/payload/bytes", bytes);
    }
    for (const char* pointer : {"/traffic/stages/0/duration", "/delivery/timeout", "/delivery/connect_timeout",
                                "/fleet/start/within", "/delivery/retry/base", "/delivery/breaker/open"}) {
        for (const auto& duration : {json("0s"), json(0), json("0"), json("0h0m"), json(5), json("5"), json("-1s"),
                                     json("366d"), json("8761h"), json("1.5ns"), json("1S")}) {
            expect_refused(rich(), pointer, duration);
        }
    }
    for (const char* metric : {"respons", "response{stage:}", "connect{stage:rush}", "p95", ""}) {
        auto value = rich();
        value["thresholds"][metric] = {"count==0"};
        expect_refused(value, "/seed", 7);
    }
    for (const char* expression : {"p(101)<50ms", "p(100.1)<50ms", "p(-1)<50ms", "p()<1ms", "count==0", "p(95)",
                                   "p(95)<50mz", "p(95)<", "p(1e1)<5", "p95<50ms", "p(95)=<50ms"}) {
        expect_refused(rich(), "/thresholds/response/0", expression);
    }
    for (const char* expression : {"p(100)<50ms", "p(100.0) < 1.5s", " p( 99.9 )<=50", "med!=1m30s", "max===1e3"}) {
        expect_accepted(rich(), "/thresholds/response/0", expression);
    }
    for (const auto& keepalive :
         {json("500ms"), json("65536s"), json("18h12m16s"), json("19h"), json("1.5s"), json(60)}) {
        expect_refused(rich(), "/protocols/mqtt/keepalive", keepalive);
    }
    for (const auto& keepalive :
         {json("0s"), json(0), json("65535s"), json("18h12m15s"), json("1h30m"), json("1092m")}) {
        expect_accepted(rich(), "/protocols/mqtt/keepalive", keepalive);
    }
    expect_refused(rich(), "/protocols/http2/keepalive", "500ms");
    expect_refused(rich(), "/delivery/pace", "2000000/s");
    expect_refused(rich(), "/fleet/start/rate", "0.0/s");
    auto whole = rich();
    whole["fleet"]["equipments"] = 50.0;  // an integer for JSON Schema, but not for valijson
    EXPECT_TRUE(parse(whole.dump(), "whole", {}, protocols_));
}

// Values to try at a node of the schema: those at its limits, and some that are wrong everywhere.
std::vector<json> candidates(const json& schema, const json& root) {
    std::vector<json> all{json(),
                          json(0),
                          json(1),
                          json(-1),
                          json(1.5),
                          json(true),
                          json(false),
                          json(""),
                          json("x"),
                          json("0"),
                          json("0s"),
                          json("1s"),
                          json("500ms"),
                          json("1h1ms"),
                          json("366d"),
                          json("1ns"),
                          json("0.5ns"),
                          json("63B"),
                          json("64B"),
                          json("64KiB"),
                          json("65537"),
                          json("0/s"),
                          json("1/s"),
                          json("6/m"),
                          json("1000001/s"),
                          json("10kB/s"),
                          json("0kB/s"),
                          json("100%"),
                          json("0%"),
                          json("101%"),
                          json::array(),
                          json::object(),
                          json({1, 2}),
                          json({2, 1}),
                          json("p(95)<50ms"),
                          json("p(101)<50ms"),
                          json("count==0"),
                          json("rate<0.01"),
                          json("value<1GB"),
                          json("value<1s"),
                          json("closed"),
                          json("trace"),
                          json("123"),
                          json("a{b}")};
    if (!schema.is_object()) {
        return all;
    }
    for (const char* key : {"minimum", "maximum"}) {
        if (schema.contains(key)) {
            const auto limit = schema[key].get<std::int64_t>();
            for (const auto value : {limit - 1, limit, limit + 1}) {
                all.emplace_back(value);
                all.emplace_back(std::to_string(value));
            }
        }
    }
    for (const char* key : {"minLength", "maxLength"}) {
        if (schema.contains(key)) {
            const auto length = schema[key].get<std::size_t>();
            for (const auto size : {length - std::min<std::size_t>(length, 1), length, length + 1}) {
                all.emplace_back(std::string(size, 'a'));
            }
        }
    }
    for (const char* key : {"enum", "examples"}) {
        for (const auto& value : schema.value(key, json::array())) {
            all.push_back(value);
        }
    }
    if (schema.contains("$ref")) {
        const auto more = candidates(root.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), root);
        all.insert(all.end(), more.begin(), more.end());
    }
    for (const char* key : {"anyOf", "allOf"}) {
        for (const auto& each : schema.value(key, json::array())) {
            if (each.contains("$ref") || each.contains("minimum") || each.contains("enum")) {
                const auto more = candidates(each, root);
                all.insert(all.end(), more.begin(), more.end());
            }
        }
    }
    return all;
}

struct Place {
    json::json_pointer pointer;
    json schema;  // null: unknown
};

// Collects every place in `value` with its schema, and places for keys that it could have.
void collect(const json& schema, const json& value, const json::json_pointer& at, const json& root,
             std::vector<Place>& places) {
    json node = schema;
    if (node.is_object() && node.contains("$ref")) {
        node = root.at(json::json_pointer(node["$ref"].get<std::string>().substr(1)));
    }
    places.push_back({at, schema});
    if (node.is_object() && node.contains("anyOf") && value.is_object()) {
        node = node["anyOf"][0];
    }
    if (value.is_object()) {
        json properties = node.is_object() ? node.value("properties", json::object()) : json::object();
        for (const auto& rule : node.is_object() ? node.value("allOf", json::array()) : json::array()) {
            if (rule.contains("then") && rule["then"].contains("properties")) {  // the keys of a kind of fault
                properties.insert(rule["then"]["properties"].begin(), rule["then"]["properties"].end());
            }
        }
        for (const auto& [key, child] : value.items()) {
            const json fallback = node.is_object() && node.value("additionalProperties", json()).is_object()
                                      ? node["additionalProperties"]
                                      : json();
            collect(properties.value(key, fallback), child, at / key, root, places);
        }
        for (const auto& [key, ignored] : properties.items()) {
            if (!value.contains(key)) {
                places.push_back({at / key, properties[key]});
            }
        }
    } else if (value.is_array()) {
        for (std::size_t index = 0; index < value.size(); ++index) {
            collect(node.is_object() ? node.value("items", json()) : json(), value[index], at / index, root, places);
        }
    }
}

TEST_F(Agreement, OnMutants) {
    const char* given = std::getenv("PORTILLON_SEED");
    const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    const char* count = std::getenv("PORTILLON_MUTANTS");
    const auto mutants = count != nullptr ? std::strtoull(count, nullptr, 10) : 200;
    std::printf("PORTILLON_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    const auto below = [&random](std::size_t most) {
        return std::uniform_int_distribution<std::size_t>(0, most - 1)(random);
    };
    for (std::size_t at = 0; at < mutants && !HasFailure(); ++at) {
        auto origin = rich();
        while (origin["faults"].size() > 2) {
            origin["faults"].erase(below(origin["faults"].size()));
        }
        std::vector<Place> places;
        collect(schema_, origin, json::json_pointer(), schema_, places);
        auto mutant = origin;
        std::string what;
        for (auto changes = 1 + below(4) / 3; changes > 0; --changes) {
            const auto& place = places[1 + below(places.size() - 1)];
            const auto parent = place.pointer.parent_pointer();
            if (!mutant.contains(parent) || !(mutant[parent].is_object() || mutant.contains(place.pointer))) {
                continue;
            }
            if (below(8) == 0 && mutant[parent].is_object() && mutant.contains(place.pointer)) {
                mutant[parent].erase(place.pointer.back());
                what += place.pointer.to_string() + " taken away; ";
                continue;
            }
            const auto pool = candidates(place.schema, schema_);
            const auto& value = pool[below(pool.size())];
            mutant[place.pointer] = value;
            what += place.pointer.to_string() + " = " + value.dump() + "; ";
        }
        expect_agreement(mutant, what);
    }
    EXPECT_GT(accepted_, mutants / 50) << "mutants that say nothing";
    EXPECT_GT(refused_, mutants / 5);
}

// Tries each metric with each aggregate, also by the names of k6. (k6's rate of iterations is another metric than their
// count; the schema does not know that this one cannot end a run.)
TEST_F(Agreement, OnEveryThreshold) {
    auto metrics = gate::metrics();
    for (const auto& alias : gate::aliases) {
        metrics.push_back(*gate::find_metric(alias.name));
        metrics.back().name = alias.name;
    }
    for (const auto& metric : metrics) {
        json value{{"fleet", {{"equipments", 1}}},
                   {"traffic", {{"stages", {{{"name", "rush"}, {"duration", "1s"}, {"rate", 1}}}}}},
                   {"thresholds", json::object()}};
        for (const char* expression : {"p(95)<50ms", "count==0", "rate<0.01", "value<2GB"}) {
            value["thresholds"][metric.name] = {expression};
            expect_agreement(value, metric.name + ": " + expression);
            value["thresholds"] = json::object();
            value["thresholds"][metric.name + "{stage:rush}"] = {expression};
            expect_agreement(value, metric.name + "{stage:rush}: " + expression);
            value["thresholds"] = json::object();
            value["thresholds"][metric.name] = {{{"threshold", expression}, {"abortOnFail", true}}};
            if (metric.name != "iterations") {
                expect_agreement(value, metric.name + ": " + expression + ", abortOnFail");
            }
            value["thresholds"] = json::object();
        }
    }
}

}  // namespace
}  // namespace portillon::scenario
