#include "files.h"

#include <unistd.h>

#include <algorithm>

#include "print.h"
#include "report/file.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

// The name of an option in problems: "-o", "--junit", "REPORT".
std::string name_of(const CLI::Option& option) {
    if (!option.get_snames().empty()) {
        return "-" + option.get_snames().front();
    }
    return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

}  // namespace

CLI::Option* Files::input(const std::string& names, std::string& value, const std::string& help, PathOf path_of) {
    auto* option = command_.add_option(names, value, help)->type_name("FILE");
    inputs_.push_back({.option = option, .path_of = std::move(path_of)});
    return option;
}

CLI::Option* Files::output(const std::string& names, std::optional<std::string>& value, const std::string& help) {
    return output(names, value, help, [](const std::string&) { return false; }, {});
}

CLI::Option* Files::output(const std::string& names, std::optional<std::string>& value, const std::string& help,
                           IsFolder is_folder, std::vector<std::string> files) {
    auto* option = command_.add_option(names, value, help)->type_name("FILE");
    outputs_.push_back({.option = option, .is_folder = std::move(is_folder), .files = std::move(files)});
    return option;
}

std::vector<report::Output> Files::outputs() const {
    using Kind = report::Output::Kind;
    std::vector<report::Output> outputs;
    for (const auto& named : outputs_) {
        for (const auto& path : named.option->results()) {
            outputs.push_back(
                {name_of(*named.option), path, named.is_folder(path) ? Kind::folder : Kind::file, named.files});
        }
    }
    if (auto output = unnamed_ ? unnamed_() : std::nullopt) {
        outputs.push_back(std::move(*output));
    }
    return outputs;
}

void Files::also_writes(Unnamed output, std::string way_out) {
    unnamed_ = std::move(output);
    way_out_ = std::move(way_out);
}

Problems Files::problems() const {
    auto inputs = found_;
    for (const auto& named : inputs_) {
        for (const auto& typed : named.option->results()) {
            inputs.push_back({name_of(*named.option), named.path_of ? named.path_of(typed) : typed});
        }
    }
    auto problems = report::problems_of(outputs(), inputs);
    const auto unnamed = unnamed_ ? unnamed_() : std::nullopt;
    for (auto& problem : problems) {
        problem.message += unnamed && problem.source == unnamed->option ? " (" + way_out_ + ")" : "";
    }
    return problems;
}

Problems Files::also_reads(const std::string& what, const std::string& path) {
    found_.push_back({what, path});
    return problems();
}

std::function<void()> Files::checked(Exit& exit, std::function<Exit()> act) {
    return [files = shared_from_this(), act = std::move(act), &exit] {
        const auto problems = files->problems();
        print_problems(problems);
        exit = problems.empty() ? act() : Exit::usage;
    };
}

StandardStream& Files::words() const {
    const auto all = outputs();
    const bool taken = std::any_of(all.begin(), all.end(), [](const report::Output& output) {
        return report::inherited_descriptor(output.path) == STDOUT_FILENO;
    });
    return taken ? standard_error() : standard_output();
}

bool write_output(const std::string& path, std::string_view text) {
    const auto failure = report::write_file(path, text);
    const auto descriptor = report::inherited_descriptor(path);
    const bool standard = descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO;
    if (failure && !standard) {  // those two report it themselves
        print(standard_error(), "portillon: cannot write {}: {}\n", path, failure.message());
    }
    return !failure;
}

}  // namespace portillon::cmd
