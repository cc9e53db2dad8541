#pragma once

// Connections on their way from the shard that accepted them to the one where they belong (Steering): the socket itself
// and what was read of it, once; nothing of their traffic passes here later, and no descriptor stays behind.
//
// Every shard of a server has a SOCK_SEQPACKET connection to every other, on which it says its number first. A shard
// whose end has closed is dead, and what belongs to it is spread evenly over those that live, none of which could take
// it all; who knows the same ones dead sends a key to the same place. One that is started again in its place joins the
// others, and what belongs to it goes there again.

#include <sys/types.h>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"

namespace portillon::server {

class Handover {
public:
    // A connection for `listener`; none if it was lost on the way: the client sees it closed.
    using Arrived = std::function<void(const std::string& listener, std::unique_ptr<net::Transport> transport,
                                       std::span<const std::byte> read)>;

    // Shard `number` of `shards`. `group`: a name that only this server's shards have.
    Handover(net::Loop& loop, net::Traffic& traffic, std::string group, unsigned number, unsigned shards,
             Arrived arrived);
    ~Handover();
    Handover(const Handover&) = delete;

    // From now on the others can join.
    error_code listen();
    // Connects to those others that listen; true once it is connected to all. Nothing may be handed over before. They
    // join in return, also those that have known a dead one of our number.
    bool join();
    void expect_none_of(unsigned number);  // which is dead, until it joins us

    bool is_here(std::uint64_t key) const { return place_of(key) == number_; }
    void send(std::uint64_t key, const std::string& listener, std::unique_ptr<net::Transport> transport,
              std::span<const std::byte> read);

private:
    class Socket;
    class Door;      // where the others join us
    class Incoming;  // from one of them
    class Link;      // to one of them

    struct Parcel {
        std::uint64_t key = 0;
        std::string listener;
        std::vector<std::byte> read;
        int socket = -1;
    };
    struct Peer {
        enum class Life : std::uint8_t { unknown, alive, dead } life = Life::unknown;
        std::unique_ptr<Link> link;
        std::deque<Parcel> waiting;  // for the kernel
        bool greeted = false;        // it has reached us before
    };
    enum class Sent : std::uint8_t { yes, later, dead, impossible };

    unsigned place_of(std::uint64_t key) const;
    bool connect(unsigned number);
    void greeted_by(unsigned number);
    void deliver(Parcel parcel);
    void deliver_here(Parcel parcel);
    Sent try_to_send(Peer& peer, const Parcel& parcel);
    void bury(Peer& peer);
    void write_waiting(Peer& peer);
    void lose(Parcel& parcel);

    void accept(int link);
    enum class Got : std::uint8_t { all, some, end };
    Got read_some(int link);

    net::Loop& loop_;
    net::Traffic& traffic_;
    std::string group_;
    unsigned number_;
    Arrived arrived_;
    std::vector<Peer> peers_;  // by number; our own is unused
    std::unique_ptr<Door> door_;
    std::list<Incoming> incoming_;
    std::vector<std::byte> message_;
};

}  // namespace portillon::server
