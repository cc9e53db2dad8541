#include "run/generator_plan.h"

#include <algorithm>
#include <cmath>

#include "run/phases.h"
#include "run/routes.h"

namespace portillon::run {

namespace {

constexpr std::uint64_t closed_loop_sequences = 1ULL << 33;  // for which a ledger makes room, all equipments together

wire::Encoding encoding_of(scenario::Encoding asked, wire::Encoding native) {
    switch (asked) {
        case scenario::Encoding::json:
            return wire::Encoding::json;
        case scenario::Encoding::protobuf:
            return wire::Encoding::protobuf;
        case scenario::Encoding::native:
            break;
    }
    return native;
}

// The most validations that any equipment can have.
std::uint64_t most_sequences(const scenario::Scenario& scenario) {
    const auto& arrival = scenario.lot().traffic.arrival;
    const double total = stages_of(scenario.lot().traffic).total();
    switch (arrival.kind) {
        case arrival::Kind::closed:
            return std::max<std::uint64_t>(1000, closed_loop_sequences / scenario.lot().fleet.equipments);
        // Twelve standard deviations above the mean will never be seen.
        case arrival::Kind::poisson:
            return static_cast<std::uint64_t>(total + 12 * std::sqrt(total) + 64);
        case arrival::Kind::burst:
            return static_cast<std::uint64_t>(total) + 2 * arrival.burst_size + 2;
        case arrival::Kind::trace:
            return std::max<std::uint64_t>(1, arrival.trace->busiest());
        case arrival::Kind::periodic:
            break;
    }
    return static_cast<std::uint64_t>(total) + 2;
}

generator::LotPlan lot_plan(const Order& order, const scenario::Scenario& scenario, const Destination& destination,
                            RunId run) {
    const scenario::Lot& lot = scenario.lot();
    const auto options = scenario.protocols.find(order.protocol->name);
    return {.lot = {.run = run,
                    .seed = scenario.seed,
                    .equipments = lot.fleet.equipments,
                    .schedule = schedule_of(scenario),
                    .start = lot.fleet.start,
                    .payload_bytes = static_cast<std::uint32_t>(lot.traffic.payload.bytes.count),
                    .encoding = encoding_of(lot.traffic.payload.encoding, destination.traits.native),
                    .delivery = lot.delivery,
                    .debris = destination.ends_with_run ? plan::Debris::left : plan::Debris::removed,
                    .cuts = cuts_of(scenario)},
            .protocol = order.protocol->name,
            .options = options == scenario.protocols.end() ? nlohmann::json::object() : options->second,
            .target = destination.target.url,
            .routes = plan_routes(destination.target, order.source_addresses, lot.fleet.equipments,
                                  destination.ports_per_address),
            .network_faults = network_faults_of(scenario)};
}

}  // namespace

generator::Plan generator_plan(const Order& order, const Destination& destination, std::span<const RunId> runs) {
    generator::Plan plan;
    for (std::size_t lot = 0; lot < order.scenario.lots.size(); ++lot) {
        plan.lots.push_back(lot_plan(order, scenario::alone(order.scenario, lot), destination, runs[lot]));
    }
    return plan;
}

plan::RunSpec run_spec(const scenario::Scenario& scenario, RunId run) {
    plan::RunSpec spec{
        .run = run,
        .payload = {scenario.seed, static_cast<std::uint32_t>(scenario.lot().traffic.payload.bytes.count)},
        .equipments = scenario.lot().fleet.equipments,
        .sequences = most_sequences(scenario),
        .measured = schedule_of(scenario).stages().measured_windows()};
    const auto segments = segments_of(scenario);
    for (const auto& segment : segments.list()) {
        spec.segments.push_back({segment.from, segment.to});
    }
    return spec;
}

}  // namespace portillon::run
