#pragma once

// Whether a machine can carry a scenario, before anything is started: what there is, what is needed, what to type. The
// examination is pure; look() asks the kernel.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "run/order.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

namespace portillon::run {

// What the kernel says of the machine and of this process. Absent: this kernel does not say.
struct MachineFacts {
    std::uint64_t descriptors_soft = 0, descriptors_hard = 0;  // of one process
    std::optional<std::uint64_t> descriptors_system, descriptors_in_use;
    unsigned first_port = 32768, last_port = 60999;          // ephemeral
    std::optional<std::uint64_t> accept_backlog;             // of one listener
    std::optional<Bytes> tcp_memory;                         // all sockets together, the most
    std::optional<std::uint64_t> tracked_most, tracked_now;  // connections; absent: not tracked
    Bytes memory_available;                                  // the least of machine and control group
    unsigned cores = 1;                                      // that this process may run on
    std::optional<double> cores_allowed;                     // the control group's quota
    std::string governor;                                    // empty: none to be seen, as in virtual machines
    std::string clock_source;
};

MachineFacts look();

plan::Machine machine_of(const MachineFacts& facts);

// What is to run on it.
struct Needs {
    const scenario::Scenario* scenario = nullptr;  // compressed
    scenario::Plan plan;                           // made with machine_of() the facts
    plan::Server server = plan::Server::embedded;
    bool loopback = true;           // the target is on this machine
    unsigned source_addresses = 0;  // that the target can be called from; 0: as many as it takes on loopback, else 1
    bool on_one_address = false;    // the target is at ::1, and has no network like 127.0.0.0/8 around it
    unsigned shards_wanted = 0;  // where the user gave fewer generator processes: how many it takes; 0: as worked out
};

Needs needs_of(const scenario::Scenario& scenario, unsigned descriptors_per_session, plan::Server server,
               const MachineFacts& facts);

// Of a run as it was asked for, with its target, --shards and --source-address. `order` outlives the needs.
Needs needs_of(const Order& order, const MachineFacts& facts);

enum class Health : std::uint8_t {
    good,
    doubtful,  // it runs, but figures may suffer
    bad,       // it cannot run
};

struct Finding {
    Health health = Health::good;
    std::string what;    // "descriptors of a process"
    std::string there;   // "20,000 (soft limit 1,024, raised by portillon itself)"
    std::string needed;  // "16,867 in each of 3 + 4 processes"; empty without needs
    std::string remedy;  // what to type or to change; empty when good
};

// Everything looked at, in a fixed order; without needs only what is wrong with the machine itself is not good.
std::vector<Finding> examine(const MachineFacts& facts, const std::optional<Needs>& needs);

// A line for each finding, and one more for its remedy.
std::string format_findings(const std::vector<Finding>& findings);

bool can_run(const std::vector<Finding>& findings);

}  // namespace portillon::run
