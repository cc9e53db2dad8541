#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "files.h"
#include "man_pages.h"
#include "print.h"
#include "references.h"
#include "version.h"
#include "words.h"

namespace portillon::cmd {

namespace {

Exit show_help(const CLI::App& app, const std::optional<std::string>& name) {
    if (!name) {
        standard_output().write(app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
        return Exit::passed;
    }
    const auto* command = find_command(app, *name);
    if (command == nullptr) {
        const auto known = command_names(app);
        print(standard_error(), "portillon: unknown command '{}'{}\n", *name, suggestion(*name, known));
        return Exit::usage;
    }
    standard_output().write(command->help(app.get_name()));
    return Exit::passed;
}

// Writes the manual below `folder`, as man(1) finds it there.
Exit write_manual(const CLI::App& app, const std::string& folder) {
    for (const auto& page : man_pages(app)) {
        const auto section = std::filesystem::path(folder) / fmt::format("man{}", page.section);
        std::error_code unmade;
        std::filesystem::create_directories(section, unmade);
        if (unmade) {
            print(standard_error(), "portillon: cannot make the folder {}: {}\n", section.string(), unmade.message());
            return Exit::failed;
        }
        if (!write_output((section / fmt::format("{}.{}", page.name, page.section)).string(), page.text)) {
            return Exit::failed;
        }
    }
    return Exit::passed;
}

Exit show_document(const std::string& name) {
    standard_output().write(name == "reference" ? scenario_reference() : glossary_document());
    return Exit::passed;
}

}  // namespace

void add_help_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("help", "List the commands, or show what a command does and its options");
    command->footer("Example: portillon help run");
    const auto name = std::make_shared<std::optional<std::string>>();
    command->add_option("COMMAND", *name, "A command, such as run; without it all commands are listed")
        ->type_name("NAME");
    const auto folder = std::make_shared<std::string>();
    command->add_option("--man", *folder)->group("");       // for the installation
    const auto document = std::make_shared<std::string>();  // for the documents in the source tree
    command->add_option("--document", *document)->check(one_of({"reference", "glossary"}))->group("");
    command->callback([&app, name, folder, document, &exit] {
        exit = !folder->empty()     ? write_manual(app, *folder)
               : !document->empty() ? show_document(*document)
                                    : show_help(app, *name);
    });
}

void add_version_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("version", "Print the version, like --version");
    command->footer("Example: portillon version");
    command->callback([&exit] {
        print(standard_output(), "{}\n", version_line());
        exit = Exit::passed;
    });
}

}  // namespace portillon::cmd
