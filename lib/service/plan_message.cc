#include "service/plan_message.h"

#include <fmt/format.h>

#include <algorithm>

#include "service/fault_message.h"

namespace portillon::service {

namespace {

void write_limits(const server::Limits& limits, link::v1::ServerLimits& into) {
    into.set_packet_bytes(limits.packet_bytes);
    into.set_header_list_bytes(limits.header_list_bytes);
    into.set_streams(limits.streams);
    into.set_connections(limits.connections);
    into.set_first_byte_ns(limits.first_byte.count());
    into.set_idle_ns(limits.idle.count());
}

server::Limits read_limits(const link::v1::ServerLimits& from, Problems& problems) {
    const server::Limits limits{.packet_bytes = from.packet_bytes(),
                                .header_list_bytes = from.header_list_bytes(),
                                .streams = from.streams(),
                                .connections = from.connections(),
                                .first_byte = Nanos{from.first_byte_ns()},
                                .idle = Nanos{from.idle_ns()}};
    if (limits.streams == 0 || limits.connections == 0 || limits.first_byte < 0ns || limits.idle < 0ns) {
        problems.push_back({"", 0, "limits", "one of them is out of range"});
    }
    return limits;
}

std::vector<Listening> read_listeners(const link::v1::ServerPlan& from, Problems& problems) {
    std::vector<Listening> listeners;
    for (const auto& message : from.listeners()) {
        if (const auto at = net::parse_endpoint(message.endpoint())) {
            listeners.push_back({message.listener(), *at});
        } else {
            problems.push_back({"", 0, message.listener(), at.problems().front().message});
        }
    }
    return listeners;
}

std::vector<server::Fault> read_faults(const link::v1::ServerPlan& from, Problems& problems) {
    std::vector<server::Fault> faults;
    for (const auto& message : from.faults()) {
        if (const auto fault = read_fault(message)) {
            faults.push_back(*fault);
        } else {
            problems.push_back(fault.problems().front());
        }
    }
    return faults;
}

}  // namespace

link::v1::LinkMessage write_plan(const Plan& plan) {
    link::v1::LinkMessage message;
    auto& into = *message.mutable_server_plan();
    into.set_shard(plan.shard);
    into.set_shards(plan.shards);
    for (const auto& listening : plan.listeners) {
        auto& listener = *into.add_listeners();
        listener.set_listener(listening.listener);
        listener.set_endpoint(net::format_endpoint(listening.at));
    }
    write_limits(plan.limits, *into.mutable_limits());
    into.set_figures(plan.figures);
    into.set_mesh(plan.mesh);
    into.set_gives_way(plan.gives_way);
    for (const unsigned dead : plan.dead) {
        into.add_dead(dead);
    }
    for (const auto& run : plan.runs) {
        into.add_runs(run);
    }
    for (const auto& fault : plan.faults) {
        write_fault(fault, *into.add_faults());
    }
    return message;
}

Checked<Plan> read_plan(const link::v1::ServerPlan& message) {
    Problems problems;
    const Plan plan{.shard = message.shard(),
                    .shards = message.shards(),
                    .listeners = read_listeners(message, problems),
                    .limits = read_limits(message.limits(), problems),
                    .figures = message.figures(),
                    .mesh = message.mesh(),
                    .gives_way = message.gives_way(),
                    .dead = {message.dead().begin(), message.dead().end()},
                    .runs = {message.runs().begin(), message.runs().end()},
                    .faults = read_faults(message, problems)};
    if (plan.shard >= plan.shards ||
        std::ranges::any_of(plan.dead, [&](unsigned dead) { return dead >= plan.shards; })) {
        problems.push_back({"", 0, "shard", fmt::format("there are {} only", plan.shards)});
    }
    if (plan.shards > 1 && plan.mesh.empty()) {
        problems.push_back({"", 0, "mesh", "shards that cannot find each other"});
    }
    if (!problems.empty()) {
        return problems;
    }
    return plan;
}

}  // namespace portillon::service
