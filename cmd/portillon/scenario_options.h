#pragma once

// The options of every command that takes a scenario, and the scenario that results from them.

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/problem.h"
#include "files.h"
#include "scenario/document.h"
#include "scenario/scenario.h"

namespace portillon::cmd {

// The scenario that the user asked for, already compressed.
struct Loaded {
    scenario::Scenario scenario;
    std::string source;      // the file as the user named it; empty without one
    double compression = 1;  // 1: none
    std::string workload_digest;
    std::string instead_of = {};  // the scenario's protocol, if another one is run because of the target
    Problems warnings;            // about settings without effect; every command shows them alike
};

class ScenarioOptions {
public:
    // Whether the user named a scenario, or any of its options.
    bool given() const;

    enum class File : std::uint8_t { required, optional };
    // Adds SCENARIO --set --seed --equipments --rate --duration --compress. Only `optional` allows the file to be left
    // out.
    void add_to(CLI::App& app, File file, const std::shared_ptr<Files>& files);

    // Adds --protocol, for commands that run one.
    void add_protocol_to(CLI::App& app);

    // Adds --threshold, for commands that judge what they run.
    void add_thresholds_to(CLI::App& app);

    // --rate and --duration change the only measured stage; a scenario with several needs --set. Of options for the
    // same key the one typed last wins. --threshold replaces the scenario's thresholds.
    // `protocol_for` is given the scenario's protocol, unless an option names one, and returns the one that is run.
    // `more` is applied after what was typed.
    using ProtocolFor = std::function<std::string(const std::string& of_scenario)>;
    Checked<Loaded> load(std::span<const scenario::KnownProtocol> protocols, const ProtocolFor& protocol_for = {},
                         std::span<const scenario::Override> more = {}) const;

    // The problems of settings for protocols that are not among those `run`.
    // by_command: the command chooses the protocol, and the scenario's key `protocol` has no effect.
    enum class Choice : std::uint8_t { by_scenario, by_command };
    Problems idle_settings(const std::vector<std::string>& run, Choice choice) const;

private:
    struct Typed {
        std::string option;  // "--rate"
        std::string value;
    };

    // `short_name`: "-n,", or empty.
    void add_choice(CLI::App& app, const std::string& short_name, const std::string& name,
                    const std::string& description, const char* type);
    std::optional<std::string> last(std::string_view option) const;
    bool names_protocol() const;
    void replace_thresholds(scenario::Scenario& scenario, Problems& problems) const;
    std::vector<scenario::Override> overrides(std::optional<std::size_t> measured_stage, Problems& problems) const;

    std::string typed_;  // a file or a name
    std::shared_ptr<Files> files_;
    std::vector<Typed> choices_;  // every other option, in the order of the command line
    bool runs_one_ = false;       // the scenario's protocol is the one that is run
    std::vector<std::string> thresholds_;
};

// One line each, on stderr.
void print_problems(const Problems& problems);
void print_warnings(const Problems& warnings);

}  // namespace portillon::cmd
