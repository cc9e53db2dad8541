#pragma once

// TCP under the Transport interface: dialling with spread source addresses, and accepting.

#include <functional>
#include <memory>
#include <vector>

#include "net/dialer.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/transport.h"

namespace portillon::net {

// One of a target's addresses, and the source addresses of this machine from which to connect to it, all of one family;
// if there are none, the kernel chooses.
struct Route {
    Endpoint to;
    std::vector<Address> from;
};

// One route for each address of `server`; the kernel chooses the source address.
std::vector<Route> routes_to(const Located& server);

// Dials one target. A transport tries the routes one after the other until one connects, beginning with the route that
// connected last, each for an even share of the time that is left; if all fail, the error is that of the first route it
// tried. Equipments are spread over a route's source addresses by their number (28,232 ports each on an unchanged
// machine). The kernel chooses ports at connect (IP_BIND_ADDRESS_NO_PORT), so one port serves many targets.
class TcpDialer final : public Dialer {
public:
    TcpDialer(Loop& loop, std::vector<Route> routes, Traffic& traffic);  // at least one
    TcpDialer(Loop& loop, const Endpoint& target, Traffic& traffic);
    std::unique_ptr<Transport> dial(EquipmentId equipment) override;

private:
    class Dialled;
    Loop& loop_;
    std::vector<Route> routes_;
    std::size_t first_ = 0;  // the route that connected last
    Traffic& traffic_;
};

// Whether other sockets that say the same may listen on this port.
enum class Sharing : std::uint8_t {
    none,
    with_other_shards,  // SO_REUSEPORT: the kernel spreads the connections
};

// A listening socket. Every accepted connection is handed to `accepted`; when descriptors run out, the acceptor counts
// that, waits, and tries again.
class Acceptor {
public:
    using Accepted = std::function<void(std::unique_ptr<Transport>)>;

    Acceptor(Loop& loop, Traffic& traffic, Accepted accepted);
    ~Acceptor();  // stops listening

    error_code listen(const Endpoint& at, Sharing sharing = Sharing::with_other_shards);
    Endpoint at() const;  // holds the port that the kernel chose if listen() was given port 0
    void stop();
    std::uint64_t starved() const;  // how often accept() found no descriptor left

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace portillon::net
