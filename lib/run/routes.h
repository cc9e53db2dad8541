#pragma once

// From where a fleet calls its target: at which of its addresses, from which of this machine's.

#include <string>
#include <vector>

#include "net/tcp.h"
#include "run/order.h"

namespace portillon::run {

// The routes from `sources` (none given: as the kernel chooses, and on 127.0.0.0/8 from as many addresses as the fleet
// needs ports) to each address of the target, an address without a source of its family left out. If some of them have
// ports for the whole fleet, it is those.
std::vector<net::Route> plan_routes(const net::Located& target, const std::vector<net::Address>& sources,
                                    std::uint64_t equipments, std::uint64_t ports_per_address);

// The largest number of source addresses that one of the routes has.
unsigned source_addresses_of(const std::vector<net::Route>& routes);

// Where a run goes, for messages: its URL, and the addresses behind a name that are tried.
std::string describe_target(const Order& order);

// What is wrong with the source addresses of a run, each a message: one that this machine has not, or that has no way
// to any address of the target. Asks the kernel; sends nothing.
Problems check_sources(const Order& order);

}  // namespace portillon::run
