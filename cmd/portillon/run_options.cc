#include "run_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/stubs/common.h>
#include <nghttp2/nghttp2ver.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/version.hpp>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>

#include "net/endpoint.h"
#include "print.h"
#include "protocols.h"
#include "report/prose.h"
#include "run/doctor.h"
#include "run/routes.h"
#include "scenario/plan.h"
#include "version.h"
#include "words.h"

namespace portillon::cmd {

namespace {

run::Build this_build() {
    run::Build build;
    build.version = std::string(version());
    build.commit = std::string(commit());
#if defined(__clang__)
    build.compiler = fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    build.compiler = fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    build.build_type = PORTILLON_BUILD_TYPE;
    build.libraries = {
        {"boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
        {"nghttp2", NGHTTP2_VERSION},
        {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION)},
    };
    return build;
}

// "NAME=URL" or "URL".
struct Named {
    std::string name;  // may be empty
    std::string url;
};

Named split_name(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || text.find_first_of(":/") < equals) {
        return {"", text};
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

bool is_name(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
    });
}

enum class Paths : std::uint8_t { none, some };

// Reads a server's URL, whose scheme is one of `schemes`.
Checked<net::Located> read_server(const std::string& text, const std::vector<std::string>& schemes, Paths paths) {
    auto url = net::parse_url(text);
    if (!url) {
        return url.problems();
    }
    const auto problem = [&](const std::string& message) {
        return Problems{{"", 0, "", fmt::format("'{}' {}", url->text(), message)}};
    };
    if (std::find(schemes.begin(), schemes.end(), url->scheme) == schemes.end()) {
        return problem(fmt::format("has the scheme {}, which no protocol here has (allowed: {}){}", url->scheme,
                                   fmt::join(schemes, ", "), suggestion(url->scheme, schemes)));
    }
    if (paths == Paths::none) {
        const auto path = std::exchange(url->path, "");
        if (path.size() > 1) {  // "/" is an empty path (RFC 3986, 6.2.3)
            return Problems{{"", 0, "",
                             fmt::format("'{}{}' has the path {}, and {} has none here (write {})", url->text(), path,
                                         path, url->scheme, url->text())}};
        }
    }
    return net::locate(*url);
}

Checked<net::Located> read_target(const std::string& text) {
    std::vector<std::string> schemes;
    Paths paths = Paths::none;
    const auto separator = std::min(text.find("://"), text.size());
    for (const auto& kind : driver_kinds()) {
        if (std::find(schemes.begin(), schemes.end(), kind.scheme) == schemes.end()) {
            schemes.push_back(kind.scheme);
        }
        if (kind.paths == driver::Kind::Paths::some && kind.scheme.size() == separator &&
            std::equal(kind.scheme.begin(), kind.scheme.end(), text.begin(),
                       [](char scheme, char typed) { return scheme == (typed | 0x20); })) {
            paths = Paths::some;
        }
    }
    return read_server(text, schemes, paths);
}

// Reads a URL with or without its scheme.
Checked<net::Located> read_ledger(const std::string& text) {
    return read_server(text.find("://") == std::string::npos ? "http://" + text : text, {"http"}, Paths::none);
}

void add_targets(const std::vector<std::string>& targets, std::vector<Destination>& destinations, Problems& problems) {
    const auto problem = [&problems](const std::string& message) { problems.push_back({"--target", 0, "", message}); };
    for (const auto& text : targets) {
        const auto [name, address] = split_name(text);
        const auto server = read_target(address);
        const bool named = address.size() < text.size();
        if (!server) {
            problem(server.problems().front().message);
        } else if (named && !is_name(name)) {
            problem(fmt::format("'{}' is no name (allowed: letters, digits, '-', '_' and '.')", name));
        } else if (!named && targets.size() > 1) {
            problem(fmt::format("'{}' has no name, and there are several (allowed: NAME=URL)", address));
        } else if (std::any_of(destinations.begin(), destinations.end(), [&, &target = name](const auto& other) {
                       return other.name == target && other.server.url.scheme == server->url.scheme;
                   })) {
            problem(fmt::format("'{}' has two URLs of scheme {} (allowed: one of each)", name, server->url.scheme));
        } else {
            destinations.push_back({name, *server, std::nullopt});
        }
    }
}

void add_ledgers(const std::vector<std::string>& ledgers, std::vector<Destination>& destinations, Problems& problems) {
    std::vector<std::string> used;
    for (const auto& text : ledgers) {
        const auto [name, address] = split_name(text);
        const auto ledger = read_ledger(address);
        if (!ledger) {
            problems.push_back({"--ledger", 0, "", ledger.problems().front().message});
            continue;
        }
        bool found = false;
        for (auto& destination : destinations) {
            if (destination.name == name) {
                destination.ledger = *ledger;
                found = true;
            }
        }
        if (!found) {
            std::vector<std::string> names;
            for (const auto& destination : destinations) {
                if (!destination.name.empty() &&
                    std::find(names.begin(), names.end(), destination.name) == names.end()) {
                    names.push_back(destination.name);
                }
            }
            problems.push_back({"--ledger", 0, "",
                                names.empty() ? fmt::format("'{}' goes with a --target of that name", text)
                                              : fmt::format("'{}' names no target (allowed: NAME=URL with one of {})",
                                                            text, fmt::join(names, ", "))});
        } else if (std::find(used.begin(), used.end(), name) != used.end()) {
            problems.push_back({"--ledger", 0, "", fmt::format("'{}': one for each target", text)});
        }
        used.push_back(name);
    }
}

// The rate of validations of the whole fleet.
std::string pace_of(const scenario::Scenario& scenario) {
    if (scenario.lot().traffic.arrival.kind == arrival::Kind::closed) {
        return "as fast as they are answered";
    }
    constexpr std::size_t few_rows = 2;  // too few to matter
    const auto plan = scenario::plan(scenario, 1, plan::Server::foreign, plan::Machine{}, few_rows);
    if (plan.counting == scenario::Counting::exact && plan.validations == 0) {
        return "nothing is ever due";
    }
    if (plan.peak_per_s < 1) {
        return fmt::format("at most {} validations/min together", humanize_count(std::ceil(plan.peak_per_s * 60)));
    }
    return fmt::format("at most {} validations/s together", humanize_count(std::ceil(plan.peak_per_s)));
}

}  // namespace

