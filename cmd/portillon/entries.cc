#include "entries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "clock_time.h"
#include "protocols.h"
#include "report/account.h"
#include "run/doctor.h"
#include "run/variant.h"
#include "scenario/plan.h"
#include "words.h"

namespace portillon::cmd {

namespace {

constexpr std::size_t most_rows = 200;

void add_new(Problems& problems, const Problems& more) {
    for (const auto& problem : more) {
        if (std::find(problems.begin(), problems.end(), problem) == problems.end()) {
            problems.push_back(problem);
        }
    }
}

std::vector<std::string> all_protocols() {
    std::vector<std::string> names;
    for (const auto& kind : driver_kinds()) {
        names.push_back(kind.name);
    }
    return names;
}

std::string scheme_of(const std::string& protocol) {
    for (const auto& kind : driver_kinds()) {
        if (kind.name == protocol) {
            return kind.scheme;
        }
    }
    return {};
}

// The protocols for each destination. Problems: a destination that no protocol fits, a protocol that a named server
// does not speak.
std::vector<std::vector<std::string>> fitting(const Loaded& loaded, const std::vector<Destination>& destinations,
                                              const std::vector<std::string>& protocols, Problems& problems) {
    std::vector<std::vector<std::string>> chosen;
    for (const auto& destination : destinations) {
        auto& mine = chosen.emplace_back();
        for (const auto& protocol : protocols.empty() ? all_protocols() : protocols) {
            if (scheme_of(protocol) == destination.server.url.scheme) {
                mine.push_back(protocol);
            }
        }
        if (mine.empty()) {
            problems.push_back({"--target", 0, "",
                                protocols.empty() ? fmt::format("'{}': no protocol has the scheme {}",
                                                                destination.text(), destination.server.url.scheme)
                                                  : fmt::format("'{}' does not fit --protocols {}", destination.text(),
                                                                fmt::join(protocols, ","))});
        } else if (protocols.empty()) {
            const auto preferred = std::find(mine.begin(), mine.end(), loaded.scenario.lot().protocol);
            mine = {preferred == mine.end() ? mine.front() : *preferred};
        }
    }
    for (const auto& protocol : protocols) {
        const auto scheme = scheme_of(protocol);
        if (scheme.empty()) {
            const auto known = all_protocols();
            const auto near = did_you_mean(protocol, known);
            problems.push_back({"--protocols", 0, "",
                                fmt::format("unknown protocol '{}' (allowed: {}){}", protocol, fmt::join(known, ", "),
                                            near.empty() ? "" : "; did you mean " + near + "?")});
            continue;
        }
        std::set<std::string> without;
        for (const auto& destination : destinations) {
            without.insert(destination.name);
        }
        for (const auto& destination : destinations) {
            if (destination.server.url.scheme == scheme) {
                without.erase(destination.name);
            }
        }
        for (const auto& name : without) {
            problems.push_back({"--protocols", 0, "",
                                fmt::format("{} needs a target{} with the URL {}://HOST:PORT", protocol,
                                            name.empty() ? "" : " " + name, scheme)});
        }
    }
    return chosen;
}

// A protocol, to one server.
struct Route {
    std::string protocol;
    std::optional<Destination> destination;
    std::vector<run::Varied> fixed = {};  // what its rows change in the scenario, besides the axes
};

constexpr const char* encoding_key = "traffic.payload.encoding";

// Returns whether the protocol's users send something else than protobuf, so that it would be compared with protocols
// of another encoding.
bool has_other_encoding(const driver::Kind& kind) {
    return kind.traits(nlohmann::json::object()).native != wire::Encoding::protobuf;
}

// All protocols, each with its native encoding. One whose native encoding is not protobuf has a second row with that,
// beside it, if nothing else chooses the encoding.
std::vector<Route> default_routes(const Loaded& base, std::span<const Axis> axes) {
    const bool chosen =
        base.scenario.lot().traffic.payload.encoding != scenario::Encoding::native ||
        std::any_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.key == encoding_key; });
    std::vector<Route> routes;
    for (const auto& kind : driver_kinds()) {
        routes.push_back({kind.name, std::nullopt});
        if (!chosen && has_other_encoding(kind)) {
            routes.push_back({kind.name, std::nullopt, {{encoding_key, "protobuf", "protobuf"}}});
        }
    }
    return routes;
}

