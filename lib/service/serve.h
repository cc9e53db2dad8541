#pragma once

// The reference server: a conductor with the admin endpoint, and shards, processes that share the listeners' ports.

#include <map>
#include <string>

#include "net/endpoint.h"
#include "server/listener.h"

namespace portillon::service {

struct ServeOptions {
    std::map<std::string, net::Endpoint> listeners;  // by name; port 0: the kernel chooses
    net::Endpoint admin;
    std::string admin_token;  // empty: nobody is asked for one
    unsigned shards = 1;
    server::Limits limits;
    std::string version;
    // How it says that it is ready: for people, or one line of JSON for who started it:
    // {"listeners":{"mqtt":"127.0.0.1:1883"},"admin":"127.0.0.1:9090","shards":1,"pid":4711}
    enum class Ready : std::uint8_t { plain, json } ready = Ready::plain;
    int parent_link = -1;  // ends with it, and then leaves signals to its parent
};

struct Served {
    std::string problem;  // why it could not start; empty: it did
    int ended_by = 0;     // the signal; 0: the parent's link
};

// Serves until SIGTERM, SIGINT, SIGHUP or the end of the parent's link; then stops cleanly, within a few seconds, or at
// once if the user insists.
Served serve(const ServeOptions& options);

// What a shard's process does, with its link on link::link_descriptor. Returns its exit status.
int serve_shard(const server::ListenerKinds& kinds);

}  // namespace portillon::service
