#pragma once

// Messages between the shards of one server. Neither descriptors nor the connections' traffic pass through it.
//
// Every shard has a SOCK_SEQPACKET connection to every other; on it the shard first says its number, then writes. It
// reads from the connections that the others have opened. Messages from one shard to another arrive in order, or not at
// all once one of the two is dead. A shard whose link closed is dead; one that is started again in its place joins the
// others.

#include <sys/types.h>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.h"

namespace portillon::server {

class Mesh {
public:
    static constexpr std::size_t most_message_bytes = 64 << 10;
    static constexpr std::size_t most_name_bytes = 255;
    // The most bytes that wait for one shard whose link is full; further messages to it are lost.
    static constexpr std::size_t most_waiting_bytes = 32 << 20;

    struct Events {
        // `message` came from shard `from` for that listener; a view, valid during the call.
        std::function<void(unsigned from, const std::string& listener, std::span<const std::byte> message)> heard;
        // A shard died, or another one was started in its place: what was known of it is void, and keys may have
        // another home.
        std::function<void(unsigned shard)> changed;
    };

    // This is shard `number` of `shards`. `group`: a name that only this server's shards have.
    Mesh(net::Loop& loop, std::string group, unsigned number, unsigned shards, Events events);
    ~Mesh();
    Mesh(const Mesh&) = delete;
    Mesh& operator=(const Mesh&) = delete;

    // From now on the other shards can join.
    error_code listen();
    // Connects to the other shards that listen; returns true once it is connected to all. Nothing may be sent before.
    // The others connect back, also those that knew a dead shard of our number.
    bool join();
    void expect_none_of(unsigned number);  // of this shard, which is dead, until it joins us

    unsigned number() const { return number_; }

    // The shard to which a key belongs; shards that know the same ones dead agree on it.
    unsigned home_of(std::uint64_t key) const;

    // Sends to another shard. Returns false if the message is lost for certain: that shard is dead, or its queue is
    // full.
    bool send(unsigned to, const std::string& listener, std::span<const std::byte> message);

private:
    class Socket;
    class Acceptor;  // listens for the others
    class InLink;    // a connection from one of them
    class OutLink;   // a connection to one of them

    struct Peer {
        enum class Life : std::uint8_t { unknown, alive, dead } life = Life::unknown;
        std::unique_ptr<OutLink> link;
        std::deque<std::vector<std::byte>> waiting;  // for room in the kernel's queue
        std::size_t waiting_bytes = 0;
        bool greeted = false;  // it has connected to us before
    };
    enum class Sent : std::uint8_t { yes, later, dead };

    bool connect(unsigned number);
    void greeted_by(unsigned number, const InLink& by);
    Sent try_to_send(Peer& peer, std::span<const std::byte> message);
    void bury(unsigned number);
    void write_waiting(unsigned number);

    void accept(int link);
    enum class Got : std::uint8_t { all, some, end };
    Got read_some(InLink& link);
    void take(InLink& link, std::span<const std::byte> message);

    net::Loop& loop_;
    std::string group_;
    unsigned number_;
    Events events_;
    std::vector<Peer> peers_;  // by number; our own is unused
    std::unique_ptr<Acceptor> acceptor_;
    std::list<InLink> in_links_;
    std::vector<std::byte> reading_, writing_;
};

}  // namespace portillon::server