std::vector<Route> routes_for(const Loaded& base, const std::vector<Destination>& destinations,
                              const std::vector<std::string>& protocols, std::span<const Axis> axes,
                              Problems& problems) {
    std::vector<Route> routes;
    if (destinations.empty() && protocols.empty()) {
        return default_routes(base, axes);
    }
    if (destinations.empty()) {
        for (const auto& name : protocols) {
            routes.push_back({name, std::nullopt});
        }
        return routes;
    }
    const auto by_destination = fitting(base, destinations, protocols, problems);
    for (std::size_t i = 0; i < destinations.size(); ++i) {
        for (const auto& name : by_destination[i]) {
            routes.push_back({name, destinations[i]});
        }
    }
    return routes;
}

// Notes an axis that none of the routes has, and warns of one that some of them do not have.
void check_axes(std::span<const Axis> axes, const std::vector<Route>& routes, Problems& problems, Problems& warnings) {
    for (const auto& axis : axes) {
        std::vector<std::string> without;
        bool any = false;
        for (const auto& route : routes) {
            if (concerns(axis, route.protocol)) {
                any = true;
            } else if (std::find(without.begin(), without.end(), route.protocol) == without.end()) {
                without.push_back(route.protocol);
            }
        }
        const auto option = "--vary " + axis.key;
        const auto owner = protocol_of(axis.key);
        if (!any && scheme_of(owner).empty()) {
            const auto known = all_protocols();
            problems.push_back({option, 0, "",
                                fmt::format("there is no protocol '{}' (allowed: {}){}", owner, fmt::join(known, ", "),
                                            suggestion(owner, known))});
        } else if (!any) {
            problems.push_back(
                {option, 0, "",
                 fmt::format("{} is not among the protocols that are compared ({})", owner, fmt::join(without, ", "))});
        } else if (!without.empty()) {
            const bool one = without.size() == 1;
            warnings.push_back({option, 0, "",
                                fmt::format("{} {} no such key, so {} no variants of it", fmt::join(without, ", "),
                                            one ? "has" : "have", one ? "it gets" : "they get")});
        }
    }
}

std::string label_of(const std::string& target, const run::Order& order) {
    const auto variant = order.varied.empty() ? std::string{} : run::variant_of(order);
    return (target.empty() ? "" : target + " ") + order.protocol->name + (variant.empty() ? "" : " " + variant);
}

// The warnings that the scenario has only because of what is varied, with what that is.
Problems warnings_of_variant(const Loaded& loaded, const Loaded& base, const run::Order& order) {
    Problems warnings;
    for (auto warning : loaded.warnings) {
        if (std::find(base.warnings.begin(), base.warnings.end(), warning) == base.warnings.end()) {
            warning.message += fmt::format(" (with {})", run::variant_of(order));
            warnings.push_back(std::move(warning));
        }
    }
    return warnings;
}

// Scenarios by their settings: several protocols share a variant.
class Variants {
public:
    Variants(const ScenarioOptions& scenario, const Loaded& base) : scenario_(scenario), base_(base) {}

    const Checked<Loaded>& of(const std::vector<run::Varied>& varied) {
        std::string key;
        for (const auto& [name, value, label] : varied) {
            key += name + '=' + value + '\n';
        }
        const auto found = loaded_.find(key);
        if (found != loaded_.end()) {
            return found->second;
        }
        const auto protocols = known_protocols();
        return loaded_
            .emplace(key, varied.empty() ? Checked(base_) : scenario_.load(protocols, {}, overrides_of(varied)))
            .first->second;
    }

private:
    const ScenarioOptions& scenario_;
    const Loaded& base_;
    std::map<std::string, Checked<Loaded>> loaded_;
};

}  // namespace

