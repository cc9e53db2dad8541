#include "net/endpoint.h"

#include <gtest/gtest.h>

namespace portillon::net {
namespace {

TEST(Url, IsSchemeHostPortPath) {
    const auto url = parse_url("http://[::1]:8080/v1/x");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "http");
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->port, 8080);
    EXPECT_EQ(url->path, "/v1/x");
    EXPECT_TRUE(parse_url("mqtt://broker:1883"));
    for (const char* text :
         {"", "mqtt", "://h:1", "mqtt://h", "mqtt://h:0", "mqtt://:1", "mqtt://h:99999", "mqtt://h:1x"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
}

TEST(Endpoint, IsANumericAddressAndAPort) {
    EXPECT_EQ(format_endpoint(*parse_endpoint("127.0.0.1:80")), "127.0.0.1:80");
    EXPECT_EQ(format_endpoint(*parse_endpoint("[::1]:80")), "[::1]:80");
    EXPECT_EQ(format_endpoint(*parse_endpoint("localhost:0")), "127.0.0.1:0");
    EXPECT_FALSE(parse_endpoint("example:80"));
    EXPECT_FALSE(parse_endpoint("127.0.0.1"));
}

}  // namespace
}  // namespace portillon::net