void RunOptions::add_to(CLI::App& app, Target target) {
    const bool one = target == Target::one;
    auto* targets = app.add_option("--target", targets_,
                                   one ? "Server to load, such as mqtt://host:1883, http://host:8080/path, "
                                         "grpc://host:50051; without it the embedded reference server"
                                       : "Server to load, such as http://host:8080/path; repeatable with names: "
                                         "--target base=URL --target cand=URL runs them in turn and compares them");
    auto* ledgers = app.add_option("--ledger", ledgers_,
                                   one ? "Admin endpoint that knows what arrived at the target (http://host:9090)"
                                       : "Admin endpoint that knows what arrived at the target (of that name)");
    for (auto* option : {targets, ledgers}) {
        option->type_name(one ? "URL" : "[NAME=]URL")->allow_extra_args(false);
        if (one) {
            option->expected(1);
        }
    }
    app.add_option("--shards", shards_, "Generator processes; computed from descriptors and cores by default")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    app.add_option("--source-address", source_addresses_, "Local addresses to connect from, in turn")
        ->type_name("ADDRESS");
    app.add_flag("--strict", strict_, "A suspect measurement fails, too (exit code 3)");
    app.add_flag("--yes", yes_, "Load a target that is not this machine without asking");
    app.add_flag("--allow-commands", commands_allowed_,
                 "Execute the commands of the scenario's faults (kind: command) on this machine");
    app.add_flag("--quiet", quiet_, "Print only problems and the summary");
    app.add_flag("--no-progress", no_progress_, "Do not show the progress");
}

Checked<std::vector<Destination>> RunOptions::destinations() const {
    Problems problems;
    std::vector<Destination> destinations;
    add_targets(targets_, destinations, problems);
    if (targets_.empty() && !ledgers_.empty()) {
        problems.push_back({"--ledger", 0, "", "needs --target: the embedded server has its own"});
    } else if (problems.empty()) {
        add_ledgers(ledgers_, destinations, problems);
    }
    return problems.empty() ? Checked(std::move(destinations)) : Checked<std::vector<Destination>>(std::move(problems));
}

