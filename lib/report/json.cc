#include "report/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "escape/formats.h"
#include "gate/threshold.h"
#include "report/figures.h"
#include "report/identities.h"
#include "report/schema.h"
#include "report/schema_keys.h"
#include "stats/histogram_codec.h"

namespace portillon::report {

namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

// ---------------------------------------------------------------------------------------------------- writing

Ordered us_or_null(std::optional<Nanos> value) {
    return value ? Ordered(static_cast<double>(value->count()) / 1e3) : Ordered(nullptr);
}

// Of a figure in ns, rounded to whole ones.
Ordered us_or_null(std::optional<double> value) {
    return value ? Ordered(std::round(*value) / 1e3) : Ordered(nullptr);
}

Ordered number(std::optional<double> value) {
    return value && std::isfinite(*value) ? Ordered(*value) : Ordered(nullptr);
}

template <class Integer>
Ordered whole(std::optional<Integer> value) {
    return value ? Ordered(*value) : Ordered(nullptr);
}

Ordered text(const std::string& value) {
    return value.empty() ? Ordered(nullptr) : Ordered(value);
}

Ordered json_of(const std::optional<Latency>& latency) {
    if (!latency) {
        return nullptr;
    }
    const auto& histogram = latency->histogram;
    Ordered json;
    json["count"] = histogram.count();
    json["unanswered"] = latency->unanswered;
    json["min_us"] = us_or_null(latency->min());
    json["mean_us"] = us_or_null(latency->mean());
    json["stdev_us"] = us_or_null(latency->stdev());
    for (const auto& named : account::percentiles) {
        json[std::string(named.key)] = us_or_null(latency->percentile(named.percent));
    }
    json["max_us"] = us_or_null(latency->max());
    if (!latency->max() && !histogram.empty()) {
        json["answered_max_us"] = us_or_null(histogram.max());  // the histogram's encoding does not carry it
    }
    json["overflow"] = histogram.overflow();
    json["histogram"] = stats::encode_deflated(histogram);
    return json;
}

Ordered json_of(const Scenario& scenario) {
    Ordered json;
    json["name"] = scenario.name;
    json["workload_digest"] = scenario.workload_digest;
    if (!scenario.resolved.empty()) {
        const auto resolved = Ordered::parse(scenario.resolved, nullptr, false);
        check(resolved.is_object(), "the resolved scenario is not a JSON object");
        json["resolved"] = resolved;
    }
    return json;
}

Ordered json_of(const Context& context) {
    return {{"version", context.version},   {"commit", context.commit},
            {"compiler", context.compiler}, {"build_type", context.build_type},
            {"kernel", context.kernel},     {"cpu_model", context.cpu_model},
            {"cores", context.cores},       {"libraries", Ordered(context.libraries)},
            {"shards", context.shards},     {"started_at", context.started_at}};
}

// A figure as the schema has it: where it is not known, null where the schema allows it, else no key at all.
void put(Ordered& json, const SchemaKeys& keys, std::string_view name, Ordered value) {
    const std::string key(name);
    if (keys.has(key) && (!value.is_null() || keys.must_have(key) || keys.may_be_null(key))) {
        json[key] = std::move(value);
    }
}

template <class Figures, class Owner>
void put_values(Ordered& json, const SchemaKeys& keys, const Figures& figures, const Owner& owner) {
    constexpr double exact = 9007199254740992.0;  // up to here every whole number is a double
    for (const auto& figure : figures) {
        const std::optional<double>& value = owner.*figure.member;
        const bool is_whole = value && account::is_whole(figure.amount) && *value >= 0 && *value <= exact;
        put(json, keys, figure.name, is_whole ? Ordered(static_cast<Count>(*value)) : number(value));
    }
}

void put_counts(Ordered& json, const SchemaKeys& keys, account::Section section, const account::KnownCounts& counts) {
    for (const auto* figure : counts_of(section)) {
        put(json, keys, figure->name, whole(counts.*figure->known_count));
    }
}

Ordered counts_json(const SchemaKeys& keys, account::Section section, const account::KnownCounts& counts) {
    auto json = Ordered::object();
    put_counts(json, keys, section, counts);
    return json;
}

Ordered latencies_json(const SchemaKeys& keys, const Latencies& latencies) {
    auto json = Ordered::object();
    for (const auto& figure : account::latency_figures) {
        put(json, keys, figure.name, json_of(latencies.*figure.member));
    }
    return keys.arranged(json);
}

Ordered json_of(const Delivery& delivery) {
    auto exceptions = Ordered::array();
    for (const auto& entry : delivery.exceptions) {
        exceptions.push_back({{"equipment", entry.equipment},
                              {"first", entry.first},
                              {"last", entry.last},
                              {"state", name_of(entry.state)}});
    }
    return {{"exceptions", exceptions}, {"exceptions_omitted", delivery.exceptions_omitted}};
}

Ordered json_of(const std::optional<Resources>& resources) {
    if (!resources) {
        return nullptr;
    }
    const auto keys = SchemaKeys::of("resources");
    auto json = Ordered::object();
    put_values(json, keys, account::resource_figures, *resources);
    return keys.arranged(json);
}

Ordered json_of(const Throughput& throughput) {
    auto json = Ordered::object();
    put_values(json, SchemaKeys::of("throughput"), account::throughput_figures, throughput);
    return json;
}

Ordered json_of(const Fault& fault) {
    auto which = Ordered::array();
    for (const auto& range : fault.which) {
        which.push_back({range.first, range.last});
    }
    Ordered json = {{"number", fault.number},
                    {"kind", fault.kind},
                    {"what", fault.what},
                    {"at_s", fault.at_s},
                    {"to_s", fault.to_s},
                    {"equipments", whole(fault.equipments)},
                    {"equipments_digest", text(fault.equipments_digest)},
                    {"which", which},
                    {"connections", whole(fault.connections)},
                    {"dials_refused", whole(fault.dials_refused)},
                    {"dials_hung", whole(fault.dials_hung)},
                    {"injected", fault.injected ? Ordered{{fault.injected->what, fault.injected->count}} : Ordered()},
                    {"back_to_normal_s", number(fault.back_to_normal_s)},
                    {"back_to_normal_reason", text(fault.back_to_normal_reason)},
                    {"normal_p95_us", number(fault.normal_p95_us)},
                    {"usual_p95_us", number(fault.usual_p95_us)},
                    {"cached_max", fault.cached_max}};
    if (!fault.happened) {
        json["happened"] = false;
    }
    return json;
}

Ordered json_of(const Phase& phase) {
    const auto keys = SchemaKeys::of("phase");
    Ordered json = {{"kind", phase.kind},
                    {"name", phase.name},
                    {"from_s", phase.from_s},
                    {"to_s", phase.to_s},
                    {"measured", phase.measured},
                    {"throughput", json_of(phase.throughput)},
                    {"latency", latencies_json(keys.at("latency"), phase.latency)}};
    for (const auto& figure : account::count_figures) {
        const auto& count = phase.counts.*figure.known_count;
        if (count || (keys.has(figure.name) && keys.must_have(figure.name))) {
            put(json, keys, figure.name, whole(count));
        }
    }
    if (phase.fault) {
        json["fault"] = *phase.fault;
        json["part"] = phase.part;
    }
    return keys.arranged(json);
}

Ordered json_of(const Interval& interval) {
    Ordered json = {{"at_s", interval.at_s},
                    {"due", interval.due},
                    {"acknowledged", interval.acknowledged},
                    {"delivered", whole(interval.delivered)},
                    {"connected", interval.connected},
                    {"in_flight", interval.in_flight},
                    {"cached", interval.cached},
                    {"response_histogram", text(interval.response_histogram)}};
    if (interval.response_max) {
        json["response_min_us"] = us_or_null(interval.response_min);
        json["response_max_us"] = us_or_null(interval.response_max);
    }
    if (interval.width_s) {
        json["width_s"] = *interval.width_s;
    }
    return json;
}

Ordered json_of(const JudgedThreshold& threshold) {
    Ordered json = {{"metric", threshold.metric},
                    {"expression", threshold.expression},
                    {"observed", number(threshold.observed)},
                    {"passed", threshold.passed},
                    {"reason", text(threshold.reason)}};
    if (threshold.origin == gate::Origin::by_default) {
        json["default"] = true;
    }
    if (threshold.skipped) {
        json["skipped"] = true;
    }
    return json;
}

Ordered json_of(const Turn& turn);

template <class Item>
Ordered list_of(const std::vector<Item>& items) {
    auto list = Ordered::array();
    for (const auto& item : items) {
        list.push_back(json_of(item));
    }
    return list;
}

void write(Ordered& json, const RunReport& run) {
    json["protocol"] = run.protocol;
    json["variant"] = text(run.variant);
    json["target"] = run.target;
    json["seed"] = run.seed;
    json["run"] = text(run.run);
    json["command"] = run.command;
    json["scenario"] = json_of(run.scenario);
    json["context"] = json_of(run.context);
    json["verdict"] = {{"measurement", name_of(run.verdict.measurement)},
                       {"reasons", run.verdict.reasons},
                       {"complete", run.verdict.complete},
                       {"aborted_by", text(run.verdict.aborted_by)}};
    const auto keys = SchemaKeys::of("run");
    json["tally"] = counts_json(keys.at("tally"), account::Section::tally, run.counts);
    json["ledger"] =
        run.has_ledger() ? counts_json(keys.at("ledger"), account::Section::ledger, run.counts) : Ordered();
    auto delivery = json_of(run.delivery);
    put_counts(delivery, keys.at("delivery"), account::Section::delivery, run.counts);
    json["delivery"] = keys.at("delivery").arranged(delivery);
    json["latency"] = latencies_json(keys.at("latency"), run.latency);
    json["throughput"] = json_of(run.throughput);
    json["phases"] = list_of(run.phases);
    if (!run.faults.empty()) {
        json["faults"] = list_of(run.faults);
    }
    auto fleet = counts_json(keys.at("fleet"), account::Section::fleet, run.counts);
    fleet["connect_failures"] = run.fleet.connect_failures;
    put_values(fleet, keys.at("fleet"), account::fleet_figures, run.fleet);
    json["fleet"] = keys.at("fleet").arranged(fleet);
    json["resources"] = {{"generator", json_of(run.resources.generator)},
                         {"server", json_of(run.resources.server)},
                         {"note", text(run.resources.note)}};
    Ordered wire{{"encoding", run.wire.encoding}};
    put_values(wire, keys.at("wire"), account::wire_figures, run.wire);
    json["wire"] = keys.at("wire").arranged(wire);
    json["errors"] = Ordered(run.errors);
    json["server_said"] = Ordered(run.server_said);
    json["interval_s"] = run.interval_s;
    json["intervals"] = list_of(run.intervals);
    json["thresholds"] = list_of(run.thresholds);
}

Ordered json_of(const RunReport& run) {
    Ordered json{{"schema", schema_version}, {"kind", "run"}};
    write(json, run);
    return json;
}

Ordered json_of(const Turn& turn) {
    Ordered json{{"schema", schema_version}, {"kind", "run"}, {"repeat", turn.repeat}, {"order", turn.order}};
    json["name"] = text(turn.name);
    json["superseded"] = turn.superseded;
    write(json, turn.run);
    return json;
}

Ordered json_of(const Comparison& comparison) {
    Ordered json{{"schema", schema_version}, {"kind", "comparison"}};
    json["scenario"] = json_of(comparison.scenario);
    json["command"] = comparison.command;
    json["repeats"] = comparison.repeats == 0 ? Ordered(nullptr) : Ordered(comparison.repeats);
    json["runs"] = list_of(comparison.runs);
    return json;
}

// ---------------------------------------------------------------------------------------------------- reading

Nanos highest_equivalent(Nanos value) {
    return stats::Histogram::lowest_at(stats::Histogram::index_of(std::max(value, Nanos{0})) + 1) - Nanos{1};
}

// Takes a report apart that matches the schema; what the schema cannot see is collected as problems.
class Reader {
public:
    Report report(const Json& json) {
        if (json["kind"] == "run") {
            return run(json, "");
        }
        Comparison comparison{.scenario = scenario(json["scenario"]),
                              .command = command(json),
                              .runs = {},
                              .repeats = maybe<unsigned>(json, "repeats").value_or(0)};
        for (std::size_t i = 0; i < json["runs"].size(); ++i) {
            const auto& entry = json["runs"][i];
            comparison.runs.push_back({.repeat = entry["repeat"].get<unsigned>(),
                                       .order = entry["order"].get<unsigned>(),
                                       .run = run(entry, fmt::format("runs.{}.", i)),
                                       .name = text(entry, "name"),
                                       .superseded = entry.value("superseded", false)});
        }
        return comparison;
    }

