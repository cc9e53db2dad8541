#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <exception>
#include <sstream>

#include "commands.h"
#include "print.h"
#include "version.h"
#include "words.h"

namespace portillon::cmd {

namespace {

void say(std::string_view what) noexcept {
    standard_error().write("portillon: ");
    standard_error().write(escape::terminal(what));
    standard_error().write("\n");
}

// Called for an exception that nothing catches, out of a coroutine or a destructor. The shards end with this process.
[[noreturn]] void end_badly() noexcept {
    try {
        if (const auto failure = std::current_exception()) {
            std::rethrow_exception(failure);
        }
        say("internal error");
    } catch (const std::exception& error) {
        say(error.what());
    } catch (...) {
        say("internal error");
    }
    ::_exit(static_cast<int>(Exit::failed));
}

void add_commands(CLI::App& app, Exit& exit) {
    add_run_command(app, exit);
    add_compare_command(app, exit);
    add_diff_command(app, exit);
    add_gate_command(app, exit);
    add_render_command(app, exit);
    add_reconcile_command(app, exit);
    add_clean_command(app, exit);
    add_serve_command(app, exit);
    add_scenarios_command(app, exit);
    add_init_command(app, exit);
    add_validate_command(app, exit);
    add_plan_command(app, exit);
    add_doctor_command(app, exit);
    add_schema_command(app, exit);
    add_explain_command(app, exit);
    add_completions_command(app, exit);
    add_help_command(app, exit);
    add_version_command(app, exit);
    add_complete_command(app, exit);
    add_shard_commands(app, exit);
}

Exit execute(int count, char** arguments) {
    CLI::App app{
        "Sends a fleet of emulated equipments through the same gate over different protocols, and says which one "
        "holds."};
    app.name("portillon");
    app.set_version_flag("--version", std::string(version_line()));
    app.require_subcommand(1);
    app.footer(
        "Try:\n  portillon run smoke\n  portillon compare compare -o comparison\n"
        "  portillon run --protocol mqtt --equipments 100 --rate 10/s --duration 10s");
    Exit exit = Exit::passed;
    add_commands(app, exit);
    if (const auto wrong = wrong_command(app, {arguments + std::min(count, 1), arguments + count})) {
        show(standard_error(), "portillon: " + *wrong + "\n");
        return Exit::usage;
    }
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        std::ostringstream asked_for, wrong;
        if (app.exit(error, asked_for, wrong) == 0) {
            show(standard_output(), asked_for.str());
            return Exit::passed;
        }
        if (const auto unknown = unknown_word(app)) {
            show(standard_error(), "portillon: " + *unknown + "\n");
        } else {
            show(standard_error(), wrong.str());
        }
        return Exit::usage;
    }
    return exit;
}

// Turns success into failure if part of the output could not be written.
Exit with_what_was_said(Exit exit) {
    const bool all_said = !standard_output().failure() && !standard_error().failure();
    switch (exit) {
        case Exit::usage:
        case Exit::hung_up:
        case Exit::interrupted:
        case Exit::terminated:
            return exit;
        default:
            return all_said ? exit : Exit::failed;
    }
}

}  // namespace

}  // namespace portillon::cmd

int main(int count, char** arguments) {
    using namespace portillon;
    hold_standard_descriptors();
    std::signal(SIGCHLD, SIG_DFL);  // a parent may leave it ignored, and then nobody learns how a child ended
    std::signal(SIGPIPE, SIG_IGN);  // a closed terminal or socket is an error of the write
    std::signal(SIGXFSZ, SIG_IGN);  // so is a file that grows too large (ulimit -f)
    std::set_terminate(cmd::end_badly);
    auto exit = cmd::Exit::failed;
    try {
        exit = cmd::execute(count, arguments);
    } catch (const std::exception& error) {
        cmd::say(error.what());
    }
    return static_cast<int>(cmd::with_what_was_said(exit));
}
