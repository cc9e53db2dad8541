#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <tuple>
#include <variant>
#include <vector>

#include "commands.h"
#include "print.h"
#include "protocols.h"
#include "report_argument.h"
#include "run/cleaner.h"
#include "scenario_options.h"

namespace portillon::cmd {

namespace {

struct CleanOptions {
    std::string report, run, target, rate = "1000/s";
    std::uint32_t equipments = 0;
    bool force = false, quiet = false;
};

// The run whose sessions are to be removed, and their broker, as far as the command line or a report names them.
struct Remains {
    std::string run, target, protocol;
    std::uint32_t equipments = 0;
    auto operator<=>(const Remains&) const = default;
};

void add_problem(Problems& problems, const std::string& key, const std::string& message) {
    problems.push_back({.source = "clean", .key = key, .message = message});
}

// The runs of a report over protocols that leave sessions, against servers that outlived them.
std::set<Remains> remains_of(const report::Report& report) {
    std::set<Remains> all;
    const auto add = [&](const report::RunReport& run) {
        const auto& kinds = driver_kinds();
        const auto kind =
            std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) { return each.name == run.protocol; });
        if (kind != kinds.end() && !kind->clearing_options.empty() && run.target != "embedded" && !run.run.empty()) {
            all.insert({.run = run.run,
                        .target = run.target,
                        .protocol = run.protocol,
                        .equipments = static_cast<std::uint32_t>(*run.counts.equipments)});
        }
    };
    if (const auto* one = std::get_if<report::RunReport>(&report)) {
        add(*one);
    } else {
        for (const auto& each : std::get<report::Comparison>(report).runs) {
            add(each.run);
        }
    }
    return all;
}

// The order to remove the sessions of `remains`. Options of the command line take precedence over the report.
std::optional<run::CleanOrder> order_of(const Remains& remains, const CleanOptions& options, Problems& problems) {
    run::CleanOrder order;
    const auto before = problems.size();
    const std::string& name = options.run.empty() ? remains.run : options.run;
    if (const auto id = parse_run(name)) {
        order.run = *id;
    } else {
        add_problem(
            problems, "--run",
            name.empty()
                ? "which run? A run prints its name when it begins, and its report has it as \"run\""
                : fmt::format("\"{}\" is no run (16 hexadecimal digits, which a run prints when it begins)", name));
    }
    const std::string& text = options.target.empty() ? remains.target : options.target;
    if (const auto url = net::parse_url(text); !url) {
        add_problem(problems, "--target",
                    text.empty() ? "at which server? --target mqtt://HOST:PORT" : url.problems().front().message);
    } else {
        order.target = *url;
        const auto& kinds = driver_kinds();
        const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) {
            return each.scheme == url->scheme && !each.clearing_options.empty();
        });
        if (kind == kinds.end()) {
            std::string schemes;
            for (const auto& each : kinds) {
                if (!each.clearing_options.empty()) {
                    schemes += (schemes.empty() ? "" : ", ") + each.scheme + "://";
                }
            }
            add_problem(
                problems, "--target",
                fmt::format("{}:// leaves nothing behind that could be removed (allowed: {})", url->scheme, schemes));
        } else {
            order.protocol = &*kind;
        }
    }
    order.equipments = options.equipments > 0 ? options.equipments : remains.equipments;
    if (order.equipments == 0) {
        add_problem(problems, "--equipments", "how many equipments did the run have? More than it had does no harm");
    }
    if (const auto rate = parse_rate(options.rate); rate && rate->per_second > 0) {
        order.rate = *rate;
    } else {
        add_problem(problems, "--rate", fmt::format("\"{}\" is no rate above 0, such as 1000/s", options.rate));
    }
    order.watch = options.force ? Nanos{0} : order.watch;
    return problems.size() == before ? std::optional(order) : std::nullopt;
}

std::string shown(const run::CleanOrder& order) {
    return fmt::format("run {} at {}", format_run(order.run), order.target.authority());
}