    Problems problems;

private:
    static std::string text(const Json& json, const char* key) {
        const auto found = json.find(key);
        return found == json.end() || found->is_null() ? std::string{} : found->get<std::string>();
    }
    static Count count(const Json& json, const char* key) { return json[key].get<Count>(); }

    template <class Value>
    static std::optional<Value> maybe(const Json& json, const char* key) {
        const auto found = json.find(key);  // older reports lack some keys
        return found == json.end() || found->is_null() ? std::nullopt : std::optional(found->template get<Value>());
    }

    static std::vector<std::string> command(const Json& json) {
        return json.contains("command") ? json["command"].get<std::vector<std::string>>() : std::vector<std::string>{};
    }

    static Scenario scenario(const Json& json) {
        const auto resolved = json.find("resolved");
        return {.name = json["name"],
                .workload_digest = json["workload_digest"],
                .resolved = resolved == json.end() || resolved->is_null() ? "" : resolved->dump()};
    }

    static Context context(const Json& json) {
        return {.version = json["version"],
                .commit = json["commit"],
                .compiler = json["compiler"],
                .build_type = json["build_type"],
                .kernel = json["kernel"],
                .cpu_model = json["cpu_model"],
                .cores = json["cores"].get<unsigned>(),
                .libraries = json["libraries"].get<std::map<std::string, std::string>>(),
                .shards = json["shards"].get<unsigned>(),
                .started_at = json["started_at"]};
    }

