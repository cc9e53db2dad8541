#pragma once

// The ledger that a server keeps of the run of one lot: what arrived, when, and what the server's faults have struck.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/ledger_account.h"
#include "host/facts.h"
#include "net/task.h"
#include "plan/run_spec.h"
#include "report/model.h"
#include "scenario/scenario.h"

namespace portillon::run {

using account::LedgerAccount;
using account::SegmentAccount;

// The server's own figures at one instant.
struct ServerFigures {
    double cpu_s = 0;
    std::uint64_t rss_bytes = 0;
    std::optional<std::uint64_t> private_bytes = 0;  // absent if the server does not tell it
    unsigned shards = 0;
    std::uint64_t turned_away = 0;         // connections refused because a shard could hold no more
    std::vector<std::string> dead_shards;  // "server shard 1 (pid 4711)"
    unsigned living = 0;                   // shards that live
    std::optional<host::Facts> host;       // facts of its machine; absent if the server does not tell them
};

// A function that returns a text returns the problem in words, or an empty text if there is none.
class Ledger {
public:
    virtual ~Ledger() = default;

    // Opens the ledger; without segments if the server refuses them.
    virtual net::Task<std::string> open(plan::RunSpec spec) = 0;
    virtual net::Task<std::string> start(Instant t0) = 0;
    // `place`: the fault's place in the scenario.
    virtual net::Task<std::string> set_fault(scenario::Fault fault, std::size_t place, Instant t0) = 0;
    // How much each fault that was set has struck, by the fault's place; without faults that the server has forgotten.
    virtual net::Task<std::map<std::size_t, report::Injected>> struck() = 0;
    // The figures of the whole server; nothing if it did not answer.
    virtual net::Task<std::optional<ServerFigures>> figures() = 0;
    virtual net::Task<std::optional<std::uint64_t>> arrived() = 0;  // validations so far, any copy
    virtual net::Task<std::string> freeze(Nanos within) = 0;
    // `problem` outlives the call.
    virtual net::Task<std::optional<LedgerAccount>> reconcile(account::Generated generated, std::string& problem) = 0;
    virtual net::Task<std::string> close() = 0;
};

}  // namespace portillon::run