Checked<run::Order> RunOptions::order(const Loaded& loaded, const std::string& protocol,
                                      const std::optional<Destination>& destination,
                                      std::vector<std::string> command) const {
    Problems problems;
    run::Order order;
    order.scenario = loaded.scenario;
    order.compression = loaded.compression;
    order.workload_digest = loaded.workload_digest;
    order.shards = shards_;
    if (shards_ > loaded.scenario.lot().fleet.equipments) {
        problems.push_back(
            {"--shards", 0, "",
             fmt::format("{} for {}: some would have none (allowed: 1 to {})", counted(shards_, "generator process"),
                         counted(loaded.scenario.lot().fleet.equipments, "equipment"),
                         loaded.scenario.lot().fleet.equipments)});
    }
    order.command = std::move(command);
    order.build = this_build();
    std::vector<std::string> names;
    for (const auto& kind : driver_kinds()) {
        names.push_back(kind.name);
        if (kind.name == protocol) {
            order.protocol = &kind;
        }
    }
    if (order.protocol == nullptr) {
        const auto near = did_you_mean(protocol, names);
        problems.push_back({"--protocol", 0, "",
                            fmt::format("{} (allowed: {}){}",
                                        protocol.empty() ? "none is named" : "unknown protocol '" + protocol + "'",
                                        fmt::join(names, ", "), near.empty() ? "" : "; did you mean " + near + "?")});
        return problems;
    }
    if (destination) {
        order.target = destination->server;
        order.ledger = destination->ledger;
        if (destination->server.url.scheme != order.protocol->scheme) {
            problems.push_back({"--target", 0, "",
                                fmt::format("'{}' does not fit protocol {} (allowed: {}://HOST:PORT)",
                                            destination->text(), protocol, order.protocol->scheme)});
        }
        if (const char* token = std::getenv("PORTILLON_ADMIN_TOKEN"); token != nullptr) {
            order.ledger_token = token;
        }
    }
    if (order.target && has_server_faults(order.scenario) && !order.ledger) {
        problems.push_back(
            {"--target", 0, "", "the scenario has faults of the server, which need the embedded one or --ledger"});
    }
    if (const auto commands = commands_of(order.scenario); !commands.empty() && !commands_allowed_) {
        problems.push_back({"--allow-commands", 0, "",
                            fmt::format("is missing: the scenario's faults execute commands on this machine: {}",
                                        fmt::join(commands, "; "))});
    }
    for (const auto& text : source_addresses_) {
        if (const auto address = net::parse_address(text)) {
            order.source_addresses.push_back(*address);
        } else {
            problems.push_back(
                {"--source-address", 0, "",
                 fmt::format("'{}' is not an address (allowed: such as 192.0.2.7 or 2001:db8::7)", text)});
        }
    }
    for (const auto& problem : run::check_sources(order)) {
        problems.push_back({"--source-address", 0, "", problem.message});
    }
    if (!problems.empty()) {
        return problems;
    }
    return order;
}

bool RunOptions::confirm(const Loaded& loaded, const std::string& protocols,
                         const std::vector<Destination>& destinations) const {
    const auto& scenario = loaded.scenario;
    std::vector<std::string> all, elsewhere;
    for (const auto& destination : destinations) {
        all.push_back(destination.name.empty() ? destination.text() : destination.name + "=" + destination.text());
        const auto& at = destination.server.at;
        if (!std::all_of(at.begin(), at.end(), net::is_this_machine)) {
            elsewhere.push_back(net::describe(destination.server));
        }
    }
    if (!quiet_) {
        const auto because = loaded.instead_of.empty()
                                 ? ""
                                 : fmt::format(" (the target's scheme; the scenario says {})", loaded.instead_of);
        print(standard_error(), "{}: {}, {}, over {}{} to {}\n", scenario.name,
              counted(scenario.lot().fleet.equipments, "equipment"), pace_of(scenario), protocols, because,
              all.empty() ? "the embedded server" : fmt::format("{}", fmt::join(all, ", ")));
    }
    if (elsewhere.empty() || yes_) {
        return true;
    }
    const auto named = fmt::format("{}", fmt::join(elsewhere, ", "));
    if (::isatty(STDIN_FILENO) == 0) {
        print(standard_error(), "--target: {} is not this machine; add --yes if you may load it\n", named);
        return false;
    }
    print(standard_error(), "{} is not this machine. Load it? [y/N] ", named);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

LiveLine::Output RunOptions::output() const {
    return quiet_         ? LiveLine::Output::quiet
           : no_progress_ ? LiveLine::Output::announcements
                          : LiveLine::output_of_stderr();
}

bool RunOptions::machine_carries(const std::vector<const run::Order*>& orders) const {
    const auto facts = run::look();
    std::vector<std::string> told;
    bool carries = true;
    const auto tell_once = [&told](std::string text) {
        if (std::find(told.begin(), told.end(), text) == told.end()) {
            show(standard_error(), text);
            told.push_back(std::move(text));
        }
    };
    for (const auto* order : orders) {
        auto findings = run::examine(facts, run::needs_of(*order, facts));
        if (run::can_run(findings)) {
            continue;
        }
        findings.erase(std::remove_if(findings.begin(), findings.end(),
                                      [](const auto& each) { return each.health != run::Health::bad; }),
                       findings.end());
        carries = false;
        tell_once(run::format_findings(findings));
    }
    if (!carries) {
        print(standard_error(), "portillon: {} cannot run on this machine as it is; nothing was sent\n",
              orders.front()->scenario.name);
    }
    return carries;
}

report::Style style_for(const StandardStream& stream) {
    const bool coloured = ::isatty(stream.descriptor()) != 0 && std::getenv("NO_COLOR") == nullptr;
    return coloured ? report::Style::coloured : report::Style::plain;
}

std::size_t columns_for(const StandardStream& stream) {
    winsize size{};
    return ::ioctl(stream.descriptor(), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col
                                                                                   : report::terminal_columns;
}

std::vector<std::string> command_line() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');) {
        words.push_back(word);
    }
    if (!words.empty()) {
        words[0] = "portillon";
    }
    return words;
}

}  // namespace portillon::cmd