    static Verdict verdict(const Json& json) {
        const std::string name = json["measurement"];
        return {.measurement = name == "valid"     ? Measurement::valid
                               : name == "suspect" ? Measurement::suspect
                                                   : Measurement::invalid,
                .reasons = json["reasons"].get<std::vector<std::string>>(),
                .complete = json["complete"].get<bool>(),
                .aborted_by = text(json, "aborted_by")};
    }

    // What is there of a section; nothing where the whole section is null.
    static void counts(const Json& json, account::Section section, account::KnownCounts& into) {
        for (const auto& figure : account::count_figures) {
            if (figure.section == section) {
                into.*figure.known_count =
                    json.is_null() ? std::nullopt : maybe<Count>(json, std::string(figure.name).c_str());
            }
        }
    }

    template <class Figures, class Owner>
    static void values(const Json& json, const Figures& figures, Owner& into) {
        for (const auto& figure : figures) {
            into.*figure.member = maybe<double>(json, std::string(figure.name).c_str());
        }
    }

    Latencies latencies(const Json& json, const std::string& key) {
        Latencies latencies;
        for (const auto& figure : account::latency_figures) {
            const std::string name(figure.name);
            if (json.contains(name)) {
                latencies.*figure.member = latency(json[name], key + "." + name);
            }
        }
        return latencies;
    }