void add_protocols_option(CLI::App& app, std::vector<std::string>& protocols, const std::string& names) {
    app.add_option(names, protocols, "Protocols, separated by commas: " + names_of_protocols() + "; all by default")
        ->type_name("A,B,...")
        ->delimiter(',');
}

void add_repeat_option(CLI::App& app, unsigned& repeats) {
    app.add_option("--repeat", repeats,
                   "Repeats of each row, interleaved, in the opposite order each time; a repeat whose measurement is "
                   "invalid is run again, but no more runs are repeated than N in all")
        ->type_name("N")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
}

void add_vary_option(CLI::App& app, std::vector<std::string>& vary) {
    app.add_option("--vary", vary,
                   "Run each row with each of these values of a key of the scenario, such as "
                   "delivery.batch.max=1,10,60; several --vary multiply")
        ->type_name("KEY=V1,V2,...")
        ->allow_extra_args(false);
}

Checked<Entries> entries_for(const ScenarioOptions& scenario, const RunOptions& options, const Loaded& base,
                             const std::vector<Destination>& destinations, const std::vector<std::string>& protocols,
                             std::span<const Axis> axes) {
    Problems problems;
    Entries entries;
    entries.warnings = base.warnings;
    const auto routes = routes_for(base, destinations, protocols, axes, problems);
    check_axes(axes, routes, problems, entries.warnings);
    Variants variants(scenario, base);
    for (const auto& [protocol, destination, fixed] : routes) {
        std::vector<Axis> own;
        std::size_t rows = 1;
        for (const auto& axis : axes) {
            if (concerns(axis, protocol)) {
                own.push_back(axis);
                rows *= std::min(axis.values.size(), most_rows + 1);
            }
        }
        if (entries.rows.size() + rows > most_rows) {
            add_new(problems, {{"--vary", 0, "", fmt::format("more than {} rows", most_rows)}});
            break;
        }
        for (auto& varied : combinations(own)) {
            // The fixed keys set the row's encoding apart; its workload is that of the other rows.
            const auto& without_fixed = variants.of(varied);
            varied.insert(varied.begin(), fixed.begin(), fixed.end());
            const auto& loaded = variants.of(varied);
            auto order = loaded ? options.order(*loaded, protocol, destination, command_line())
                                : Checked<run::Order>(loaded.problems());
            if (!order) {
                add_new(problems, order.problems());
                continue;
            }
            order->workload_digest = without_fixed ? without_fixed->workload_digest : order->workload_digest;
            order->varied = std::move(varied);
            add_new(entries.warnings, warnings_of_variant(*loaded, base, *order));
            const auto name = destination ? destination->name : std::string{};
            auto label = label_of(name, *order);
            entries.rows.push_back({std::move(*order), name, std::move(label)});
        }
    }
    return problems.empty() ? Checked(std::move(entries)) : Checked<Entries>(std::move(problems));
}

Nanos planned_time(const Entry& entry) {
    constexpr std::size_t few_rows = 2;  // too few to matter
    const auto& order = entry.order;
    const auto plan = scenario::plan(order.scenario, 1, order.target ? plan::Server::foreign : plan::Server::embedded,
                                     plan::Machine{}, few_rows);
    return plan.connecting + plan.duration;
}

std::string extent_of(std::span<const Entry> rows, unsigned repeats) {
    Nanos once{0};
    for (const auto& entry : rows) {
        once += planned_time(entry);
    }
    return fmt::format("{} ({}, {}), about {}", counted(rows.size() * repeats, "run"), counted(rows.size(), "row"),
                       counted(repeats, "repeat"), clock_time(std::chrono::ceil<std::chrono::seconds>(once * repeats)));
}

}  // namespace portillon::cmd
