#pragma once

// The reference server: a conductor with the admin endpoint, and shards, which are processes that share the listeners'
// ports.

#include <map>
#include <string>

#include "net/endpoint.h"
#include "server/listener.h"

namespace portillon::service {

struct ServeOptions {
    std::map<std::string, net::Endpoint> listeners;  // by name; port 0: the kernel chooses
    net::Endpoint admin;
    std::string admin_token;  // empty: no token is needed
    unsigned shards = 1;
    server::Limits limits;
    std::string version;
    // How the server says that it is ready: in words for the user, or as one line of JSON for its parent process:
    // {"listeners":{"mqtt":"127.0.0.1:1883"},"admin":"127.0.0.1:9090","shards":1,"pid":4711}
    enum class Ready : std::uint8_t { plain, json } ready = Ready::plain;
    int parent_link = -1;  // if set, the server ends with this link, and leaves signals to its parent
};

struct Served {
    std::string problem;  // why the server could not start; empty: it did
    int ended_by = 0;     // the signal that ended it; 0: the parent's link did
};

// Serves until SIGTERM, SIGINT, SIGHUP or the end of the parent's link; then stops cleanly, within a few seconds, or at
// once if the user insists.
Served serve(const ServeOptions& options);

// Runs a shard of the server on the link at link::link_descriptor. Returns the exit status of its process.
int serve_shard(const server::ListenerKinds& kinds);

}  // namespace portillon::service
