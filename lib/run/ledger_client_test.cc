#include "run/ledger_client.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace portillon::run {
namespace {

using nlohmann::json;

json answer() {
    return {{"shards",
             {{{"pid", 1}, {"alive", true}, {"cpu_s", 1.5}, {"rss_bytes", 100}, {"private_bytes", 40}},
              {{"pid", 2}, {"alive", false}, {"cpu_s", 0.5}, {"rss_bytes", 200}, {"private_bytes", 60}}}},
            {"host",
             {{"machine", "m"},
              {"cores", 2},
              {"at_ns", 10},
              {"cpu_used_ns", 5},
              {"clock_offset_ns", -3},
              {"listen_overflows", 7}}}};
}

TEST(FiguresOf, AddsUpTheShards) {
    const auto figures = figures_of(answer());
    ASSERT_TRUE(figures);
    EXPECT_EQ(figures->cpu_s, 2.0);
    EXPECT_EQ(figures->rss_bytes, 300u);
    EXPECT_EQ(figures->private_bytes, 100u);
    EXPECT_EQ(figures->shards, 2u);
    EXPECT_EQ(figures->living, 1u);
    EXPECT_EQ(figures->dead_shards, std::vector<std::string>{"server process 1 (pid 2)"});
    ASSERT_TRUE(figures->host);
    EXPECT_EQ(figures->host->machine, "m");
    EXPECT_EQ(figures->host->clock_offset, Nanos{-3});
    EXPECT_EQ(figures->host->listen_overflows, 7u);
}

TEST(FiguresOf, KeepTheOtherFiguresWhenTheHostIsMalformed) {
    auto incomplete = answer();
    incomplete["host"].erase("cores");
    auto wrong_type = answer();
    wrong_type["host"]["at_ns"] = "soon";
    auto no_object = answer();
    no_object["host"] = json::array({1});
    auto absent = answer();
    absent.erase("host");
    for (const auto& body : {incomplete, wrong_type, no_object, absent}) {
        const auto figures = figures_of(body);
        ASSERT_TRUE(figures) << body;
        EXPECT_EQ(figures->rss_bytes, 300u) << body;
        EXPECT_FALSE(figures->host) << body;
    }
}

TEST(FiguresOf, AreNothingWhenAShardIsMalformed) {
    auto body = answer();
    body["shards"][1].erase("alive");
    EXPECT_FALSE(figures_of(body));
    EXPECT_FALSE(figures_of(json::array()));
    EXPECT_FALSE(figures_of(json{{"shards", 3}}));
}

}  // namespace
}  // namespace portillon::run
