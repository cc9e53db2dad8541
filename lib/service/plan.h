#pragma once

// What a server's shard is to do. The conductor makes one, of which every shard gets the same but for its number.

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
    std::string figures = {};  // SharedMemory::path() of the server's Board
    std::string mesh = {};     // the name by which the shards find each other; empty: there is one shard
    bool gives_way = false;    // once a run has started, to the generator on the same cores

    // Of a shard that takes a killed one's place.
    std::vector<unsigned> dead = {};         // the shards that stay dead
    std::vector<std::string> runs = {};      // SharedMemory::path() of the ledgers of the runs there are
    std::vector<server::Fault> faults = {};  // that are set
    bool operator==(const Plan&) const = default;
};

}  // namespace portillon::service
