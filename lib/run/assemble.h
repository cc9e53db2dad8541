#pragma once

// From what the processes brought home to one report. Pure.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/result.h"
#include "link/link.pb.h"
#include "net/faults/faulty_dialer.h"
#include "report/model.h"
#include "run/ledger_client.h"
#include "run/order.h"
#include "run/so_far.h"
#include "run/verdict.h"

namespace portillon::run {

// What was done by one lot, whose run is the server's.
struct LotAccount {
    RunId run{};
    fleet::Result fleet;                   // of the generator's shards that lived, merged
    std::vector<net::Injected> injected;   // by the network faults' places
    std::map<std::size_t, Struck> struck;  // by the server faults' places in the scenario
    std::optional<LedgerAccount> ledger;
};

// Everything that was observed of a lot, whoever observed it. What lots share (processes, machines, the server) is told
// of each.
struct Gathered {
    LotAccount lot;
    std::string target;  // as the report names it
    std::string started_at;
    link::v1::Usage usage;  // of the generator's shards that lived, summed
    unsigned shards = 0;    // of the generator
    std::optional<ServerFigures> server_before, server_at_t0, server_after_drain;  // before: the first dial
    Nanos generating{};  // from T0 to the end of the last stage, or to the interruption
    Nanos ended{};       // from T0 to the end of the drain
    Observed observed;   // for the verdict; what follows from the other members is filled in here
    bool complete = true;
    std::optional<Breach> aborted_by;  // what ended it early
    // That the target may still keep, those of dead shards included; absent where it keeps none, or ended with the run.
    std::optional<std::uint64_t> sessions_left;
};

// `order` has the lot alone.
report::RunReport assemble(const Order& order, const Gathered& gathered);

// Counts that only some scenarios have: retries put off by a budget, openings of a circuit breaker.
void set_conditional(account::KnownCounts& into, const scenario::Scenario& scenario, const account::Counts& counted);

// What sets the options of a protocol apart from their defaults: "qos=0, version=3.1.1"; empty if nothing does.
std::string variant_of(const nlohmann::json& options, std::string_view options_schema);

}  // namespace portillon::run
