#pragma once

// The files that a command reads and writes. Every option that names a file is declared here, so that all outputs are
// checked before anything is started or sent.

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

    // Options and arguments ("REPORT") that name a file to read. `path_of` turns the typed value into a path.
    using PathOf = std::function<std::string(const std::string& typed)>;
    CLI::Option* input(const std::string& names, std::string& value, const std::string& help, PathOf path_of = {});

    CLI::Option* output(const std::string& names, std::optional<std::string>& value, const std::string& help);
    // `files`: the files that will be written into the folder. "-" stands for the first of them, on standard output.
    CLI::Option* output_folder(const std::string& names, std::optional<std::string>& value, const std::string& help,
                               std::vector<std::string> files);

    // Adds a file that the command reads by another way (a scenario names its trace). Returns the problems of all
    // outputs, since none of them may be this file either.
    Problems also_reads(const std::string& what, const std::string& path);

    // For the command's callback: runs `act` unless an output cannot be written.
    std::function<void()> checked(Exit& exit, std::function<Exit()> act);

    // The stream for what a command has found: standard output, unless a file is written there.
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

// Returns false if the file could not be written, which has been reported.
bool write_output(const std::string& path, std::string_view text);

}  // namespace portillon::cmd
