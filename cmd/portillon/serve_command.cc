#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "net/port_reservation.h"
#include "print.h"
#include "protocols.h"
#include "scenario_options.h"
#include "service/serve.h"
#include "version.h"

namespace portillon::cmd {

namespace {

struct ServeArguments {
    std::vector<std::string> listen;
    std::string admin = "127.0.0.1:9090";
    std::string admin_token;
    unsigned shards = 1;
    std::string max_packet = "1MiB";
    std::string max_header_list = "16KiB";
    std::uint32_t max_streams = server::Limits{}.streams;
    std::uint32_t max_connections = server::Limits{}.connections;
    std::string first_byte = "10s";
    std::string idle = "0s";
    int link_fd = -1;
    bool ready_json = false;
};

const std::map<std::string, std::string>& default_listeners() {
    static const std::map<std::string, std::string> defaults{
        {"mqtt", "127.0.0.1:1883"}, {"http2", "127.0.0.1:8080"}, {"grpc", "127.0.0.1:50051"}};
    return defaults;
}

std::string known_listeners() {
    std::string names;
    for (const auto& kind : listener_kinds()) {
        names += (names.empty() ? "" : ", ") + kind.name;
    }
    return names;
}

class Reading {
public:
    explicit Reading(const ServeArguments& arguments) : arguments_(arguments) {}

    Checked<service::ServeOptions> options() {
        service::ServeOptions options;
        read_listeners(options);
        read_admin(options);
        check_addresses();
        options.shards = arguments_.shards;
        options.limits = {.packet_bytes = size("--max-packet", arguments_.max_packet),
                          .header_list_bytes = size("--max-header-list", arguments_.max_header_list),
                          .streams = arguments_.max_streams,
                          .connections = arguments_.max_connections,
                          .first_byte = duration("--first-byte", arguments_.first_byte),
                          .idle = duration("--idle", arguments_.idle)};
        options.version = version();
        options.parent_link = arguments_.link_fd;
        options.ready =
            arguments_.ready_json ? service::ServeOptions::Ready::json : service::ServeOptions::Ready::plain;
        if (!problems_.empty()) {
            return problems_;
        }
        return options;
    }

private:
    void problem(const std::string& option, const std::string& message) {
        problems_.push_back({.source = option, .line = 0, .key = {}, .message = message});
    }

    void read_listeners(service::ServeOptions& options) {
        auto wanted = arguments_.listen;
        if (wanted.empty()) {
            for (const auto& kind : listener_kinds()) {
                if (const auto found = default_listeners().find(kind.name); found != default_listeners().end()) {
                    wanted.push_back(found->first + "=" + found->second);
                }
            }
        }
        for (const auto& each : wanted) {
            const auto equals = std::min(each.find('='), each.size());
            const std::string name = each.substr(0, equals);
            const auto endpoint = net::parse_endpoint(each.substr(std::min(equals + 1, each.size())));
            const bool known = std::any_of(listener_kinds().begin(), listener_kinds().end(),
                                           [&](const auto& kind) { return kind.name == name; });
            if (!known) {
                problem("--listen " + each,
                        fmt::format("no listener is named '{}' (allowed: {})", name, known_listeners()));
            } else if (!endpoint) {
                problem("--listen " + each,
                        "must be NAME=HOST:PORT, as mqtt=127.0.0.1:1883: " + endpoint.problems().front().message);
            } else if (!options.listeners.emplace(name, *endpoint).second) {
                problem("--listen " + each, "one address per listener");
            } else {
                addresses_.push_back({"--listen " + each, *endpoint});
            }
        }
    }

    void read_admin(service::ServeOptions& options) {
        const auto endpoint = net::parse_endpoint(arguments_.admin);
        if (!endpoint) {
            problem("--admin " + arguments_.admin,
                    "must be HOST:PORT, as 127.0.0.1:9090: " + endpoint.problems().front().message);
            return;
        }
        addresses_.push_back({"--admin " + arguments_.admin, *endpoint});
        options.admin = *endpoint;
        options.admin_token = arguments_.admin_token;
        if (!net::is_loopback(*endpoint) && options.admin_token.empty()) {
            problem("--admin " + arguments_.admin,
                    "needs a token beyond loopback: set PORTILLON_ADMIN_TOKEN, or --admin-token");
        }
    }

