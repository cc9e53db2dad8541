#pragma once

// How a fleet reaches its target: which of the target's addresses it dials, and from which addresses of this machine.

#include <string>
#include <vector>

#include "net/tcp.h"
#include "run/order.h"

namespace portillon::run {

// The routes from `sources` to each address of the target. Without `sources` the kernel chooses the source address; but
// to 127.0.0.0/8 a large fleet dials from as many addresses as it needs for its ports. An address of the target for
// which there is no source of its family (IPv4, IPv6) is left out. If some routes have enough ports for the whole
// fleet, only those are returned.
std::vector<net::Route> plan_routes(const net::Located& target, const std::vector<net::Address>& sources,
                                    std::uint64_t equipments, std::uint64_t ports_per_address);

// The largest number of source addresses that one of the routes has.
unsigned source_addresses_of(const std::vector<net::Route>& routes);

// Describes the target of a run for messages: its URL, and the addresses behind its name that are tried.
std::string describe_target(const Order& order);

// The problems of a run's source addresses: this machine does not have it, or no address of
// the target can be reached from it. Asks the kernel; sends nothing.
Problems check_sources(const Order& order);

}  // namespace portillon::run
