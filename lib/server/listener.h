#pragma once

// The server's end of one protocol in one shard: takes connections, decodes, hands messages to ingest, answers.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/units.h"
#include "net/loop.h"
#include "net/transport.h"
#include "server/figures.h"
#include "server/ingest.h"

namespace portillon::server {

// Limits on what a client may use. Each is an option of `portillon serve`.
struct Limits {
    std::uint32_t packet_bytes = 1 << 20;        // a message or a request's body
    std::uint32_t header_list_bytes = 16 << 10;  // HTTP/2: SETTINGS_MAX_HEADER_LIST_SIZE
    std::uint32_t streams = 256;                 // HTTP/2: concurrent, per connection; MQTT 5: receive maximum
    std::uint32_t connections = 19'000;          // per shard
    Nanos first_byte = 10s;                      // from accept to a complete greeting (CONNECT, preface and SETTINGS)
    Nanos idle = 0s;                             // without a byte from the peer; 0: no limit (MQTT keeps its keepalive)
    bool operator==(const Limits&) const = default;
};

class Listener {
public:
    virtual ~Listener() = default;  // closes its connections

    // Takes a connection that was just accepted; called from the loop.
    virtual void accepted(std::unique_ptr<net::Transport> transport) = 0;

    // Receives a message from the same listener in another shard. Only for listeners that use Siblings.
    virtual void heard(unsigned /* from */, std::span<const std::byte> /* message */) {
        check(false, "a message for a listener that sends none");
    }
    // A shard died, or another one was started in its place: its state is lost, and keys may have another home.
    virtual void shard_changed(unsigned /* shard */) {}

    // Ends every open connection, and continues to accept new ones. `parting` says whether with a goodbye: then
    // requests received before are still answered.
    enum class Parting : std::uint8_t { without_a_word, with_goodbye };
    virtual void dismiss(Parting parting) = 0;

    // Stops cleanly: no new requests, answers under way are still sent. connections() falls to zero, unless the owner's
    // deadline comes first and the listener is destroyed.
    virtual void stop() = 0;

    virtual std::size_t connections() const = 0;
};

// The same listener in the server's other shards: for protocols whose sessions outlive a connection, because the next
// connection may be accepted by another shard.
class Siblings {
public:
    virtual ~Siblings() = default;
    virtual unsigned number() const = 0;                    // of this shard
    virtual unsigned home_of(std::uint64_t key) const = 0;  // the shard to which a key belongs, which may be this one
    // Sends to heard() of another shard. Returns false if the message is lost for certain.
    virtual bool send(unsigned to, std::span<const std::byte> message) = 0;
};

struct ListenerContext {
    net::Loop& loop;
    Ingest& ingest;
    const Limits& limits;
    Figures& figures;
    Siblings* siblings = nullptr;  // nullptr: this shard is the only one
};

// Each folder of lib/server/listeners provides one kind; cmd/ lists them.
struct ListenerKind {
    std::string name;  // "mqtt": the name that --listen takes
    std::function<std::unique_ptr<Listener>(const ListenerContext&)> make;
};

using ListenerKinds = std::vector<ListenerKind>;

inline bool is_among(const ListenerKinds& kinds, std::string_view name) {
    return std::ranges::any_of(kinds, [name](const ListenerKind& each) { return each.name == name; });
}

}  // namespace portillon::server
