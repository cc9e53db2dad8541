#pragma once

// The options of every command that takes a scenario, and the scenario they make.

#include <CLI/App.hpp>
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

// What the user asked for, compressed already.
struct Loaded {
    scenario::Scenario scenario;
    std::string source;      // the file as the user named it; empty without one
    double compression = 1;  // 1: none
    std::string workload_digest;
};

class ScenarioOptions {
public:
    // SCENARIO --set --seed --equipments --rate --duration --compress. Only `optional` lets the file be left out.
    // Whether the user named a scenario, or anything of one.
    bool given() const;

    enum class File : std::uint8_t { required, optional };
    void add_to(CLI::App& app, File file, const std::shared_ptr<Files>& files);

    // --protocol, for commands that run one.
    void add_protocol_to(CLI::App& app);

    // --rate and --duration speak of the one measured stage; a scenario with several needs --set.
    Checked<Loaded> load(std::span<const scenario::KnownProtocol> protocols) const;

private:
    std::string typed_;  // a file or a name
    std::shared_ptr<Files> files_;
    std::vector<std::string> settings_;
    std::optional<std::string> seed_;
    std::optional<std::string> equipments_;
    std::optional<std::string> rate_;
    std::optional<std::string> duration_;
    std::optional<std::string> compression_;
    std::optional<std::string> protocol_;
};

// One line each, on stderr.
void print_problems(const Problems& problems);

}  // namespace portillon::cmd
