#pragma once

// Makes the report of a lot from the results of generators and server. Pure.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/result.h"
#include "link/link.pb.h"
#include "net/faults/faulty_dialer.h"
#include "report/model.h"
#include "run/command_faults.h"
#include "run/ledger_client.h"
#include "run/order.h"
#include "run/so_far.h"
#include "run/verdict.h"

namespace portillon::run {

// The results of one lot: the generators' and the server's.
struct LotAccount {
    RunId run{};
    fleet::Result fleet;                          // the merged results of the generator's shards that lived
    std::vector<net::faults::Injected> injected;  // what each network fault did, in the order of network_faults_of()
    // What each server fault struck, by the fault's place in the scenario.
    std::map<std::size_t, report::Injected> struck;
    std::optional<LedgerAccount> ledger;
};

// Everything that was observed of a lot. Figures of what lots share (processes, machines, the server) are in each lot's
// Gathered.
struct Gathered {
    LotAccount lot;
    std::string target;  // as the report names it
    std::string started_at;
    link::v1::Usage usage;  // the sum over the generator's shards that lived
    unsigned shards = 0;    // of the generator
    std::optional<ServerFigures> server_before, server_at_t0,
        server_after_drain;  // server_before: before the first dial
    Nanos generating{};      // from T0 to the end of the last stage, or to the interruption
    Nanos ended{};           // from T0 to the end of the drain
    Observed observed;       // for the verdict; assemble() adds what follows from the other members
    ExecutedCommands commands;
    bool complete = true;
    std::optional<Breach> aborted_by;  // the threshold that ended the run early
    std::string ended_because;         // another reason, see report::Verdict
    // Sessions that the target may still keep, those of dead shards included. Absent if the protocol leaves none, or if
    // the target ended with the run.
    std::optional<std::uint64_t> sessions_left;
};

// The scenario of `order` has only this lot.
report::RunReport assemble(const Order& order, const Gathered& gathered);

// Sets the counts that only some scenarios have: retries put off by a budget, openings of a circuit breaker.
void set_conditional(account::KnownCounts& into, const scenario::Scenario& scenario, const account::Counts& counted);

}  // namespace portillon::run