    static State state(const std::string& name) {
        for (const auto candidate :
             {State::lost, State::undelivered, State::unconfirmed, State::duplicated, State::reordered}) {
            if (name == name_of(candidate)) {
                return candidate;
            }
        }
        return State::unexpected;
    }

    static Delivery delivery(const Json& json) {
        Delivery delivery{.exceptions = {}, .exceptions_omitted = count(json, "exceptions_omitted")};
        for (const auto& entry : json["exceptions"]) {
            delivery.exceptions.push_back({.equipment = entry["equipment"].get<std::uint32_t>(),
                                           .first = count(entry, "first"),
                                           .last = count(entry, "last"),
                                           .state = state(entry["state"])});
        }
        return delivery;
    }

    void problem(std::string key, std::string message) {
        problems.push_back({.source = {}, .key = std::move(key), .message = std::move(message)});
    }

    // Of a figure in us.
    static Nanos nanos(const Json& json) {
        const double ns = json.is_null() ? 0 : json.get<double>() * 1e3;
        return Nanos{std::llround(std::clamp(ns, -9e18, 9e18))};
    }

    std::optional<Latency> latency(const Json& json, const std::string& key) {
        if (json.is_null()) {
            return std::nullopt;
        }
        auto decoded = stats::decode_deflated(json["histogram"].get_ref<const std::string&>());
        if (!decoded) {
            problem(key + ".histogram", decoded.problems().front().message + ": the report was altered or damaged");
            return std::nullopt;
        }
        Latency latency{.histogram = std::move(*decoded), .unanswered = count(json, "unanswered")};
        const auto max = json["max_us"].is_null() ? json.value("answered_max_us", Json()) : json["max_us"];
        if (!latency.histogram.restore(count(json, "overflow"), nanos(json["min_us"]), nanos(max))) {
            problem(key, "min_us, max_us and overflow contradict the histogram: the report was altered");
            return std::nullopt;
        }
        compare(json, Json(json_of(std::optional(latency))), earlier_figures(latency), key);
        return latency;
    }

