#include "commands.h"
#include "generator/shard.h"
#include "protocols.h"
#include "service/serve.h"

namespace portillon::cmd {

void add_shard_commands(CLI::App& app, Exit& exit) {
    auto* generator = app.add_subcommand("generator-shard", "")->group("");
    generator->callback([&exit] { exit = static_cast<Exit>(generator::serve(driver_kinds())); });
    auto* server = app.add_subcommand("server-shard", "")->group("");
    server->callback([&exit] { exit = static_cast<Exit>(service::serve_shard(listener_kinds())); });
}

}  // namespace portillon::cmd
