#include "commands.h"
#include "protocols.h"
#include "run/generator_shard.h"
#include "run/serve.h"

namespace portillon::cmd {

void add_shard_commands(CLI::App& app, Exit& exit) {
    auto* generator = app.add_subcommand("generator-shard", "")->group("");
    generator->callback([&exit] { exit = static_cast<Exit>(run::generator_shard(driver_kinds(), known_protocols())); });
    auto* server = app.add_subcommand("server-shard", "")->group("");
    server->callback([&exit] { exit = static_cast<Exit>(run::serve_shard(listener_kinds())); });
}

}  // namespace portillon::cmd
