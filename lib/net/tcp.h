#pragma once

// TCP under the Transport interface: dialling with spread source addresses, and accepting.

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "net/dialer.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/transport.h"

namespace portillon::net {

// Dials one target. Equipments take the source addresses in turn (28,232 ports each on an unchanged machine); none
// given: the kernel chooses. Ports are chosen at connect (IP_BIND_ADDRESS_NO_PORT), so one port serves many targets.
class TcpDialer final : public Dialer {
public:
    TcpDialer(Loop& loop, Endpoint target, std::vector<asio::ip::address> sources, Traffic& traffic);
    std::unique_ptr<Transport> dial(EquipmentId equipment) override;

private:
    Loop& loop_;
    Endpoint target_;
    std::vector<asio::ip::address> sources_;
    Traffic& traffic_;
};

// Takes over a connected TCP socket that another transport, perhaps of another process, released. Nothing if it is
// none.
std::unique_ptr<Transport> adopt_tcp(Loop& loop, int descriptor, Traffic& traffic);

// Whether others may listen on the same port, if they say so, too.
enum class Sharing : std::uint8_t {
    none,
    with_other_shards,  // SO_REUSEPORT: the kernel spreads the connections
};

// A listening socket. Every accepted connection is handed to `accepted`; when descriptors run out it waits, counts it,
// and goes on.
class Acceptor {
public:
    using Accepted = std::function<void(std::unique_ptr<Transport>)>;

    Acceptor(Loop& loop, Traffic& traffic, Accepted accepted);
    ~Acceptor();  // stops

    error_code listen(const Endpoint& at, Sharing sharing = Sharing::with_other_shards);
    Endpoint at() const;  // the port chosen when listen() was given port 0
    void stop();
    std::uint64_t starved() const;  // times that accept() had no descriptor left

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace portillon::net
