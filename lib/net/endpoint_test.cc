#include "net/endpoint.h"

#include <gmock/gmock.h>

namespace portillon::net {
namespace {

using ::testing::HasSubstr;

Endpoint endpoint(const char* text) {
    return *parse_endpoint(text);
}

TEST(Endpoint, IsAnAddressAndAPort) {
    for (const auto& [typed, text] : {
             std::pair{"127.0.0.1:80", "127.0.0.1:80"},
             std::pair{"[::1]:80", "[::1]:80"},
             std::pair{"[0::0001]:0", "[::1]:0"},
             std::pair{"localhost:0", "127.0.0.1:0"},
             std::pair{"[::ffff:127.0.0.1]:80", "127.0.0.1:80"},
             std::pair{"[::]:1", "[::]:1"},
         }) {
        const auto at = parse_endpoint(typed);
        ASSERT_TRUE(at) << typed << ": " << at.problems().front().message;
        EXPECT_EQ(format_endpoint(*at), text);
        EXPECT_EQ(endpoint(text), *at);
    }
    for (const auto& [typed, said] : {
             std::pair{"example:80", "write an address"},
             std::pair{"127.0.0.1", "no port"},
             std::pair{"::1:80", "write [::1]:80"},
             std::pair{"[::1]", "no port"},
             std::pair{"127.0.0.1:65536", "1 to 65535"},
             std::pair{"127.0.0.1:80x", "'80x' (write a number"},
             std::pair{"127.0.0.1:80/x", "HOST:PORT"},
             std::pair{"mqtt://127.0.0.1:80", "HOST:PORT"},
             std::pair{"a@127.0.0.1:80", "user name"},
             std::pair{"[fe80::1%nowhere]:80", "zone"},
             std::pair{"", "HOST:PORT"},
         }) {
        const auto at = parse_endpoint(typed);
        ASSERT_FALSE(at) << typed;
        EXPECT_THAT(at.problems().front().message, HasSubstr(said)) << typed;
    }
}

TEST(Endpoint, IsOfAUrlOfAnyScheme) {
    for (const char* text : {"127.0.0.1:80", "[::1]:80", "[fe80::1%25lo]:80"}) {
        const auto url = parse_url("mqtt://" + std::string(text));
        ASSERT_TRUE(url);
        EXPECT_EQ(url_of("mqtt", endpoint(text)), *url);
        EXPECT_EQ("mqtt://" + format_endpoint(endpoint(text)), url->text());
    }
}

TEST(Endpoint, IsOnLoopbackInAnyClothes) {
    for (const char* text : {"127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
        EXPECT_TRUE(is_loopback(endpoint(text))) << text;
        EXPECT_TRUE(is_this_machine(endpoint(text))) << text;
    }
    EXPECT_TRUE(is_loopback(Endpoint(boost::asio::ip::make_address("::ffff:127.0.0.1"), 1)));
    EXPECT_FALSE(is_loopback_v4(endpoint("[::1]:1")));
    for (const char* text : {"198.51.100.1:1", "[2001:db8::1]:1", "[::]:1"}) {
        EXPECT_FALSE(is_loopback(endpoint(text))) << text;
        EXPECT_FALSE(is_this_machine(endpoint(text))) << text;
    }
}

TEST(Endpoint, OverlapsWithAnotherThatTakesItsConnections) {
    struct Row {
        const char* a;
        const char* b;
        bool overlapping;
    };
    for (const auto& row : {
             Row{"127.0.0.1:80", "127.0.0.1:80", true},
             Row{"127.0.0.1:80", "127.0.0.1:81", false},
             Row{"127.0.0.1:80", "127.0.0.2:80", false},
             Row{"127.0.0.1:0", "127.0.0.1:0", false},
             Row{"0.0.0.0:80", "127.0.0.1:80", true},
             Row{"0.0.0.0:80", "[::1]:80", false},
             Row{"[::]:80", "[::1]:80", true},
             Row{"[::]:80", "127.0.0.1:80", true},
             Row{"[::]:80", "0.0.0.0:80", true},
             Row{"[::1]:80", "127.0.0.1:80", false},
             Row{"[::ffff:127.0.0.1]:80", "127.0.0.1:80", true},
         }) {
        EXPECT_EQ(overlap(endpoint(row.a), endpoint(row.b)), row.overlapping) << row.a << " " << row.b;
        EXPECT_EQ(overlap(endpoint(row.b), endpoint(row.a)), row.overlapping) << row.a << " " << row.b;
    }
}

TEST(Address, IsReadInEveryFormThatPeopleType) {
    for (const auto& [typed, text] : {std::pair{"127.0.0.1", "127.0.0.1"}, std::pair{"::1", "::1"},
                                      std::pair{"[::1]", "::1"}, std::pair{"::ffff:10.0.0.1", "10.0.0.1"}}) {
        const auto address = parse_address(typed);
        ASSERT_TRUE(address) << typed;
        EXPECT_EQ(address->to_string(), text);
    }
    for (const char* text : {"", "127.1", "localhost", "[127.0.0.1]", "::1%", "::1%nowhere", "[::1", "127.0.0.1:80"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
    const auto zoned = parse_address("fe80::1%lo");
    ASSERT_TRUE(zoned);
    EXPECT_GT(zoned->to_v6().scope_id(), 0U);
    EXPECT_EQ(zoned, parse_address("fe80::1%25lo"));
}

TEST(Locate, FindsEveryAddressOfLocalhost) {
    const auto found = locate(*parse_url("http://localhost:80"));
    ASSERT_TRUE(found);
    ASSERT_FALSE(found->at.empty());
    EXPECT_EQ(format_endpoint(found->at.front()), "127.0.0.1:80");
    EXPECT_THAT(describe(*found), HasSubstr("http://localhost:80 (127.0.0.1:80"));
    if (!reach(endpoint("[::1]:1"), std::nullopt)) {
        ASSERT_EQ(found->at.size(), 2U);
        EXPECT_EQ(describe(*found), "http://localhost:80 (127.0.0.1:80, [::1]:80)");
    }
    EXPECT_TRUE(locate(*parse_url("http://gate.localhost.:80")));
}

TEST(Locate, TakesAnAddressAsItIs) {
    for (const auto& [typed, text] :
         {std::pair{"mqtt://127.0.0.1:1", "127.0.0.1:1"}, std::pair{"mqtt://[::1]:1", "[::1]:1"},
          std::pair{"mqtt://[::ffff:127.0.0.1]:1", "127.0.0.1:1"}}) {
        const auto found = locate(*parse_url(typed));
        ASSERT_TRUE(found) << typed;
        ASSERT_EQ(found->at.size(), 1U);
        EXPECT_EQ(format_endpoint(found->at.front()), text);
        EXPECT_EQ(describe(*found), typed);
    }
}

TEST(Locate, SaysWhereNobodyCanBeCalled) {
    for (const auto& [typed, said] : {
             std::pair{"mqtt://0.0.0.0:1", "write 127.0.0.1"},
             std::pair{"mqtt://[::]:1", "write [::1]"},
             std::pair{"mqtt://224.0.0.1:1", "many machines"},
             std::pair{"mqtt://255.255.255.255:1", "many machines"},
             std::pair{"mqtt://[ff02::1]:1", "many machines"},
             std::pair{"mqtt://[fe80::1]:1", "[fe80::1%25eth0]"},
             std::pair{"mqtt://[fe80::1%25nowhere]:1", "zone"},
             std::pair{"mqtt://no-such-host.invalid:1", "cannot resolve no-such-host.invalid"},
         }) {
        const auto found = locate(*parse_url(typed));
        ASSERT_FALSE(found) << typed;
        EXPECT_THAT(found.problems().front().message, HasSubstr(said)) << typed;
    }
}

TEST(Reach, AsksTheKernelForAWay) {
    EXPECT_FALSE(reach(endpoint("127.0.0.1:1"), std::nullopt));
    EXPECT_FALSE(reach(endpoint("127.0.0.1:1"), parse_address("127.0.0.9")));
    EXPECT_TRUE(reach(endpoint("127.0.0.1:1"), parse_address("198.51.100.7")));  // not this machine's
    EXPECT_TRUE(reach(endpoint("127.0.0.1:1"), parse_address("::1")));           // of the other family
    EXPECT_TRUE(reach(endpoint("198.51.100.7:1"), parse_address("127.0.0.1")));  // no way out from loopback
}

}  // namespace
}  // namespace portillon::net
