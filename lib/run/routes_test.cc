#include "run/routes.h"

#include <gmock/gmock.h>

namespace portillon::run {
namespace {

using ::testing::HasSubstr;

net::Located target(const char* url) {
    return *net::locate(*net::parse_url(url));
}

std::vector<net::Address> addresses(std::initializer_list<const char*> texts) {
    std::vector<net::Address> all;
    for (const char* text : texts) {
        all.push_back(*net::parse_address(text));
    }
    return all;
}

// "127.0.0.1:80 from 127.0.0.3 127.0.0.4; [::1]:80"
std::string text_of(const std::vector<net::Route>& routes) {
    std::string text;
    for (const auto& route : routes) {
        text += (text.empty() ? "" : "; ") + net::format_endpoint(route.to);
        for (std::size_t i = 0; i < route.from.size(); ++i) {
            text += (i == 0 ? " from " : " ") + route.from[i].to_string();
        }
    }
    return text;
}

net::Located both_families() {
    return {{"http", "gate.example", 80, ""}, {*net::parse_endpoint("[::1]:80"), *net::parse_endpoint("127.0.0.1:80")}};
}

TEST(Routes, GoToEveryAddressFromWhereItCanBeCalled) {
    struct Row {
        std::vector<net::Address> sources;
        std::uint64_t equipments;
        const char* routes;
    };
    for (const auto& row : {
             Row{{}, 100, "[::1]:80; 127.0.0.1:80"},
             // ::1 has no network around it: it has ports for 100 equipments.
             Row{{}, 101, "127.0.0.1:80 from 127.0.0.3 127.0.0.4"},
             Row{addresses({"::1"}), 100, "[::1]:80 from ::1"},
             Row{addresses({"127.0.0.9"}), 100, "127.0.0.1:80 from 127.0.0.9"},
             Row{addresses({"127.0.0.9", "::1"}), 100, "[::1]:80 from ::1; 127.0.0.1:80 from 127.0.0.9"},
             Row{addresses({"127.0.0.9", "::1", "127.0.0.8"}), 200, "127.0.0.1:80 from 127.0.0.9 127.0.0.8"},
             Row{addresses({"127.0.0.9", "::1"}), 200, "[::1]:80 from ::1; 127.0.0.1:80 from 127.0.0.9"},
         }) {
        EXPECT_EQ(text_of(plan_routes(both_families(), row.sources, row.equipments, 100)), row.routes);
    }
    EXPECT_EQ(text_of(plan_routes(target("http://[::1]:80"), {}, 101, 100)), "[::1]:80");
}

TEST(Sources, AreCheckedBeforeAnythingIsSent) {
    driver::Kind kind;
    kind.scheme = "mqtt";
    struct Row {
        const char* url;  // empty: the embedded server
        std::vector<net::Address> sources;
        const char* says;  // empty: nothing is wrong
    };
    std::vector<Row> rows{
        Row{"", addresses({"127.0.0.2", "127.0.0.3"}), ""},
        Row{"mqtt://127.0.0.1:1", addresses({"127.0.0.2"}), ""},
        Row{"mqtt://localhost:1", addresses({"127.0.0.2"}), ""},
        Row{"", addresses({"198.51.100.1"}), "198.51.100.1 is not an address of this machine"},
        Row{"mqtt://127.0.0.1:1", addresses({"2001:db8::1"}), "2001:db8::1 is not an address of this machine"},
        Row{"mqtt://198.51.100.1:1", addresses({"127.0.0.1"}), "no way leads from 127.0.0.1 to mqtt://198.51.100.1:1"},
        Row{"mqtt://127.0.0.1:1", addresses({"0.0.0.0"}), "no address of one machine"},
        Row{"mqtt://127.0.0.1:1", addresses({"127.0.0.2", "127.0.0.2"}), "named twice"},
    };
    if (net::reach(*net::parse_endpoint("[::1]:1"), std::nullopt)) {
        std::puts("no IPv6 loopback on this machine: its rows are skipped");
    } else {
        rows.push_back(
            {"", addresses({"::1"}), "::1 is an IPv6 address, and the embedded server at 127.0.0.1 has IPv4 alone"});
        rows.push_back({"mqtt://[::1]:1", addresses({"::1"}), ""});
        rows.push_back({"mqtt://[::1]:1", addresses({"127.0.0.2"}),
                        "127.0.0.2 is an IPv4 address, and mqtt://[::1]:1 has IPv6 alone"});
        rows.push_back({"mqtt://localhost:1", addresses({"::1"}), ""});
    }
    for (const auto& row : rows) {
        Order order;
        order.protocol = &kind;
        order.source_addresses = row.sources;
        if (*row.url != '\0') {
            order.target = target(row.url);
        }
        const auto problems = check_sources(order);
        ASSERT_EQ(problems.size(), *row.says == '\0' ? 0U : 1U) << row.url << " " << row.says;
        if (!problems.empty()) {
            EXPECT_THAT(problems.front().message, HasSubstr(row.says));
        }
    }
}

}  // namespace
}  // namespace portillon::run
