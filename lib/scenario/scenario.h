#pragma once

// A resolved scenario, in which every key has its value. `portillon schema scenario` describes the text; parse.h reads
// it.

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

enum class Shape : std::uint8_t { step, ramp };  // ramp: from the rate of the stage before (or 0) to the stage's own

struct TrafficStage {
    Nanos duration{};
    Rate rate;  // per equipment; has no meaning for closed arrivals
    Shape shape = Shape::step;
    arrival::Measure measure = arrival::Measure::on;
    std::string name = {};  // empty: the stage is called by its number (stage_names())
    bool operator==(const TrafficStage&) const = default;
};

enum class Encoding : std::uint8_t { native, json, protobuf };  // native: the usual one of the protocol

struct Payload {
    Bytes bytes{100};  // of one validation in its protobuf form
    Encoding encoding = Encoding::native;
    bool operator==(const Payload&) const = default;
};

struct Traffic {
    arrival::Arrival arrival;  // for kind trace, attach_trace() adds the rows
    std::string trace_file;    // as the scenario names it; for kind trace only
    std::vector<TrafficStage> stages;
    Payload payload;
    bool operator==(const Traffic&) const = default;
};

using FaultKind = faults::Kind;

// A fault of the server (server/fault.h), or of the network (faults::NetworkFault) on a share of the equipments from
// `first` to `last`, or commands that the conductor executes. Each member names the kinds that use it.
struct Fault {
    FaultKind kind = FaultKind::stall;
    Nanos at{};                                           // since T0
    Nanos during{};                                       // key `for`
    Nanos delay{};                                        // delay, slow, latency
    std::uint64_t count{};                                // kinds that strike validations or messages; 0: no limit
    std::uint32_t one_in{};                               // the same kinds; 0: the server's default
    std::uint64_t validations_per_s{};                    // limit; key `rate`
    Nanos retry_after{};                                  // throttle
    double share_percent = 100;                           // this and the next: all network faults
    std::uint32_t first = 1, last = 0;                    // key `equipments`; last 0: all
    Nanos jitter{};                                       // latency
    Bytes rate{};                                         // bandwidth, slow_read; in a second
    Nanos every{};                                        // reset, close, goaway with `for`
    Nanos up{}, down{};                                   // flapping
    faults::Direction direction = faults::Direction::up;  // one_way
    std::string run = {}, until = {};                     // command; faults::split_words() can read them
    Nanos time_limit{};                                   // command, for each of the two; key `limit`
    bool operator==(const Fault&) const = default;
};

struct Threshold {
    enum class Breach : std::uint8_t { judged_at_end, aborts };  // aborts: ends the run as soon as it is noticed

    std::string metric;  // "response", "response{stage:peak}"
    std::string expression;
    int line = 0;  // its line in the scenario; 0 if it came from elsewhere
    Breach breach = Breach::judged_at_end;
    Nanos abort_not_before{};  // since T0
    gate::Origin origin = gate::Origin::written;

    // The line does not matter for equality.
    bool operator==(const Threshold& other) const {
        return metric == other.metric && expression == other.expression && breach == other.breach &&
               abort_not_before == other.abort_not_before && origin == other.origin;
    }
};

// Equipments that share traffic, payload, delivery and protocol.
struct Lot {
    std::string protocol;  // used if the command line names none
    Fleet fleet;
    Traffic traffic;
    plan::Delivery delivery;
    bool operator==(const Lot&) const = default;
};

struct Scenario {
    std::string name;
    std::string description;
    std::uint64_t seed = 1;
    std::vector<Lot> lots{Lot{}};                     // at least one; so far a text can describe only one
    std::map<std::string, nlohmann::json> protocols;  // options of every known protocol, with its defaults
    std::vector<Fault> faults;
    std::vector<Threshold> thresholds;  // the default ones if the text has no `thresholds`; none if that key is empty
    bool operator==(const Scenario&) const = default;

    // The only lot of a scenario; asserts that there is one. For code that handles a single lot.
    const Lot& lot() const;
    Lot& lot();
};

// A protocol that a scenario may name.
struct KnownProtocol {
    std::string name;
    std::string options_schema;            // JSON Schema of its options, an object, with defaults; no $ref
    unsigned descriptors_per_session = 1;  // on the generator's side
};

// The same scenario with only the lot at `place`. A scenario of several lots is as many scenarios of one lot each,
// which run together.
Scenario alone(const Scenario& scenario, std::size_t place);

// The name of each stage: "stage 2" if the scenario gives it none.
std::vector<std::string> stage_names(const Traffic& traffic);

// The stages as schedules take them, with the first rate of each ramp filled in.
arrival::Stages stages_of(const Traffic& traffic);

// The fleet's schedules: the same in every process that is given the same scenario.
arrival::Schedule schedule_of(const Scenario& scenario);

// Describes a fault in a few words: "latency 50ms", "reset every 100ms", "lose 137".
std::string summary_of(const Fault& fault);

// The network faults of the scenario, each with its place among all faults. The same scenario gives the same list.
std::vector<faults::NetworkFault> network_faults_of(const Scenario& scenario);

// Whether the scenario has a fault of the server. Such a run needs the embedded server, or a server with a ledger.
bool has_server_faults(const Scenario& scenario);

// The commands that the faults of the scenario execute on this machine, in the order of the scenario, each once.
std::vector<std::string> commands_of(const Scenario& scenario);

// The fewest shards that the server needs: two if a fault kills one, so that another is left.
unsigned fewest_server_shards(const Scenario& scenario);

// How many equipments a fault of the network hits.
std::uint32_t count_hit(const Scenario& scenario, const faults::NetworkFault& fault);

// When the last equipment of the fleet starts, since T0.
Nanos last_start(const Fleet& fleet);

// The words of the scenario's text.
std::string_view name_of(arrival::Kind kind);
std::string_view name_of(Shape shape);
std::string_view name_of(Encoding encoding);
std::string_view name_of(plan::Order order);
std::string_view name_of(plan::Jitter jitter);
std::string_view name_of(plan::Overflow overflow);
std::string_view name_of(faults::Direction direction);

}  // namespace portillon::scenario