    // The kernel would allow addresses that share a port to be bound although they take each other's connections.
    void check_addresses() {
        for (auto each = addresses_.begin(); each != addresses_.end(); ++each) {
            const auto other = std::find_if(addresses_.begin(), each,
                                            [&](const auto& before) { return net::overlap(before.at, each->at); });
            if (other != each) {
                problem(each->option,
                        fmt::format("takes the same connections as {} (allowed: another port, or 0 for any)",
                                    other->option));
            } else if (each->at.address().is_multicast()) {
                problem(each->option, "is an address of many machines (allowed: one of this machine's)");
            } else if (const auto free = net::PortReservation::make(each->at); !free) {
                problem(each->option, why_not(free.error()));
            }
        }
    }

    static std::string why_not(const error_code& error) {
        if (error == boost::system::errc::address_in_use) {
            return "is in use by another program (allowed: another port, or 0 for any; ss -ltnp lists who listens)";
        }
        if (error == boost::system::errc::address_not_available) {
            return "is not an address of this machine (allowed: one that ip addr lists, or 0.0.0.0 or [::] for all)";
        }
        if (error == boost::system::errc::permission_denied) {
            return "is a port for root (allowed: 1024 and more; or CAP_NET_BIND_SERVICE)";
        }
        return "cannot be listened at: " + error.message();
    }

    std::uint32_t size(const std::string& option, const std::string& text) {
        const auto bytes = parse_bytes(text);
        if (!bytes || bytes->count == 0 || bytes->count > (1U << 30)) {
            problem(option + " " + text, "must be a size from 1B to 1GiB, as 64KiB");
            return 1;
        }
        return static_cast<std::uint32_t>(bytes->count);
    }

    Nanos duration(const std::string& option, const std::string& text) {
        const auto duration = parse_duration(text);
        if (!duration) {
            problem(option + " " + text, "must be a duration, as 10s");
        }
        return duration.value_or(0s);
    }

    struct Listening {
        std::string option;  // as typed
        net::Endpoint at;
    };

    const ServeArguments& arguments_;
    std::vector<Listening> addresses_;
    Problems problems_;
};

Exit serve(const ServeArguments& arguments) {
    const auto options = Reading(arguments).options();
    if (!options) {
        print_problems(options.problems());
        return Exit::usage;
    }
    const auto served = service::serve(*options);
    if (!served.problem.empty()) {
        print(standard_error(), "portillon: {}\n", served.problem);
        return Exit::failed;
    }
    return served.ended_by == SIGHUP ? Exit::hung_up : Exit::passed;
}

}  // namespace

void add_serve_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("serve", "Start the reference server, until Ctrl-C or SIGTERM");
    const auto arguments = std::make_shared<ServeArguments>();
    command
        ->add_option("--listen", arguments->listen,
                     "repeatable; port 0: any. Default: mqtt=127.0.0.1:1883, http2=127.0.0.1:8080, "
                     "grpc=127.0.0.1:50051")
        ->type_name("NAME=HOST:PORT");
    command->add_option("--admin", arguments->admin, "where the admin endpoint listens")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    command->add_option("--admin-token", arguments->admin_token, "token of admin requests; required beyond loopback")
        ->type_name("TOKEN")
        ->envname("PORTILLON_ADMIN_TOKEN");
    command->add_option("--shards", arguments->shards, "server processes, which share the connections")
        ->check(CLI::Range(1U, 64U))
        ->capture_default_str();
    command->add_option("--max-packet", arguments->max_packet, "largest message or request body")
        ->type_name("SIZE")
        ->capture_default_str();
    command->add_option("--max-header-list", arguments->max_header_list, "HTTP/2: largest header list")
        ->type_name("SIZE")
        ->capture_default_str();
    command->add_option("--max-streams", arguments->max_streams, "HTTP/2: streams at once; MQTT 5: receive maximum")
        ->check(CLI::Range(1U, 65'535U))
        ->capture_default_str();
    command->add_option("--max-connections", arguments->max_connections, "connections of each process")
        ->check(CLI::Range(1U, std::numeric_limits<std::uint32_t>::max()))
        ->capture_default_str();
    command->add_option("--first-byte", arguments->first_byte, "from accepting to a complete greeting")
        ->type_name("DURATION")
        ->capture_default_str();
    command->add_option("--idle", arguments->idle, "longest silence of a connection; 0s: no limit")
        ->type_name("DURATION")
        ->capture_default_str();
    command->add_option("--link-fd", arguments->link_fd)->group("");
    command->add_flag("--ready-json", arguments->ready_json)->group("");
    command->footer(
        "Ctrl-C or SIGTERM stops it with exit code 0; SIGHUP (a closed terminal) with 129, but not under nohup.\n"
        "Example: portillon serve --listen mqtt=0.0.0.0:1883 --shards 2");
    command->callback([arguments, &exit] { exit = serve(*arguments); });
}

}  // namespace portillon::cmd
