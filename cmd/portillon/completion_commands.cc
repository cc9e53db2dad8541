#include <algorithm>
#include <memory>
#include <string>

#include "commands.h"
#include "completion.h"
#include "print.h"
#include "words.h"

namespace portillon::embedded {
extern const std::string_view completion_bash;
extern const std::string_view completion_zsh;
extern const std::string_view completion_fish;
}  // namespace portillon::embedded

namespace portillon::cmd {

void add_completions_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("completions", "Print the completion of commands and options for a shell");
    command->footer(
        "The packages install them. Otherwise, for one session or in the shell's start-up file:\n"
        "Examples:\n"
        "  source <(portillon completions bash)\n"
        "  portillon completions zsh > ~/.zfunc/_portillon\n"
        "  portillon completions fish > ~/.config/fish/completions/portillon.fish");
    const auto shell = std::make_shared<std::string>();
    command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(one_of({"bash", "zsh", "fish"}));
    command->callback([shell, &exit] {
        standard_output().write(*shell == "bash"  ? embedded::completion_bash
                                : *shell == "zsh" ? embedded::completion_zsh
                                                  : embedded::completion_fish);
        exit = Exit::passed;
    });
}

void add_complete_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("complete", "")->group("");
    command->set_help_flag();
    command->prefix_command();
    command->callback([&app, command, &exit] {
        for (const auto& each : candidates(app, command->remaining())) {
            auto description = each.description;
            std::replace(description.begin(), description.end(), '\n', ' ');
            print(standard_output(), "{}", each.word);
            standard_output().write("\t");
            print(standard_output(), "{}\n", description);
        }
        exit = Exit::passed;
    });
}

}  // namespace portillon::cmd