    // As reports up to 0.2 had them: percentiles at the edges of buckets, though those lie beyond the maximum; maximum,
    // mean and stdev of the values that came, though others never did.
    static Json earlier_figures(const Latency& latency) {
        const auto& histogram = latency.histogram;
        Json json{{"max_us", us_or_null(histogram.max())}};
        for (const auto& named : account::percentiles) {
            const auto value = latency.percentile(named.percent);
            json[std::string(named.key)] = value && *value <= stats::Histogram::highest_trackable
                                               ? us_or_null(highest_equivalent(*value))
                                               : us_or_null(std::optional<Nanos>());
        }
        double total = 0;
        double square = 0;
        double count = 0;
        const auto add_up = [&](auto add) {
            for (const auto& bucket : histogram.buckets()) {
                const auto width = (bucket.highest - bucket.lowest).count() + 1;
                add(static_cast<double>(bucket.lowest.count() + width / 2), static_cast<double>(bucket.count));
            }
        };
        add_up([&](double middle, double values) {
            total += middle * values;
            count += values;
        });
        add_up([&](double middle, double values) {
            square += (middle - total / count) * (middle - total / count) * values;
        });
        json["mean_us"] = us_or_null(count > 0 ? std::optional(total / count) : std::nullopt);
        json["stdev_us"] = us_or_null(count > 0 ? std::optional(std::sqrt(square / count)) : std::nullopt);
        return json;
    }

    static bool equal(const Json& written, const Json& derived) {
        constexpr double rounding_us = 0.0011;
        return written.is_number() && derived.is_number() ? std::abs(written.get<double>() - derived.get<double>()) <=
                                                                rounding_us + 1e-12 * std::abs(derived.get<double>())
                                                          : written == derived;
    }

    // Every figure that is written must follow from the histogram.
    void compare(const Json& written, const Json& derived, const Json& earlier, const std::string& key) {
        for (const auto& [name, figure] : derived.items()) {
            const auto& found = written.contains(name) ? written[name] : Json();
            const bool optional = name == "answered_max_us" && found.is_null();
            const bool same = name == "histogram" || optional || equal(found, figure) ||
                              (earlier.contains(name) && equal(found, earlier[name]));
            if (!same) {
                problem(key + "." + name, fmt::format("is {} where the histogram says {}: the report was altered",
                                                      found.dump(), figure.dump()));
            }
        }
    }

    static std::optional<Resources> resources(const Json& json) {
        if (json.is_null()) {
            return std::nullopt;
        }
        Resources resources;
        values(json, account::resource_figures, resources);
        return resources;
    }

