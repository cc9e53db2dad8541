#include "scenario_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "protocols.h"
#include "scenario/compress.h"
#include "scenario/parse.h"
#include "scenario/resolved.h"
#include "scenario/trace.h"
#include "scenario_names.h"

namespace portillon::cmd {

namespace {

using scenario::Override;

constexpr std::size_t max_trace_bytes = 1'000'000'000;  // what still goes to a generator's process in one message

// At most `most` bytes and one more, by which a longer file is known.
Checked<std::string> read_file(const std::string& name, std::size_t most) {
    std::ifstream file(name, std::ios::binary);
    std::error_code unknown;
    const auto size = std::filesystem::file_size(name, unknown);  // of a pipe unknown
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

void add_option(const char* name, const std::string& key, const std::optional<std::string>& value,
                std::vector<Override>& overrides) {
    if (value) {
        overrides.push_back({std::string(name) + " " + *value, key, *value});
    }
}

std::optional<double> parse_compression(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= 1 && value <= 1e6 ? std::optional(value) : std::nullopt;
}

// The only stage that is measured.
std::optional<std::size_t> measured_stage(const scenario::Scenario& scenario) {
    std::optional<std::size_t> found;
    for (std::size_t at = 0; at < scenario.traffic.stages.size(); ++at) {
        if (scenario.traffic.stages[at].measure == arrival::Measure::on) {
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
    app.add_option("--set", settings_, "Change a key of the scenario: traffic.stages.0.duration=20s")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    app.add_option("--equipments", equipments_, "How many equipments there are")->type_name("N");
    app.add_option("--rate", rate_, "Validations of each equipment, such as 10/s")->type_name("RATE");
    app.add_option("--duration", duration_, "How long is measured, such as 30s")->type_name("DURATION");
    app.add_option("--seed", seed_, "Makes other schedules, identities and payloads")->type_name("N");
    app.add_option("--compress", compression_, "Divide the durations of stages, steps and faults by N")->type_name("N");
}

bool ScenarioOptions::given() const {
    return !typed_.empty() || !settings_.empty() || equipments_ || rate_ || duration_ || seed_ || protocol_ ||
           compression_;
}

void ScenarioOptions::add_protocol_to(CLI::App& app) {
    app.add_option("--protocol", protocol_, "Instead of the scenario's own: " + names_of_protocols())
        ->type_name("NAME");
}

Checked<Loaded> ScenarioOptions::load(std::span<const scenario::KnownProtocol> protocols) const {
    Problems problems;
    std::vector<Override> overrides;
    for (const auto& setting : settings_) {
        add_setting(setting, overrides, problems);
    }
    add_option("--seed", "seed", seed_, overrides);
    add_option("--equipments", "fleet.equipments", equipments_, overrides);
    add_option("--protocol", "protocol", protocol_, overrides);
    const auto compression = parse_compression(compression_.value_or("1"));
    if (!compression) {
        problems.push_back({"--compress " + *compression_, 0, "", "must be a number (allowed: 1 to 1000000)"});
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
    const auto make = [&] {
        return file.empty() ? scenario::from_options(overrides, protocols)
                            : scenario::parse(text, file, overrides, protocols);
    };
    auto made = make();
    if (made && (rate_ || duration_)) {
        const auto stage = measured_stage(*made);
        if (!stage) {
            problems.push_back(
                {rate_ ? "--rate" : "--duration", 0, "",
                 "which of the measured stages? (allowed: --set traffic.stages.INDEX.rate=... and .duration=...)"});
        } else {
            const auto key = "traffic.stages." + std::to_string(*stage);
            add_option("--rate", key + ".rate", rate_, overrides);
            add_option("--duration", key + ".duration", duration_, overrides);
            made = make();
        }
    }
    if (!made) {
        problems.insert(problems.end(), made.problems().begin(), made.problems().end());
    }
    if (!problems.empty()) {
        return problems;
    }
    if (made->traffic.arrival.kind == arrival::Kind::trace) {
        problems = files_->also_reads("traffic.arrival.file", scenario::trace_path(*made, file));
        if (problems.empty()) {
            problems = read_trace(*made, file);
        }
        if (!problems.empty()) {
            return problems;
        }
    }
    Loaded loaded{std::move(*made), file, *compression, ""};
    scenario::compress(loaded.scenario, loaded.compression);
    loaded.workload_digest = scenario::workload_digest(loaded.scenario, loaded.compression);
    return loaded;
}

void print_problems(const Problems& problems) {
    for (const auto& problem : problems) {
        standard_error().write(format_problem(problem) + "\n");
    }
}

}  // namespace portillon::cmd
