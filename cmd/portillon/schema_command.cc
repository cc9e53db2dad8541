#include <memory>
#include <string>

#include "base/standard_stream.h"
#include "commands.h"
#include "protocols.h"
#include "report/json.h"
#include "scenario/schema.h"
#include "words.h"

namespace portillon::cmd {

void add_schema_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("schema", "Print the JSON Schema of scenarios or reports");
    command->footer("Example: portillon schema scenario > scenario.schema.json");
    const auto of = std::make_shared<std::string>();
    command->add_option("OF", *of, "scenario or report")->required()->check(one_of({"scenario", "report"}));
    command->callback([of, &exit] {
        const auto text =
            *of == "scenario" ? scenario::schema_text(known_protocols()) : std::string(report::schema_text());
        standard_output().write(text);
        exit = Exit::passed;
    });
}

}  // namespace portillon::cmd
