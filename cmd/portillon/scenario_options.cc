#include "scenario_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "gate/threshold.h"
#include "print.h"
#include "protocols.h"
#include "scenario/compress.h"
#include "scenario/parse.h"
#include "scenario/resolved.h"
#include "scenario/trace.h"
#include "scenario/warnings.h"
#include "scenario_names.h"

namespace portillon::cmd {

namespace {

using scenario::Override;

constexpr std::size_t max_trace_bytes = 1'000'000'000;  // the limit of a message to a generator's process

// Reads at most `most` bytes and one more, which tells that the file is longer.
Checked<std::string> read_file(const std::string& name, std::size_t most) {
    std::ifstream file(name, std::ios::binary);
    std::error_code unknown;
    const auto size = std::filesystem::file_size(name, unknown);  // unknown for a pipe
    std::string text(unknown ? most + 1 : std::min<std::size_t>(most, size) + 1, '\0');
    if (!file.is_open() || (file.read(text.data(), static_cast<std::streamsize>(text.size())), file.bad())) {
        return Problems{{name, 0, "", "cannot be read: " + why_unreadable(name)}};
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.empty() && !std::ifstream(name).seekg(0, std::ios::end)) {
        return Problems{{name, 0, "", "cannot be read: " + why_unreadable(name)}};
    }
    return text;
}

Problems read_trace(scenario::Scenario& scenario, const std::string& scenario_file) {
    const auto path = scenario::trace_path(scenario, scenario_file);
    const auto text = read_file(path, max_trace_bytes);
    if (!text) {
        auto problems = text.problems();
        problems.front().message += " (it is the traffic.arrival.file of the scenario)";
        return problems;
    }
    if (text->size() > max_trace_bytes) {
        return Problems{{path, 0, "", fmt::format("too large (allowed: {})", humanize(Bytes{max_trace_bytes}))}};
    }
    return scenario::attach_trace(scenario, *text, path);
}

void add_setting(const std::string& setting, std::vector<Override>& overrides, Problems& problems) {
    const auto equals = setting.find('=');
    const auto option = "--set " + setting;
    if (equals == std::string::npos) {
        problems.push_back({option, 0, "", "no value (allowed: KEY=VALUE, such as traffic.stages.0.duration=20s)"});
        return;
    }
    overrides.push_back({option, setting.substr(0, equals), setting.substr(equals + 1)});
}

// The key for which a short option stands; nothing for options that stand for none.
std::optional<std::string> key_of(std::string_view option, std::optional<std::size_t> measured_stage) {
    const auto of_stage = [&](const char* key) {
        return measured_stage ? std::optional(fmt::format("traffic.stages.{}.{}", *measured_stage, key)) : std::nullopt;
    };
    return option == "--seed"         ? std::optional<std::string>("seed")
           : option == "--equipments" ? std::optional<std::string>("fleet.equipments")
           : option == "--protocol"   ? std::optional<std::string>("protocol")
           : option == "--rate"       ? of_stage("rate")
           : option == "--duration"   ? of_stage("duration")
                                      : std::nullopt;
}

std::optional<double> parse_compression(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= 1 && value <= 1e6 ? std::optional(value) : std::nullopt;
}

// The only measured stage; nothing if there are several.
std::optional<std::size_t> measured_stage(const scenario::Scenario& scenario) {
    std::optional<std::size_t> found;
    for (std::size_t at = 0; at < scenario.lot().traffic.stages.size(); ++at) {
        if (scenario.lot().traffic.stages[at].measure == arrival::Measure::on) {
            if (found) {
                return std::nullopt;
            }
            found = at;
        }
    }
    return found;
}

}  // namespace

void ScenarioOptions::add_to(CLI::App& app, File file, const std::shared_ptr<Files>& files) {
    files_ = files;
    auto* scenario = files->input("SCENARIO", typed_,
                                  "Scenario file (YAML), or the name of one that came with portillon", scenario_file);
    if (file == File::required) {
        scenario->required();
    }
    add_choice(app, "-s,", "--set", "Change a key of the scenario: traffic.stages.0.duration=20s", "KEY=VALUE");
    add_choice(app, "-n,", "--equipments", "Number of equipments", "N");
    add_choice(app, "-r,", "--rate", "Validations of each equipment, such as 10/s", "RATE");
    add_choice(app, "-d,", "--duration", "Duration of the measured stage, such as 30s", "DURATION");
    add_choice(app, "", "--seed", "Seed of schedules, identities and payloads", "N");
    add_choice(app, "", "--compress", "Divide the durations of stages, steps and faults by N", "N");
}

void ScenarioOptions::add_choice(CLI::App& app, const std::string& short_name, const std::string& name,
                                 const std::string& description, const char* type) {
    app.add_option_function<std::string>(
           short_name + name,
           [this, name](const std::string& value) {
               choices_.push_back({name, value});
           },
           description)
        ->type_name(type)
        ->allow_extra_args(false)
        ->trigger_on_parse();  // each as it is typed, because the order counts
}

bool ScenarioOptions::given() const {
    return !typed_.empty() || !choices_.empty();
}

void ScenarioOptions::add_protocol_to(CLI::App& app) {
    runs_one_ = true;
    add_choice(app, "-p,", "--protocol", "Protocol, instead of the scenario's own: " + names_of_protocols(), "NAME");
}

void ScenarioOptions::add_thresholds_to(CLI::App& app) {
    app.add_option(
           "--threshold", thresholds_,
           "What must hold, such as 'response: p(95)<50ms'; repeatable; replaces the scenario's thresholds, the "
           "default ones included")
        ->type_name("'METRIC: EXPRESSION'")
        ->allow_extra_args(false);
}

std::optional<std::string> ScenarioOptions::last(std::string_view option) const {
    const auto found = std::find_if(choices_.rbegin(), choices_.rend(),
                                    [option](const Typed& choice) { return choice.option == option; });
    return found == choices_.rend() ? std::nullopt : std::optional(found->value);
}

std::vector<Override> ScenarioOptions::overrides(std::optional<std::size_t> measured_stage, Problems& problems) const {
    std::vector<Override> overrides;
    for (const auto& [option, value] : choices_) {
        if (option == "--set") {
            add_setting(value, overrides, problems);
        } else if (const auto key = key_of(option, measured_stage)) {
            overrides.push_back({option + " " + value, *key, value});
        }
    }
    return overrides;
}

Problems ScenarioOptions::idle_settings(const std::vector<std::string>& run, Choice choice) const {
    Problems idle;
    Problems malformed;
    for (const auto& override : overrides(std::nullopt, malformed)) {
        constexpr std::string_view options_of = "protocols.";
        const auto& key = override.key;
        const auto name = key.starts_with(options_of)
                              ? key.substr(options_of.size(), key.find('.', options_of.size()) - options_of.size())
                              : "";
        if (!name.empty() && std::find(run.begin(), run.end(), name) == run.end()) {
            idle.push_back({override.option, 0, "", fmt::format("has no effect: {} is not run here", name)});
        }
        if (key == "protocol" && choice == Choice::by_command) {
            idle.push_back({override.option, 0, "", "has no effect: --protocols chooses what is compared"});
        }
    }
    return idle;
}

bool ScenarioOptions::names_protocol() const {
    Problems malformed;
    const auto all = overrides(std::nullopt, malformed);
    return std::any_of(all.begin(), all.end(), [](const Override& each) { return each.key == "protocol"; });
}

void ScenarioOptions::replace_thresholds(scenario::Scenario& scenario, Problems& problems) const {
    const auto stages = scenario::stage_names(scenario.lot().traffic);
    scenario.thresholds.clear();
    for (const auto& text : thresholds_) {
        const auto threshold = gate::parse_cli_threshold(text);
        if (!threshold) {
            problems.insert(problems.end(), threshold.problems().begin(), threshold.problems().end());
        } else if (!threshold->stage.empty() && !gate::place_of_stage(stages, threshold->stage)) {
            problems.push_back({"--threshold", 0, text, gate::unknown_stage(stages, threshold->stage)});
        } else {
            scenario.thresholds.push_back({.metric = threshold->metric_text(), .expression = threshold->expression});
        }
    }
}

Checked<Loaded> ScenarioOptions::load(std::span<const scenario::KnownProtocol> protocols,
                                      const ProtocolFor& protocol_for, std::span<const scenario::Override> more) const {
    Problems problems;
    const auto compression = parse_compression(last("--compress").value_or("1"));
    if (!compression) {
        problems.push_back({"--compress " + *last("--compress"), 0, "", "must be a number (allowed: 1 to 1000000)"});
    }

    const auto file = scenario_file(typed_);
    std::string text;
    if (!file.empty()) {
        auto read = read_file(file, scenario::max_text_bytes);
        if (!read) {
            problems.insert(problems.end(), read.problems().begin(), read.problems().end());
            return problems;
        }
        text = std::move(*read);
    }
    const auto make = [&](const std::vector<Override>& overrides) {
        return file.empty() ? scenario::from_options(overrides, protocols)
                            : scenario::parse(text, file, overrides, protocols);
    };
    const auto all_of = [&](std::optional<std::size_t> stage, Problems& found) {
        auto all = overrides(stage, found);
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    auto made = make(all_of(std::nullopt, problems));
    const char* of_stage = last("--rate") ? "--rate" : last("--duration") ? "--duration" : nullptr;
    if (made && of_stage != nullptr) {
        const auto kind = made->lot().traffic.arrival.kind;
        const auto stage = measured_stage(*made);
        if (last("--rate") && (kind == arrival::Kind::trace || kind == arrival::Kind::closed)) {
            problems.push_back(
                {"--rate", 0, "",
                 fmt::format("has no meaning for arrivals of kind {} (allowed: periodic, poisson, burst)",
                             scenario::name_of(kind))});
        } else if (!stage) {
            problems.push_back(
                {of_stage, 0, "",
                 "which of the measured stages? (allowed: --set traffic.stages.INDEX.rate=... and .duration=...)"});
        } else {
            Problems known;
            made = make(all_of(stage, known));
        }
    }
    if (!made) {
        problems.insert(problems.end(), made.problems().begin(), made.problems().end());
    } else if (!thresholds_.empty()) {
        replace_thresholds(*made, problems);
    }
    if (!problems.empty()) {
        return problems;
    }
    if (made->lot().traffic.arrival.kind == arrival::Kind::trace) {
        problems = files_->also_reads("traffic.arrival.file", scenario::trace_path(*made, file));
        if (problems.empty()) {
            problems = read_trace(*made, file);
        }
        if (!problems.empty()) {
            return problems;
        }
    }
    Loaded loaded{.scenario = std::move(*made),
                  .source = file,
                  .compression = *compression,
                  .workload_digest = "",
                  .warnings = {}};
    if (auto& protocol = loaded.scenario.lot().protocol; protocol_for && !names_protocol()) {
        if (const auto chosen = protocol_for(protocol); chosen != protocol) {
            loaded.instead_of = std::exchange(protocol, chosen);
        }
    }
    scenario::compress(loaded.scenario, loaded.compression);
    loaded.workload_digest = scenario::workload_digest(loaded.scenario, loaded.compression);
    loaded.warnings = scenario::warnings_of(loaded.scenario);
    if (runs_one_) {
        const auto idle = idle_settings({loaded.scenario.lot().protocol}, Choice::by_scenario);
        loaded.warnings.insert(loaded.warnings.begin(), idle.begin(), idle.end());
    }
    return loaded;
}

void print_warnings(const Problems& warnings) {
    for (const auto& warning : warnings) {
        standard_error().write("warning: " + format_problem(warning) + "\n");
    }
}

void print_problems(const Problems& problems) {
    for (const auto& problem : problems) {
        show(standard_error(), format_problem(problem) + "\n");
    }
}

}  // namespace portillon::cmd