Exit say(const run::CleanOrder& order, const run::Cleaned& cleaned) {
    if (!cleaned.failure.empty()) {
        print(standard_error(), "portillon: {}: {}\n", shown(order), cleaned.failure);
        return Exit::failed;
    }
    if (cleaned.in_use) {
        print(standard_error(),
              "portillon: {} lives: its equipment {} took its session back. Nothing was removed. End the run, which "
              "removes its sessions itself, or use --force if something else holds them.\n",
              shown(order), number_of(*cleaned.in_use));
        return Exit::failed;
    }
    print(standard_output(), "{}: {} of {} equipments have no session any more\n", shown(order), cleaned.removed,
          order.equipments);
    for (const auto& [cause, count] : cleaned.failures) {
        print(standard_error(), "portillon: {} could not be removed: {}\n", count, cause);
    }
    if (cleaned.interrupted_by != 0) {
        print(standard_error(), "portillon: interrupted; the same command continues\n");
        return exit_of_signal(cleaned.interrupted_by);
    }
    if (cleaned.left > 0) {
        print(standard_error(), "portillon: {} may be left; the same command tries again\n", cleaned.left);
        return Exit::failed;
    }
    return Exit::passed;
}

Exit clean(const CleanOptions& options) {
    Problems problems;
    std::set<Remains> remains;
    if (options.report.empty()) {
        remains.insert(Remains{});
    } else {
        const auto report = load_report(options.report);
        if (!report) {
            print_problems(report.problems());
            return Exit::usage;
        }
        remains = remains_of(*report);
        if (remains.empty()) {
            print(standard_output(),
                  "{}: nothing was left behind (no run over a protocol that leaves sessions, or none against a "
                  "server that outlived it)\n",
                  options.report);
            return Exit::passed;
        }
    }
    std::vector<run::CleanOrder> orders;
    for (const auto& each : remains) {
        if (auto order = order_of(each, options, problems)) {
            orders.push_back(std::move(*order));
        }
    }
    if (!problems.empty()) {
        print_problems(problems);
        return Exit::usage;
    }
    Exit exit = Exit::passed;
    for (const auto& order : orders) {
        const auto cleaned = run::clean(order, [&](std::uint32_t done) {
            if (!options.quiet) {
                print(standard_error(), "{}: {} of {}\n", shown(order), done, order.equipments);
            }
        });
        const Exit one = say(order, cleaned);
        exit = one == Exit::passed ? exit : one;
        if (cleaned.interrupted_by != 0) {
            break;
        }
    }
    return exit;
}

}  // namespace

void add_clean_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("clean", "Remove the sessions that a killed run has left on a broker");
    command->footer(
        "An MQTT broker keeps a session for each equipment (QoS 1 and 2, unless protocols.mqtt.session_expiry is\n"
        "0). A run removes its sessions at its end, after Ctrl-C too. A run that is killed (SIGKILL, out of\n"
        "memory), or that ends while the broker is away, cannot: clean removes them later, from any machine. It\n"
        "touches nothing but these sessions; a run leaves neither wills nor retained messages.\n"
        "RUN is 16 hexadecimal digits: a run prints them when it begins, and its report has them as \"run\". The\n"
        "client identifiers are p, the same number as 11 digits in base 62, e and the equipment's number.\n"
        "Sessions are not taken from a run that lives: for 3 s a few of them are watched, without discarding\n"
        "anything, and if an equipment takes its session back nothing is removed. MQTT offers no better way to\n"
        "find out; --force skips this check.\n"
        "Examples:\n"
        "  portillon clean report.json\n"
        "  portillon clean --run 0f3a5c7e9b1d2468 --target mqtt://broker:1883 --equipments 50000\n"
        "Exit codes: 0 all are removed, 1 some may be left or the run lives, 2 bad input, 129/130/143 interrupted\n"
        "(the same command continues).");
    const auto options = std::make_shared<CleanOptions>();
    command
        ->add_option("REPORT", options->report,
                     "a report of run or compare, which names run, target and equipments; options override it")
        ->type_name("FILE");
    command->add_option("--run", options->run, "the run whose sessions are removed")->type_name("RUN");
    command->add_option("--target", options->target, "the server of that run")->type_name("URL");
    command->add_option("-n,--equipments", options->equipments, "how many equipments the run had, or more")
        ->type_name("N");
    command->add_option("-r,--rate", options->rate, "the most sessions opened per second")
        ->type_name("R/s")
        ->capture_default_str();
    command->add_flag("--force", options->force,
                      "do not check whether the run lives; if it does, its equipments are disconnected");
    command->add_flag("-q,--quiet", options->quiet, "no progress");
    command->callback([options, &exit] { exit = clean(*options); });
}

}  // namespace portillon::cmd