    Interval interval(const Json& json, const std::string& key) {
        Interval interval{.at_s = json["at_s"].get<double>(),
                          .due = count(json, "due"),
                          .acknowledged = count(json, "acknowledged"),
                          .delivered = maybe<Count>(json, "delivered"),
                          .connected = count(json, "connected"),
                          .in_flight = count(json, "in_flight"),
                          .cached = count(json, "cached"),
                          .response_histogram = text(json, "response_histogram"),
                          .width_s = maybe<double>(json, "width_s")};
        if (!interval.response_histogram.empty()) {
            auto histogram = stats::decode_deflated(interval.response_histogram);
            if (!histogram) {
                problem(key + ".response_histogram", histogram.problems().front().message);
            } else if (json.contains("response_min_us") && json.contains("response_max_us")) {
                interval.response_min = nanos(json["response_min_us"]);
                interval.response_max = nanos(json["response_max_us"]);
                if (!histogram->restore(0, *interval.response_min, *interval.response_max)) {
                    problem(key,
                            "response_min_us and response_max_us contradict the histogram: the report was altered");
                }
            }
        }
        return interval;
    }

    static Throughput throughput(const Json& json) {
        Throughput throughput;
        values(json, account::throughput_figures, throughput);
        return throughput;
    }

    Phase phase(const Json& json, const std::string& key) {
        Phase phase;
        phase.kind = json["kind"];
        phase.name = json["name"];
        phase.from_s = json["from_s"].get<double>();
        phase.to_s = json["to_s"].get<double>();
        phase.measured = json["measured"].get<bool>();
        for (const auto& figure : account::count_figures) {
            phase.counts.*figure.known_count = maybe<Count>(json, std::string(figure.name).c_str());
        }
        phase.fault = maybe<unsigned>(json, "fault");
        phase.part = text(json, "part");
        phase.throughput = throughput(json["throughput"]);
        phase.latency = latencies(json["latency"], key + ".latency");
        return phase;
    }

    static Fault fault(const Json& json) {
        Fault fault{.number = json["number"].get<unsigned>(),
                    .kind = json["kind"],
                    .what = json["what"],
                    .at_s = json["at_s"].get<double>(),
                    .to_s = json["to_s"].get<double>(),
                    .happened = json.value("happened", true),
                    .equipments = maybe<Count>(json, "equipments"),
                    .equipments_digest = text(json, "equipments_digest"),
                    .connections = maybe<Count>(json, "connections"),
                    .dials_refused = maybe<Count>(json, "dials_refused"),
                    .dials_hung = maybe<Count>(json, "dials_hung"),
                    .back_to_normal_s = maybe<double>(json, "back_to_normal_s"),
                    .back_to_normal_reason = text(json, "back_to_normal_reason"),
                    .normal_p95_us = maybe<double>(json, "normal_p95_us"),
                    .usual_p95_us = maybe<double>(json, "usual_p95_us"),
                    .cached_max = count(json, "cached_max")};
        for (const auto& range : json["which"]) {
            fault.which.push_back({range[0].get<std::uint32_t>(), range[1].get<std::uint32_t>()});
        }
        if (json.contains("injected") && json["injected"].is_object() && !json["injected"].empty()) {
            const auto first = json["injected"].begin();
            fault.injected = Injected{first.key(), first.value().get<Count>()};
        }
        return fault;
    }

