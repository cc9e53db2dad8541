#include "report/json_write.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "escape/formats.h"
#include "report/json.h"
#include "report/schema_keys.h"
#include "stats/histogram_codec.h"

namespace portillon::report {

using Ordered = nlohmann::ordered_json;

Ordered us_or_null(std::optional<Nanos> value) {
    return value ? Ordered(static_cast<double>(value->count()) / 1e3) : Ordered(nullptr);
}

// The figure is in ns and is rounded to whole ones.
Ordered us_or_null(std::optional<double> value) {
    return value ? Ordered(std::round(*value) / 1e3) : Ordered(nullptr);
}

Ordered latency_json(const std::optional<Latency>& latency) {
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
        json["answered_max_us"] = us_or_null(histogram.max());  // not part of the histogram's encoding
    }
    json["overflow"] = histogram.overflow();
    json["histogram"] = stats::encode_deflated(histogram);
    return json;
}

namespace {

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

// Writes a figure as the schema has it. An unknown figure is null if the schema allows that, otherwise its key is left
// out.
void put(Ordered& json, const SchemaKeys& keys, std::string_view name, Ordered value) {
    const std::string key(name);
    if (keys.has(key) && (!value.is_null() || keys.must_have(key) || keys.may_be_null(key))) {
        json[key] = std::move(value);
    }
}

template <class Figures, class Owner>
void put_values(Ordered& json, const SchemaKeys& keys, const Figures& figures, const Owner& owner) {
    constexpr double exact = 9007199254740992.0;  // 2^53: up to here a double can hold every whole number
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
        put(json, keys, figure.name, latency_json(latencies.*figure.member));
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

Ordered json_of(const ExecutedCommand& executed) {
    return {{"key", executed.key},
            {"command", executed.command},
            {"at_s", executed.at_s},
            {"took_s", executed.took_s},
            {"exit_status", whole(executed.exit_status)},
            {"ended", executed.ended},
            {"last_line", text(executed.last_line)}};
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
    for (const auto& executed : fault.commands) {
        json["commands"].push_back(json_of(executed));
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
    if (interval.errors) {
        json["errors"] = *interval.errors;
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
    if (!run.verdict.ended_because.empty()) {
        json["verdict"]["ended_because"] = run.verdict.ended_because;
    }
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
    if (!run.equipment_account.empty()) {
        json["equipment_account"] = run.equipment_account;
    }
    if (run.reconciliation) {
        json["reconciliation"] = {{"rows", run.reconciliation->rows},
                                  {"of_other_runs", run.reconciliation->of_other_runs}};
    }
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

}  // namespace

std::string to_json(const Report& report, Layout layout) {
    const auto json = std::visit([](const auto& kind) { return json_of(kind); }, report);
    const bool pretty = layout == Layout::pretty;
    return escape::json(json.dump(pretty ? 2 : -1, ' ', false, Ordered::error_handler_t::replace)) +
           (pretty ? "\n" : "");
}

}  // namespace portillon::report
