#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/units.h"
#include "commands.h"
#include "files.h"
#include "net/url.h"
#include "print.h"
#include "protocols.h"
#include "scenario/parse.h"
#include "scenario_names.h"
#include "scenario_options.h"
#include "scenario_template.h"
#include "words.h"

namespace portillon::cmd {

namespace {

struct InitCommand {
    std::shared_ptr<Files> files;
    std::optional<std::string> file, protocol;
    Answers answers;
    bool force = false;

    Exit execute() {
        Problems problems;
        check_times(problems);
        choose_protocol(problems);
        check_file(problems);
        answers.schema = installed_schema();
        if (answers.schema.empty()) {
            answers.schema = "scenario.schema.json";
        }
        const auto written = file && *file != "-" ? *file : std::string("my-fleet.yaml");
        answers.file = written;
        answers.name = std::filesystem::path(written).stem().string();
        if (problems.empty()) {
            place_outage(problems);
        }
        const auto text = problems.empty() ? commented_scenario(answers) : "";
        if (problems.empty()) {
            const auto scenario = scenario::parse(text, written, {}, known_protocols());
            problems = scenario ? Problems{} : scenario.problems();
        }
        if (!problems.empty()) {
            print_problems(problems);
            return Exit::usage;
        }
        if (!file) {
            standard_output().write(text);
            return Exit::passed;
        }
        return write_output(*file, text) ? Exit::passed : Exit::failed;
    }

private:
    static void add(Problems& problems, const std::string& option, const std::string& message) {
        problems.push_back({.source = option, .line = 0, .key = {}, .message = message});
    }

    void check_times(Problems& problems) const {
        const auto check_duration = [&](const std::string& option, const std::string& text) {
            if (const auto duration = parse_duration(text); !duration) {
                add(problems, option + " " + text, "must be a duration, such as 30s");
            }
        };
        check_duration("--duration", answers.duration);
        check_duration("--warm-up", answers.warm_up);
        if (answers.outage) {
            check_duration("--outage", *answers.outage);
        }
        if (!parse_rate(answers.rate)) {
            add(problems, "--rate " + answers.rate, "must be a rate of each equipment, such as 10/s");
        }
    }

    // The protocol is that of the target's scheme, unless it is named and has that scheme.
    void choose_protocol(Problems& problems) {
        const auto& kinds = driver_kinds();
        const auto named = std::find_if(kinds.begin(), kinds.end(),
                                        [&](const auto& kind) { return kind.name == protocol.value_or(""); });
        if (protocol && named == kinds.end()) {
            std::vector<std::string> names;
            for (const auto& kind : kinds) {
                names.push_back(kind.name);
            }
            add(problems, "--protocol " + *protocol,
                fmt::format("unknown (allowed: {}){}", names_of_protocols(), suggestion(*protocol, names)));
            return;
        }
        answers.protocol = protocol.value_or(answers.protocol);
        if (!answers.target) {
            return;
        }
        const auto url = net::parse_url(*answers.target);
        if (!url) {
            add(problems, "--target", url.problems().front().message);
            return;
        }
        const auto of_scheme =
            std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.scheme == url->scheme; });
        if (of_scheme == kinds.end() || (protocol && named->scheme != url->scheme)) {
            add(problems, "--target " + *answers.target,
                of_scheme == kinds.end()
                    ? "has a scheme that no protocol here has"
                    : fmt::format("does not fit protocol {} (allowed: {}://HOST:PORT)", *protocol, named->scheme));
            return;
        }
        answers.target = url->text();
        answers.protocol = protocol.value_or(of_scheme->name);
    }

    void check_file(Problems& problems) const {
        std::error_code none;
        if (file && *file != "-" && !force && std::filesystem::is_regular_file(*file, none)) {
            add(problems, *file, "is there already (--force replaces it)");
        }
    }

    // The outage begins after a third of the measured part, so that there is a before.
    void place_outage(Problems& problems) {
        if (!answers.outage) {
            return;
        }
        const auto warm_up = *parse_duration(answers.warm_up), measured = *parse_duration(answers.duration);
        const auto at = warm_up + measured / 3;
        answers.outage_at = format_duration(std::chrono::floor<std::chrono::milliseconds>(at));
        if (at + *parse_duration(*answers.outage) > warm_up + measured) {
            add(problems, "--outage " + *answers.outage,
                fmt::format("does not fit into the measured {} (allowed: at most two thirds of --duration)",
                            answers.duration));
        }
    }
};

}  // namespace

void add_init_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("init", "Write a scenario to begin with, in which every line is explained");
    command->footer(
        "Without FILE it is printed. The answers are options, and each has a default. --target names a server of "
        "yours:\n"
        "then the protocol follows from its scheme, and what only the embedded server can say is left out.\n"
        "Examples:\n"
        "  portillon init my-fleet.yaml\n"
        "  portillon init outage.yaml -p http2 -n 500 -r 1/s -d 3m --outage 30s\n"
        "  portillon init broker.yaml --target mqtt://broker:1883 --promise 'p(99)<200ms'");
    const auto init = std::make_shared<InitCommand>();
    init->files = Files::of(*command);
    init->files->output("FILE", init->file, "File to write; without it, or with -, standard output");
    auto& answers = init->answers;
    command->add_option("-p,--protocol", init->protocol, "Protocol: " + names_of_protocols() + "; mqtt by default")
        ->type_name("NAME");
    command->add_option("-n,--equipments", answers.equipments, "Number of equipments")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000U))
        ->capture_default_str();
    command->add_option("-r,--rate", answers.rate, "Validations of each equipment")
        ->type_name("RATE")
        ->capture_default_str();
    command->add_option("-d,--duration", answers.duration, "Duration of the measured part")
        ->type_name("DURATION")
        ->capture_default_str();
    command->add_option("--warm-up", answers.warm_up, "Duration of the warm-up; 0s: none")
        ->type_name("DURATION")
        ->capture_default_str();
    command->add_option("--outage", answers.outage, "Cut the network of the whole fleet for so long")
        ->type_name("DURATION");
    command
        ->add_option("--promise", answers.promise,
                     "Threshold for the response time; p(95)<50ms by default, with --outage med<1s")
        ->type_name("EXPRESSION");
    command->add_option("--target", answers.target, "A server of yours, such as mqtt://host:1883")->type_name("URL");
    command->add_flag("--force", init->force, "Replace a file that is there already");
    command->callback(init->files->checked(exit, [init] { return init->execute(); }));
}

}  // namespace portillon::cmd