    // What no run can leave, whatever its verdict.
    void contradictions(const RunReport& run, const std::string& prefix) {
        const auto altered = [&](const std::string& key, const std::string& message) {
            problem(prefix + key, message + ": the report was altered");
        };
        const auto& verdict = run.verdict;
        if ((verdict.measurement == Measurement::valid) != verdict.reasons.empty()) {
            altered("verdict.reasons", verdict.reasons.empty() ? fmt::format("none, though the measurement is {}",
                                                                             name_of(verdict.measurement))
                                                               : "there are some, though the measurement is valid");
        }
        if (!verdict.aborted_by.empty() && verdict.complete) {
            altered("verdict.complete", "is true, though a threshold ended the run");
        }
        const auto& fleet = run.counts;
        if (fleet.never_connected &&
            *fleet.never_connected + *fleet.connects - *fleet.reconnects != *fleet.equipments) {
            altered("fleet.never_connected",
                    fmt::format("is {}, though {} of {} equipments had a session", *fleet.never_connected,
                                *fleet.connects - *fleet.reconnects, *fleet.equipments));
        }
        if (*run.counts.connected_max > *run.counts.equipments) {
            altered("fleet.connected_max",
                    fmt::format("{} of {} equipments", *run.counts.connected_max, *run.counts.equipments));
        }
        const auto& delivery = run.delivery;
        if (!run.has_ledger() && (run.counts.lost || run.counts.undelivered || run.counts.unconfirmed)) {
            altered("delivery", "says what arrived, though there is no ledger that could");
        }
        if (!run.latency.response && run.counts.lost) {
            altered("delivery.lost", "is known, though nothing is acknowledged");
        }
        for (std::size_t i = 0; i < delivery.exceptions.size(); ++i) {
            const auto& entry = delivery.exceptions[i];
            if (entry.first > entry.last) {
                altered(fmt::format("delivery.exceptions.{}", i), fmt::format("{} to {}", entry.first, entry.last));
            }
        }
        for (std::size_t i = 0; i < run.thresholds.size(); ++i) {
            const auto& threshold = run.thresholds[i];
            auto parsed = gate::parse_threshold(threshold.metric, threshold.expression);
            if (!parsed) {
                continue;
            }
            parsed->origin = threshold.origin;
            const auto judged = judge(run, {*parsed}).front();
            if (threshold.skipped && !judged.skipped) {
                altered(fmt::format("thresholds.{}.skipped", i),
                        "is true, though there is a figure, or nobody may "
                        "skip it");
            } else if (threshold.passed && !judged.passed) {
                altered(fmt::format("thresholds.{}.passed", i),
                        "is true, though the figures say that it does not hold");
            }
        }
    }

    RunReport run(const Json& json, const std::string& prefix) {
        RunReport run;
        run.protocol = json["protocol"];
        run.variant = text(json, "variant");
        run.target = json["target"];
        run.seed = json["seed"].get<std::uint64_t>();
        run.run = text(json, "run");
        run.command = command(json);
        run.scenario = scenario(json["scenario"]);
        run.context = context(json["context"]);
        run.verdict = verdict(json["verdict"]);
        for (const auto section : account::sections) {
            counts(json[std::string(account::name_of(section))], section, run.counts);
        }
        run.delivery = delivery(json["delivery"]);
        run.latency = latencies(json["latency"], prefix + "latency");
        run.throughput = throughput(json["throughput"]);
        // Reports from before there were phases have none.
        for (std::size_t i = 0; json.contains("phases") && i < json["phases"].size(); ++i) {
            run.phases.push_back(phase(json["phases"][i], fmt::format("{}phases.{}", prefix, i)));
        }
        for (std::size_t i = 0; json.contains("faults") && i < json["faults"].size(); ++i) {
            run.faults.push_back(fault(json["faults"][i]));
        }
        const auto& fleet = json["fleet"];
        run.fleet.connect_failures = fleet["connect_failures"].get<std::map<std::string, Count>>();
        values(fleet, account::fleet_figures, run.fleet);
        run.resources = {.generator = resources(json["resources"]["generator"]),
                         .server = resources(json["resources"]["server"]),
                         .note = text(json["resources"], "note")};
        values(json["wire"], account::wire_figures, run.wire);
        run.wire.encoding = json["wire"]["encoding"];
        run.errors = json["errors"].get<std::map<std::string, Count>>();
        run.server_said = json.value("server_said", std::map<std::string, std::string>{});
        run.interval_s = json.value("interval_s", 1.0);
        for (std::size_t i = 0; i < json["intervals"].size(); ++i) {
            run.intervals.push_back(interval(json["intervals"][i], fmt::format("{}intervals.{}", prefix, i)));
        }
        for (const auto& threshold : json["thresholds"]) {
            run.thresholds.push_back(
                {.metric = threshold["metric"],
                 .expression = threshold["expression"],
                 .observed = maybe<double>(threshold, "observed"),
                 .passed = threshold["passed"].get<bool>(),
                 .reason = text(threshold, "reason"),
                 .origin = threshold.value("default", false) ? gate::Origin::by_default : gate::Origin::written,
                 .skipped = threshold.value("skipped", false)});
        }
        contradictions(run, prefix);
        // The verdict names every identity that did not hold when the report was made.
        const auto& reasons = run.verdict.reasons;
        if (std::none_of(reasons.begin(), reasons.end(),
                         [](const auto& reason) { return reason.starts_with("the books do not balance"); })) {
            for (auto& found : check_identities(run)) {
                problem(prefix + found.key,
                        found.message + ", of which the verdict says nothing: the report was altered");
            }
        }
        return run;
    }
};

// Deeper than any report; keeps recursion over a hostile document bounded.
constexpr int deepest = 64;

int line_at(std::string_view text, std::size_t byte) {
    return 1 + static_cast<int>(std::count(
                   text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size())), '\n'));
}

