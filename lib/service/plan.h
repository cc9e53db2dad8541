#pragma once

// The plan of a server's shards. The conductor makes one plan, and every shard gets the same, with its own number.

#include <string>
#include <vector>

#include "net/endpoint.h"
#include "server/fault.h"
#include "server/listener.h"

namespace portillon::service {

struct Listening {
    std::string listener;  // a server::ListenerKind's name
    net::Endpoint at;
    bool operator==(const Listening&) const = default;
};

struct Plan {
    unsigned shard = 0;  // 0..shards-1
    unsigned shards = 1;
    std::vector<Listening> listeners = {};
    server::Limits limits = {};
    std::string figures = {};  // SharedMemory::path() of the server's SharedFigures
    std::string mesh = {};     // the name by which the shards find each other; empty: there is one shard
    bool gives_way = false;    // whether it lets a generator on the same cores go first once a run has started

    // For a shard that takes the place of a killed one.
    std::vector<unsigned> dead = {};         // the shards that stay dead
    std::vector<std::string> runs = {};      // SharedMemory::path() of the ledger of each open run
    std::vector<server::Fault> faults = {};  // the faults that are set
    bool operator==(const Plan&) const = default;
};

}  // namespace portillon::service
