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
    // An output that may be a folder, as `is_folder` says of the typed path; `files` will then be written into it.
    using IsFolder = std::function<bool(const std::string& path)>;
    CLI::Option* output(const std::string& names, std::optional<std::string>& value, const std::string& help,
                        IsFolder is_folder, std::vector<std::string> files);
    // An output that no option names; nothing if it is not wanted. Asked after the command line was read. `way_out`
    // says in the problems of this output what helps.
    using Unnamed = std::function<std::optional<report::Output>()>;
    void also_writes(Unnamed output, std::string way_out);

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
        PathOf path_of = {};
        IsFolder is_folder = {};
        std::vector<std::string> files = {};
    };
    std::vector<report::Output> outputs() const;
    Problems problems() const;

    CLI::App& command_;
    std::vector<Named> outputs_, inputs_;
    Unnamed unnamed_;
    std::string way_out_;
    std::vector<report::Input> found_;
};

// Returns false if the file could not be written, which has been reported.
bool write_output(const std::string& path, std::string_view text);

}  // namespace portillon::cmd