Checked<Json> parsed(std::string_view text, const std::string& source) {
    const auto failed = [&source](int line, std::string message) {
        return Problems{{.source = source, .line = line, .key = {}, .message = std::move(message)}};
    };
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return failed(0, "the file is empty (allowed: a JSON report written by portillon run or compare)");
    }
    if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
        return failed(line_at(text, nul), "holds a byte 0, which ends the text for some readers: not JSON");
    }
    // Thrown, because there is no other way to stop: a file of nothing but brackets is read for seconds.
    struct TooDeep {};
    const auto watch_depth = [](int depth, Json::parse_event_t, Json&) {
        if (depth > deepest) {
            throw TooDeep{};
        }
        return true;
    };
    try {
        return Json::parse(text, watch_depth);
    } catch (const TooDeep&) {
        return failed(0, fmt::format("nested deeper than {} levels: not a report", deepest));
    } catch (const Json::parse_error& error) {
        const bool cut = error.byte > text.size();  // it wanted more
        return failed(line_at(text, error.byte),
                      cut ? "the report ends too early: it was cut short; copy the whole file again"
                          : "not JSON (allowed: a report written by portillon run or compare)");
    } catch (const Json::exception&) {
        return failed(0, "holds a number that is out of range: not a report of portillon");
    }
}

// Whether this program may read it at all.
std::optional<std::string> refusal(const Json& json) {
    if (!json.is_object() || !json.contains("schema") || !json.contains("kind")) {
        return "JSON, but no report of portillon (it has no \"schema\" and \"kind\")";
    }
    const auto& schema = json["schema"];
    if (schema.is_number_integer() && schema.get<std::int64_t>() > schema_version) {
        return fmt::format(
            "a report of schema {}, made by a newer portillon (this one reads schema {}): read it with that version",
            schema.dump(), schema_version);
    }
    if (schema != schema_version) {
        return fmt::format("the schema {} is unknown (allowed: {})",
                           schema.dump(-1, ' ', true, Json::error_handler_t::replace), schema_version);
    }
    if (json["kind"] != "run" && json["kind"] != "comparison") {
        return "its kind is unknown (allowed: \"run\", \"comparison\")";
    }
    return std::nullopt;
}

}  // namespace

std::string to_json(const Report& report, Layout layout) {
    const auto json = std::visit([](const auto& kind) { return json_of(kind); }, report);
    const bool pretty = layout == Layout::pretty;
    return escape::json(json.dump(pretty ? 2 : -1, ' ', false, Ordered::error_handler_t::replace)) +
           (pretty ? "\n" : "");
}

Checked<Report> parse_report(std::string_view text, const std::string& source) {
    const auto json = parsed(text, source);
    if (!json) {
        return json.problems();
    }
    if (auto message = refusal(*json)) {
        return Problems{{.source = source, .key = {}, .message = std::move(*message)}};
    }
    auto problems = check_schema(*json);
    std::optional<Report> report;
    if (problems.empty()) {
        Reader reader;
        report = reader.report(*json);
        problems = std::move(reader.problems);
    }
    for (auto& problem : problems) {
        problem.source = source;
    }
    return problems.empty() ? Checked<Report>(std::move(*report)) : Checked<Report>(std::move(problems));
}

}  // namespace portillon::report
