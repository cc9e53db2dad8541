#pragma once

// The rows that a comparison will have: protocols, servers and variants of the scenario.

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <vector>

#include "axes.h"
#include "base/problem.h"
#include "base/units.h"
#include "run/order.h"
#include "run_options.h"
#include "scenario_options.h"

namespace portillon::cmd {

// One future row.
struct Entry {
    run::Order order;
    std::string target;  // its name; empty if there is one target
    std::string label;   // "cand mqtt qos=0"
};

struct Entries {
    std::vector<Entry> rows;  // not empty
    Problems warnings;        // of the scenarios, and axes that some protocols do not have
};

// The options that decide about the rows.
// `names`: -p stands for --protocol where a command has both.
void add_protocols_option(CLI::App& app, std::vector<std::string>& protocols,
                          const std::string& names = "-p,--protocols");
void add_vary_option(CLI::App& app, std::vector<std::string>& vary);
void add_repeat_option(CLI::App& app, unsigned& repeats);

// Every chosen protocol, to every target that speaks it, in every variant of the scenario. Without protocols: all of
// them on the embedded server; for a target the scenario's protocol, if its URL fits, else the first one that fits.
// Problems: all those of all variants, each once; a protocol that is unknown or that no target speaks; an axis that no
// protocol here has; too many rows. `base` is the scenario that `scenario` loads.
Checked<Entries> entries_for(const ScenarioOptions& scenario, const RunOptions& options, const Loaded& base,
                             const std::vector<Destination>& destinations, const std::vector<std::string>& protocols,
                             std::span<const Axis> axes);

// The planned time of a run: from its first connection to the end of its last stage, without the drain.
Nanos planned_time(const Entry& entry);

// "12 runs (6 rows, 2 repeats), about 8m24s".
std::string extent_of(std::span<const Entry> rows, unsigned repeats);

}  // namespace portillon::cmd
