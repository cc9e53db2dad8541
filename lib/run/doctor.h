#pragma once

// Examines, before anything is started, whether a machine can carry a scenario: what there is, what is needed, and what
// to type if that is not enough. The examination is pure; look() asks the kernel.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "run/order.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

namespace portillon::run {

// The kernel's answers about the machine and this process. An absent value means that this kernel does not tell it.
struct MachineFacts {
    std::uint64_t descriptors_soft = 0, descriptors_hard = 0;  // limits of one process
    std::optional<std::uint64_t> descriptors_system, descriptors_in_use;
    unsigned first_port = 32768, last_port = 60999;          // the range of ephemeral ports
    std::optional<std::uint64_t> accept_backlog;             // the limit for one listener
    std::optional<Bytes> tcp_memory;                         // the limit for all sockets together
    std::optional<std::uint64_t> tracked_most, tracked_now;  // tracked connections; absent: they are not tracked
    Bytes memory_available;                                  // on the machine or in the control group: the lesser
    unsigned cores = 1;                                      // the cores that this process may run on
    std::optional<double> cores_allowed;                     // the control group's quota
    std::string governor;                                    // empty: not visible, as in virtual machines
    std::string clock_source;
};

MachineFacts look();

plan::Machine machine_of(const MachineFacts& facts);

// A run, with what it needs of the machine.
struct Needs {
    const scenario::Scenario* scenario = nullptr;  // compressed
    scenario::Plan plan;                           // made for machine_of() of the same facts
    plan::Server server = plan::Server::embedded;
    bool loopback = true;           // the target is on this machine
    unsigned source_addresses = 0;  // addresses that connections can come from; 0: as needed on loopback, else 1
    bool on_one_address = false;    // the target is at ::1, where there is only one source address, unlike 127.0.0.0/8
    unsigned shards_wanted = 0;     // how many generator processes it takes, if the user gave fewer; otherwise 0
};

Needs needs_of(const scenario::Scenario& scenario, unsigned descriptors_per_session, plan::Server server,
               const MachineFacts& facts);

// The needs of a run as the user asked for it, with target, --shards and --source-address. `order` outlives the needs.
Needs needs_of(const Order& order, const MachineFacts& facts);

enum class Health : std::uint8_t {
    good,
    doubtful,  // it runs, but figures may suffer
    bad,       // it cannot run
};

struct Finding {
    Health health = Health::good;
    std::string what;    // "descriptors of a process"
    std::string there;   // what there is: "20,000 (soft limit 1,024, raised by portillon itself)"
    std::string needed;  // what is needed: "16,867 in each of 3 + 4 processes"; empty without needs
    std::string remedy;  // what to type or to change; empty when good
};

// One finding for everything examined, in a fixed order. Without needs, only faults of the machine itself are not good.
std::vector<Finding> examine(const MachineFacts& facts, const std::optional<Needs>& needs);

// One line for each finding, and one more for its remedy.
std::string format_findings(const std::vector<Finding>& findings);

bool can_run(const std::vector<Finding>& findings);

}  // namespace portillon::run
