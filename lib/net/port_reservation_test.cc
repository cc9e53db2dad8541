#include "net/port_reservation.h"

#include <gtest/gtest.h>

#include "net/loop.h"
#include "net/tcp.h"

namespace portillon::net {
namespace {

const net::Endpoint any_port = *net::parse_endpoint("127.0.0.1:0");

struct Shards {
    MonotonicClock clock;
    net::Loop loop{clock};
    net::Traffic traffic;
    net::Acceptor one{loop, traffic, nullptr};
    net::Acceptor two{loop, traffic, nullptr};
};

TEST(PortReservation, LetsShardsShareAPortOfTheKernelsChoice) {
    const auto port = PortReservation::make(any_port);
    ASSERT_TRUE(port);
    EXPECT_NE(port->at().port(), 0);
    Shards shards;
    EXPECT_FALSE(shards.one.listen(port->at()));
    EXPECT_FALSE(shards.two.listen(port->at()));
}

TEST(PortReservation, NoticesAnotherServerThatWouldShareItsPort) {
    Shards shards;
    ASSERT_FALSE(shards.one.listen(any_port));
    const auto port = PortReservation::make(shards.one.at());
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error(), boost::system::errc::address_in_use);
}

TEST(PortReservation, GivesThePortBack) {
    auto port = PortReservation::make(any_port);
    ASSERT_TRUE(port);
    const net::Endpoint at = port->at();
    { const PortReservation ends_here = std::move(*port); }
    const auto again = PortReservation::make(at);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at(), at);
}

}  // namespace
}  // namespace portillon::net
