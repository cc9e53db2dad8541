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

namespace portillon::scenario {

inline constexpr std::uint32_t max_equipments = 1'000'000;

// All equipments connect before T0, `rate` of them per second; those not connected after `within` begin offline.
struct StartByRate {
    Rate rate{10'000};
    Nanos within = 60s;
    bool operator==(const StartByRate&) const = default;
};

// From T0 on, `step` more equipments `every` so long; the first step at T0.
struct StartBySteps {
    std::uint32_t step = 1;
    Nanos every{};
    bool operator==(const StartBySteps&) const = default;
};

using Start = std::variant<StartByRate, StartBySteps>;

struct Fleet {
    std::uint32_t equipments = 1;
    Start start;
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

struct Batching {
    std::uint32_t max = 1;  // validations
    Nanos linger{};         // how long the first of a batch waits for others
    bool operator==(const Batching&) const = default;
};

enum class Order : std::uint8_t { relaxed, strict };  // strict: later batches wait until a retry is settled
enum class Jitter : std::uint8_t { full, none };

struct Retry {
    Nanos base = 100ms;
    Nanos max = 30s;
    Jitter jitter = Jitter::full;
    std::optional<Share> budget = {};  // retries, of first tries; those beyond it wait `max`
    bool operator==(const Retry&) const = default;
};

enum class Overflow : std::uint8_t { oldest, newest };  // which a full cache discards

// After `failures` in a row an equipment tries nothing for `open`, then one thing at a time until one succeeds.
struct Breaker {
    std::uint32_t failures = 0;  // 0: none
    Nanos open = 10s;
    bool operator==(const Breaker&) const = default;
};

struct Delivery {
    Batching batch;
    // Batches. 8: more than a healthy server ever leaves open at the rate of one device, so that the window does not
    // shape the traffic; few enough for a device's memory and for what servers let a client have open (MQTT 5 brokers
    // commonly grant 20 or more, HTTP/2 servers 100).
    std::uint32_t in_flight = 8;
    Order order = Order::relaxed;
    Nanos timeout = 5s;
    Nanos connect_timeout = 10s;
    Bytes cache{2'000'000'000};  // per equipment, counted as validations x payload.bytes
    Overflow overflow = Overflow::oldest;
    std::optional<Rate> pace = {};  // first tries at most, in validations of one equipment; none: as the window allows
    Retry retry;
    Breaker breaker;
    Nanos drain = 30s;
    bool operator==(const Delivery&) const = default;
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

struct Scenario {
    std::string name;
    std::string description;
    std::uint64_t seed = 1;
    std::string protocol;  // when the command line names none
    Fleet fleet;
    Traffic traffic;
    Delivery delivery;
    std::map<std::string, nlohmann::json> protocols;  // options of every known protocol, its defaults filled in
    std::vector<Fault> faults;
    std::vector<Threshold> thresholds;  // the default ones where the text has no `thresholds`; none where it is empty
    bool operator==(const Scenario&) const = default;
};

// A protocol that a scenario may name.
struct KnownProtocol {
    std::string name;
    std::string options_schema;            // JSON Schema of the object of its options, with defaults; no $ref
    unsigned descriptors_per_session = 1;  // on the generator's side
};

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

// When equipment `id` (1..equipments) starts, since T0.
Nanos start_of(const Fleet& fleet, EquipmentId id);

// When the last one starts.
Nanos last_start(const Fleet& fleet);

// How the scenario's text spells them.
std::string_view name_of(arrival::Kind kind);
std::string_view name_of(Shape shape);
std::string_view name_of(Encoding encoding);
std::string_view name_of(Order order);
std::string_view name_of(Jitter jitter);
std::string_view name_of(Overflow overflow);
std::string_view name_of(faults::Direction direction);

}  // namespace portillon::scenario
