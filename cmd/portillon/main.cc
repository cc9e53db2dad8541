#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "commands.h"
#include "version.h"

int main(int count, char** arguments) {
    using namespace portillon;
    std::signal(SIGPIPE, SIG_IGN);  // a closed terminal or socket is an error of the write that met it
    CLI::App app{
        "Sends a fleet of emulated equipments through the same gate over different protocols, and says which one "
        "holds."};
    app.name("portillon");
    app.set_version_flag("--version", std::string(cmd::version_line()));
    app.require_subcommand(1);
    app.footer(
        "Try:\n  portillon run scenarios/smoke.yaml\n  portillon compare scenarios/compare.yaml -o comparison\n"
        "  portillon run --protocol mqtt --equipments 100 --rate 10/s --duration 10s");
    cmd::Exit exit = cmd::Exit::passed;
    cmd::add_run_command(app, exit);
    cmd::add_compare_command(app, exit);
    cmd::add_diff_command(app, exit);
    cmd::add_gate_command(app, exit);
    cmd::add_render_command(app, exit);
    cmd::add_serve_command(app, exit);
    cmd::add_validate_command(app, exit);
    cmd::add_plan_command(app, exit);
    cmd::add_doctor_command(app, exit);
    cmd::add_schema_command(app, exit);
    cmd::add_shard_commands(app, exit);
    try {
        app.parse(count, arguments);
    } catch (const CLI::Success& asked_for_help) {
        return app.exit(asked_for_help);
    } catch (const CLI::ParseError& error) {
        app.exit(error);
        return static_cast<int>(cmd::Exit::usage);
    } catch (const std::exception& error) {
        fmt::print(stderr, "portillon: {}\n", error.what());
        return static_cast<int>(cmd::Exit::failed);
    }
    return static_cast<int>(exit);
}
