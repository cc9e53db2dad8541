#pragma once

// The admin endpoint without its sockets: requests in, answers out (README.md beside it documents them). Owns the
// server's runs and faults, and tells the shards of every change.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/facts.h"
#include "net/task_group.h"
#include "server/runs.h"
#include "server/shard_group.h"
#include "server/shared_figures.h"

namespace portillon::server::admin {

struct AdminRequest {
    std::string method;  // "GET"
    std::string target;  // "/v1/runs/0123456789abcdef"
    std::string body;
};

struct AdminAnswer {
    unsigned status = 200;
    std::string body;        // JSON
    std::string allow = {};  // with a 405: the methods of this resource
};

// The largest body of a request to `target`: only reconciliation's is long.
std::size_t most_body_bytes(std::string_view target);

class Admin {
public:
    struct About {
        std::string version;
        std::map<std::string, std::string> listeners;  // name: "host:port"
        std::function<host::Facts()> look;             // what the machine says of itself when it is called
    };

    Admin(net::Loop& loop, ShardGroup& shards, SharedFigures shared_figures, About about);

    net::Task<AdminAnswer> respond(AdminRequest request);

    // From now on no shard is killed or started. Completes when no such work is under way; await it before destruction.
    net::Task<void> stop();

private:
    net::Task<AdminAnswer> respond_to_run(AdminRequest request, std::string run, std::string verb);
    net::Task<AdminAnswer> open_run(std::string body);
    net::Task<AdminAnswer> freeze(RunId id, Nanos within);
    net::Task<AdminAnswer> close_run(RunId id);
    net::Task<AdminAnswer> set_fault(std::string body);
    net::Task<AdminAnswer> clear_faults();
    net::Task<void> break_shards(Fault fault);
    bool stands(std::uint64_t fault) const;
    std::vector<unsigned> to_kill(FaultKind kind) const;
    ShardGroup::Inheritance inheritance() const;
    std::uint32_t free_share() const;
    AdminAnswer health() const;
    AdminAnswer figures() const;
    AdminAnswer faults() const;
    AdminAnswer start(Run& run, std::string_view body) const;
    AdminAnswer describe(const Run& run) const;
    AdminAnswer reconcile(const Run& run, std::string_view body) const;

    net::Loop& loop_;
    ShardGroup& shards_;
    SharedFigures shared_figures_;
    About about_;
    Runs runs_;
    std::vector<Fault> faults_;
    std::uint64_t fault_ids_ = 0;
    std::map<std::uint64_t, net::Wakeup*> breaking_;  // the wakeups of faults at work, by the fault's id
    enum class State : std::uint8_t { serving, stopping } state_ = State::serving;
    net::TaskGroup tasks_;
};

}  // namespace portillon::server::admin
