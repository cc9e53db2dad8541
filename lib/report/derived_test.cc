#include "report/derived.h"

#include <gtest/gtest.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

TEST(Derived, FollowsFromTheFiguresOfARun) {
    const auto run = healthy_run();  // 2 s, 20,000 validations in 2,000 batches
    EXPECT_DOUBLE_EQ(*cores_of(run, account::sides[0]), 1.25 / 2);
    EXPECT_DOUBLE_EQ(*cores_of(run, account::sides[1]), 0.5);
    EXPECT_DOUBLE_EQ(*network_bytes_per_s(run), 1'290'000);
    // 2,000 packets each way, since 2.5 MB fit into 1,727 full ones: 208 kB for 20,000 validations.
    EXPECT_NEAR(*tcp_ip_bytes_per_validation(run), 4000 * 52.0 / 20'000, 1e-9);
    EXPECT_DOUBLE_EQ(*rate_of_each(run), 10);
}

TEST(Derived, ExtrapolatesInProportionButNotTheProcessesThemselves) {
    auto run = healthy_run();
    auto needs = needs_of(run, 50'000);
    EXPECT_NEAR(*needs.cores, 50'000 * 10 * 5e-6, 1e-9);
    EXPECT_DOUBLE_EQ(*needs.memory_bytes, 50'000.0 * 18'000);
    EXPECT_NEAR(*needs.bytes_per_month, 500'000.0 * (129 + 10.4) * 30 * 86'400, 1e6);
    run.resources.server->rss_bytes = 118'000'000;
    EXPECT_DOUBLE_EQ(*needs_of(run, 50'000).memory_bytes, 50'000.0 * 18'000 + 100'000'000);
}

TEST(Derived, IsAbsentIfAFigureIs) {
    auto run = healthy_run();
    run.resources.server.reset();
    run.intervals.clear();
    run.wire.bytes_per_validation.reset();
    EXPECT_FALSE(cores_of(run, account::sides[0]));
    EXPECT_FALSE(cores_of(run, account::sides[1]));
    EXPECT_FALSE(network_bytes_per_s(run));
    EXPECT_FALSE(tcp_ip_bytes_per_validation(run));
    const auto needs = needs_of(run, 50'000);
    EXPECT_FALSE(needs.cores || needs.memory_bytes || needs.bytes_per_month);
}

}  // namespace
}  // namespace portillon::report
