#pragma once

// The ledger of one run at a server, over its admin endpoint.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "account/figures.h"
#include "arrival/stages.h"
#include "run/admin_client.h"
#include "run/reconcile.h"
#include "scenario/scenario.h"
#include "stats/histogram.h"

namespace portillon::run {

struct RunSpec {
    RunId run{};
    std::uint64_t seed = 0;
    std::uint64_t payload_bytes = 0;
    std::uint32_t equipments = 0;
    std::uint64_t sequences = 0;  // most of any equipment
    std::vector<arrival::Window> measured;
    std::vector<arrival::Window> segments;  // whose figures are wanted apart
};

// The server's own figures at one instant.
struct ServerFigures {
    double cpu_s = 0;
    std::uint64_t rss_bytes = 0;
    std::optional<std::uint64_t> private_bytes = 0;  // absent when the server does not tell it
    unsigned shards = 0;
    std::uint64_t turned_away = 0;         // connections, because there were as many as it can hold
    std::vector<std::string> dead_shards;  // "server shard 1 (pid 4711)"
    unsigned living = 0;                   // of the shards
};

// Of one segment of the run.
struct SegmentAccount {
    std::uint64_t duplicated = 0;
    stats::Histogram end_to_end;
};

// What the server has to say at the end.
struct LedgerAccount {
    account::Counts counts;  // of the ledger
    std::vector<Range> missing, duplicated_ranges, reordered_ranges;
    stats::Histogram end_to_end;
    std::vector<std::uint64_t> delivered_per_s;  // since T0
    std::vector<SegmentAccount> segments;        // as many as were asked for, or none from a server that knows none
};

// By one fault of the server.
struct Struck {
    std::string what;  // "validations", "messages", "connections", "shards"
    std::uint64_t count = 0;
};

// Every call returns a problem in words, or an empty string.
class LedgerClient {
public:
    LedgerClient(net::Loop& loop, net::Located admin, std::string token, RunId run);

    // Without segments if the server refuses them.
    net::Task<std::string> open(RunSpec spec);
    net::Task<std::string> start(Instant t0);
    // `place`: among the scenario's faults.
    net::Task<std::string> set_fault(scenario::Fault fault, std::size_t place, Instant t0);
    // What the faults that were set have struck, by their places; none that the server does not know any more.
    net::Task<std::map<std::size_t, Struck>> struck();
    // Nothing if the server did not answer.
    net::Task<std::optional<ServerFigures>> figures();
    net::Task<std::optional<std::uint64_t>> arrived();  // validations so far, any copy
    net::Task<std::string> freeze(Nanos within);
    // `generated`: by equipment, 1..N; nothing for those whose account was lost.
    // `problem` outlives the call.
    net::Task<std::optional<LedgerAccount>> reconcile(std::vector<std::optional<std::uint64_t>> generated,
                                                      std::string& problem);
    net::Task<std::string> close();

private:
    std::string path(const char* action) const;

    AdminClient admin_;
    RunId run_;
    std::size_t segments_ = 0;                     // asked for
    std::map<std::uint64_t, std::size_t> places_;  // of the faults that were set, by the server's identifier
};

}  // namespace portillon::run
