#pragma once

// One file per command. Each adds its subcommand, options and help (with an example) to `app`; when the user chose it,
// CLI11 calls back and the command stores its exit code in `exit_code` (contract: 0, 1, 2, 3, 99, 129, 130, 143).

#include <CLI/App.hpp>

namespace portillon::cmd {

// The exit codes on which scripts rely.
enum class Exit : int {
    passed = 0,
    failed = 1,
    usage = 2,
    invalid = 3,
    breached = 99,
    hung_up = 129,
    interrupted = 130,
    terminated = 143
};

// The exit status of a command that one of net::stop_signals() has ended.
constexpr Exit exit_of_signal(int signal) {
    return static_cast<Exit>(128 + signal);
}

void add_run_command(CLI::App& app, Exit& exit);
void add_compare_command(CLI::App& app, Exit& exit);
void add_diff_command(CLI::App& app, Exit& exit);
void add_gate_command(CLI::App& app, Exit& exit);
void add_render_command(CLI::App& app, Exit& exit);
void add_reconcile_command(CLI::App& app, Exit& exit);
void add_clean_command(CLI::App& app, Exit& exit);
void add_serve_command(CLI::App& app, Exit& exit);
void add_validate_command(CLI::App& app, Exit& exit);
void add_plan_command(CLI::App& app, Exit& exit);
void add_doctor_command(CLI::App& app, Exit& exit);
void add_schema_command(CLI::App& app, Exit& exit);
void add_init_command(CLI::App& app, Exit& exit);
void add_scenarios_command(CLI::App& app, Exit& exit);
void add_completions_command(CLI::App& app, Exit& exit);
void add_explain_command(CLI::App& app, Exit& exit);
void add_help_command(CLI::App& app, Exit& exit);
void add_version_command(CLI::App& app, Exit& exit);
void add_complete_command(CLI::App& app, Exit& exit);  // hidden: what completions ask
void add_shard_commands(CLI::App& app, Exit& exit);    // hidden: the programs that conductors execute

}  // namespace portillon::cmd
