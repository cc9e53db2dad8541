#include "run/routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/machine.h"
#include "net/port_reservation.h"

namespace portillon::run {

namespace {

// This machine answers to all of the 16 million addresses of the loopback network.
std::vector<net::Address> spread_over_loopback(std::uint64_t addresses) {
    std::vector<net::Address> sources;
    for (std::uint64_t i = 2; i < addresses + 2; ++i) {
        sources.push_back(*net::parse_address(fmt::format("127.0.{}.{}", i / 250, i % 250 + 1)));
    }
    return sources;
}

const char* family_of(const net::Address& address) {
    return address.is_v4() ? "IPv4" : "IPv6";
}

net::Located target_of(const Order& order) {
    if (order.target) {
        return *order.target;
    }
    const net::Endpoint embedded(boost::asio::ip::address_v4::loopback(), 1);
    return net::located(net::url_of(order.protocol->scheme, embedded), embedded);
}

}  // namespace

std::vector<net::Route> plan_routes(const net::Located& target, const std::vector<net::Address>& sources,
                                    std::uint64_t equipments, std::uint64_t ports_per_address) {
    std::vector<net::Route> routes;
    for (const auto& to : target.at) {
        net::Route route{to, {}};
        std::copy_if(sources.begin(), sources.end(), std::back_inserter(route.from),
                     [&to](const auto& source) { return source.is_v4() == to.address().is_v4(); });
        if (route.from.empty() && !sources.empty()) {
            continue;
        }
        if (sources.empty() && equipments > ports_per_address && net::is_loopback_v4(to)) {
            route.from = spread_over_loopback((equipments + ports_per_address - 1) / ports_per_address);
        }
        routes.push_back(std::move(route));
    }
    const auto carries = [=](const net::Route& route) {
        return std::max<std::uint64_t>(1, route.from.size()) * ports_per_address >= equipments;
    };
    if (std::any_of(routes.begin(), routes.end(), carries)) {
        routes.erase(std::remove_if(routes.begin(), routes.end(), std::not_fn(carries)), routes.end());
    }
    return routes;
}

unsigned source_addresses_of(const std::vector<net::Route>& routes) {
    std::size_t most = 1;
    for (const auto& route : routes) {
        most = std::max(most, route.from.size());
    }
    return static_cast<unsigned>(most);
}

std::string describe_target(const Order& order) {
    if (!order.target) {
        return "the embedded server";
    }
    net::Located tried{order.target->url, {}};
    for (const auto& route : plan_routes(*order.target, order.source_addresses, order.scenario.lot().fleet.equipments,
                                         host::ports_per_address())) {
        tried.at.push_back(route.to);
    }
    return net::describe(tried);
}

Problems check_sources(const Order& order) {
    const auto target = target_of(order);
    const auto name = order.target ? target.url.text() : fmt::format("the embedded server at {}", target.url.host);
    Problems problems;
    const auto problem = [&problems](std::string message) { problems.push_back({"", 0, "", std::move(message)}); };
    const auto& sources = order.source_addresses;
    for (auto source = sources.begin(); source != sources.end(); ++source) {
        const auto text = source->to_string();
        if (std::find(sources.begin(), source, *source) != source) {
            problem(fmt::format("{} is named twice", text));
            continue;
        }
        if (source->is_unspecified() || source->is_multicast()) {
            problem(fmt::format("{} is no address of one machine (without the option the kernel chooses)", text));
            continue;
        }
        if (const auto bound = net::PortReservation::make({*source, 0}); !bound) {
            problem(bound.error() == boost::system::errc::address_not_available
                        ? fmt::format("{} is not an address of this machine (ip addr lists them)", text)
                        : fmt::format("{}: {}", text, bound.error().message()));
            continue;
        }
        const bool same_family = std::any_of(target.at.begin(), target.at.end(),
                                             [&](const auto& to) { return to.address().is_v4() == source->is_v4(); });
        if (!same_family) {
            problem(fmt::format("{} is an {} address, and {} has {} alone", text, family_of(*source), name,
                                family_of(target.at.front().address())));
            continue;
        }
        error_code why;
        const bool reached = std::any_of(target.at.begin(), target.at.end(), [&](const auto& to) {
            if (to.address().is_v4() != source->is_v4()) {
                return false;
            }
            why = net::reach(to, *source);
            return !why;
        });
        if (!reached) {
            problem(fmt::format("no way leads from {} to {}: {} (ip route get ADDRESS from {})", text, name,
                                why.message(), text));
        }
    }
    return problems;
}

}  // namespace portillon::run
