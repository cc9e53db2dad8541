#pragma once

// The options of every command that runs something: where to, from how many processes, and how sure the user is.

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "commands.h"
#include "report/model.h"
#include "run/order.h"
#include "scenario_options.h"

namespace portillon::cmd {

class RunOptions {
public:
    // --shards --source-address --strict --yes --quiet; with a target: --target --ledger
    enum class Target : std::uint8_t { embedded_only, any };
    void add_to(CLI::App& app, Target target);

    // The order for one protocol; `command` is what was typed.
    Checked<run::Order> order(const Loaded& loaded, const std::string& protocol,
                              std::vector<std::string> command) const;

    bool strict() const { return strict_; }
    bool quiet() const { return quiet_; }

    // Look before you load: says what will be sent where, and for a target that is not this machine wants a yes.
    // False: the user does not want to, or cannot be asked.
    bool confirm(const Loaded& loaded, const std::string& protocols) const;

private:
    std::optional<std::string> target_, ledger_;
    unsigned shards_ = 0;
    std::vector<std::string> source_addresses_;
    bool strict_ = false;
    bool yes_ = false;
    bool quiet_ = false;
};

// What was typed, for the report.
std::vector<std::string> command_line();

// One run's part in the exit code, the first that applies. A run in which nobody ever connected has failed.
Exit exit_of(const report::RunReport& run, bool strict);

}  // namespace portillon::cmd
