#pragma once

// A scenario, resolved: every key has its value. Contract: portillon schema scenario; parse.h makes one from text.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "arrival/schedule.h"
#include "base/units.h"
#include "faults/kinds.h"
#include "faults/network_fault.h"
#include "gate/threshold.h"
#include "plan/delivery.h"
#include "plan/start.h"

namespace portillon::scenario {

inline constexpr std::uint32_t max_equipments = 1'000'000;

struct Fleet {
    std::uint32_t equipments = 1;
    plan::Start start;
    bool operator==(const Fleet&) const = default;
};

enum class Shape : std::uint8_t { step, ramp };  // ramp: from the rate before (0 in front of the first) to its own

struct TrafficStage {
    Nanos duration{};
    Rate rate;  // per equipment; without meaning to closed arrivals
    Shape shape = Shape::step;
    arrival::Measure measure = arrival::Measure::on;
    std::string name = {};  // empty: its number says it (stage_names())
    bool operator==(const TrafficStage&) const = default;
};

enum class Encoding : std::uint8_t { native, json, protobuf };  // native: what the protocol's users would send

struct Payload {
    Bytes bytes{100};  // of one validation in its protobuf form
    Encoding encoding = Encoding::native;
    bool operator==(const Payload&) const = default;
};

struct Traffic {
    arrival::Arrival arrival;  // a trace's rows: attach_trace()
    std::string trace_file;    // as the scenario names it; kind trace only
    std::vector<TrafficStage> stages;
    Payload payload;
    bool operator==(const Traffic&) const = default;
};

using FaultKind = faults::Kind;

// Of the server: as server/fault.h says. Of the network: as faults::NetworkFault says, on a share of the equipments
// from `first` to `last`.
struct Fault {
    FaultKind kind = FaultKind::stall;
    Nanos at{};                                           // since T0
    Nanos during{};                                       // key `for`
    Nanos delay{};                                        // delay, slow, latency
    std::uint64_t count{};                                // of validations and messages; 0: all of them
    std::uint32_t one_in{};                               // of validations and messages; 0: as the server has it
    std::uint64_t validations_per_s{};                    // limit; key `rate`
    Nanos retry_after{};                                  // throttle
    double share_percent = 100;                           // from here on: of the network
    std::uint32_t first = 1, last = 0;                    // key `equipments`; last 0: all
    Nanos jitter{};                                       // latency
    Bytes rate{};                                         // a second: bandwidth, slow_read
    Nanos every{};                                        // reset, close, goaway with `for`
    Nanos up{}, down{};                                   // flapping
    faults::Direction direction = faults::Direction::up;  // one_way
    bool operator==(const Fault&) const = default;
};

struct Threshold {
    enum class Breach : std::uint8_t { judged_at_end, aborts };  // aborts: the run, as soon as it is seen

    std::string metric;  // "response", "response{stage:peak}"
    std::string expression;
    int line = 0;  // where it stands in the scenario; 0 when it came from elsewhere
    Breach breach = Breach::judged_at_end;
    Nanos abort_not_before{};  // since T0
    gate::Origin origin = gate::Origin::written;

    // Where it stands is not what it says.
    bool operator==(const Threshold& other) const {
        return metric == other.metric && expression == other.expression && breach == other.breach &&
               abort_not_before == other.abort_not_before && origin == other.origin;
    }
};

// Equipments that share traffic, payload, delivery and protocol.
struct Lot {
    std::string protocol;  // when the command line names none
    Fleet fleet;
    Traffic traffic;
    plan::Delivery delivery;
    bool operator==(const Lot&) const = default;
};

struct Scenario {
    std::string name;
    std::string description;
    std::uint64_t seed = 1;
    std::vector<Lot> lots{Lot{}};                     // at least one; a text describes exactly one as yet
    std::map<std::string, nlohmann::json> protocols;  // options of every known protocol, its defaults filled in
    std::vector<Fault> faults;
    std::vector<Threshold> thresholds;  // the default ones where the text has no `thresholds`; none where it is empty
    bool operator==(const Scenario&) const = default;

    // The lot of a scenario that has one: for whatever speaks of a scenario as of one lot.
    const Lot& lot() const;
    Lot& lot();
};

// A protocol that a scenario may name.
struct KnownProtocol {
    std::string name;
    std::string options_schema;            // JSON Schema of the object of its options, with defaults; no $ref
    unsigned descriptors_per_session = 1;  // on the generator's side
};

// A scenario of several lots is as many scenarios of one, which run together: the one with the lot at `place` alone.
Scenario alone(const Scenario& scenario, std::size_t place);

// What each stage is called: "stage 2" where it has no name.
std::vector<std::string> stage_names(const Traffic& traffic);

// The rates as schedules take them, with the ramps' first rates filled in.
arrival::Stages stages_of(const Traffic& traffic);

// The fleet's schedules: the same in every process that is given the same scenario.
arrival::Schedule schedule_of(const Scenario& scenario);

// What it is, in a few words: "latency 50ms", "reset every 100ms", "lose 137".
std::string summary_of(const Fault& fault);

// Those of the network, each with its place in the list; every process that is given the same scenario has the same.
std::vector<faults::NetworkFault> network_faults_of(const Scenario& scenario);

// Whether any is of the server, which has to be ours or have a ledger.
bool has_server_faults(const Scenario& scenario);

// How many shards it needs at least: one that may be killed leaves another.
unsigned fewest_server_shards(const Scenario& scenario);

// How many equipments a fault of the network hits.
std::uint32_t count_hit(const Scenario& scenario, const faults::NetworkFault& fault);

// When the last one starts.
Nanos last_start(const Fleet& fleet);

// How the scenario's text spells them.
std::string_view name_of(arrival::Kind kind);
std::string_view name_of(Shape shape);
std::string_view name_of(Encoding encoding);
std::string_view name_of(plan::Order order);
std::string_view name_of(plan::Jitter jitter);
std::string_view name_of(plan::Overflow overflow);
std::string_view name_of(faults::Direction direction);

}  // namespace portillon::scenario
