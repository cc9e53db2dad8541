#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "gate/threshold.h"
#include "report/json.h"
#include "report/json_audit.h"
#include "report/schema.h"
#include "stats/histogram_codec.h"

namespace portillon::report {

namespace {

using Json = nlohmann::json;

// Reads a report that matches the schema, and collects problems that the schema cannot see.
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
                .aborted_by = text(json, "aborted_by"),
                .ended_because = text(json, "ended_because")};
    }

    // Reads the counts of a section; they stay unknown if the whole section is null.
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

    void add(Problems found) { std::move(found.begin(), found.end(), std::back_inserter(problems)); }

    // Converts a figure in us.
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
        add(audit_latency(json, latency, key));
        return latency;
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
                          .width_s = maybe<double>(json, "width_s"),
                          .errors = maybe<Count>(json, "errors")};
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

    static std::vector<ExecutedCommand> commands(const Json& fault) {
        std::vector<ExecutedCommand> commands;
        for (const auto& json : fault.value("commands", Json::array())) {
            commands.push_back({.key = json["key"],
                                .command = json["command"],
                                .at_s = json["at_s"].get<double>(),
                                .took_s = json["took_s"].get<double>(),
                                .exit_status = maybe<int>(json, "exit_status"),
                                .ended = json["ended"],
                                .last_line = text(json, "last_line")});
        }
        return commands;
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
                    .commands = commands(json),
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
        // Older reports have no phases.
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
        run.equipment_account = text(json, "equipment_account");
        if (const auto found = json.find("reconciliation"); found != json.end()) {
            run.reconciliation = Reconciliation{count(*found, "rows"), count(*found, "of_other_runs")};
        }
        add(audit_run(run, prefix));
        return run;
    }
};

// Deeper than any report is nested. Bounds the recursion over a hostile document.
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
    // The parser can only be stopped by an exception; a file of nothing but brackets would be read for seconds.
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
        const bool cut = error.byte > text.size();  // the parser expected more text
        return failed(line_at(text, error.byte),
                      cut ? "the report ends too early: it was cut short; copy the whole file again"
                          : "not JSON (allowed: a report written by portillon run or compare)");
    } catch (const Json::exception&) {
        return failed(0, "holds a number that is out of range: not a report of portillon");
    }
}

// Why this program cannot read the document at all; nothing if it can.
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
