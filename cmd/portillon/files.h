#pragma once

// The files that a command reads and writes. Every option that names one is declared here, so that none is left out
// when outputs are checked, and nothing is started or sent before they are.

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "base/standard_stream.h"
#include "commands.h"
#include "report/output.h"

namespace portillon::cmd {

class Files : public std::enable_shared_from_this<Files> {
public:
    static std::shared_ptr<Files> of(CLI::App& command) { return std::shared_ptr<Files>(new Files(command)); }

    // Options and arguments ("REPORT") that name a file to read. The value may be what `path_of` makes a path of.
    using PathOf = std::function<std::string(const std::string& typed)>;
    CLI::Option* input(const std::string& names, std::string& value, const std::string& help, PathOf path_of = {});

    CLI::Option* output(const std::string& names, std::optional<std::string>& value, const std::string& help);
    // `files`: those that will lie in it. "-" stands for the first of them, on standard output.
    CLI::Option* output_folder(const std::string& names, std::optional<std::string>& value, const std::string& help,
                               std::vector<std::string> files);

    // Adds a file that the command turns out to read (a scenario names its trace). Returns the problems of all outputs,
    // now that none of them may be this file either.
    Problems also_reads(const std::string& what, const std::string& path);

    // For the command's callback: does `act` unless an output cannot be written.
    std::function<void()> checked(Exit& exit, std::function<Exit()> act);

    // Where a command says what it has found: standard output, unless a file is written there.
    StandardStream& words() const;

private:
    explicit Files(CLI::App& command) : command_(command) {}

    struct Named {
        CLI::Option* option;
        report::Output::Kind kind;
        std::vector<std::string> files;
        PathOf path_of;
    };
    std::vector<report::Output> outputs() const;
    Problems problems() const;

    CLI::App& command_;
    std::vector<Named> outputs_, inputs_;
    std::vector<report::Input> found_;
};

// False: it could not be written, which has been said.
bool write_output(const std::string& path, std::string_view text);

}  // namespace portillon::cmd
