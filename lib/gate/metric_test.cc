#include "gate/metric.h"

#include <gtest/gtest.h>

#include <set>

namespace portillon::gate {
namespace {

TEST(Metric, KnowsEveryNameOnce) {
    std::set<std::string> names;
    for (const auto& metric : metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_EQ(find_metric(metric.name)->kind, metric.kind);
    }
    EXPECT_EQ(find_metric("response")->kind, Kind::latency);
    EXPECT_EQ(find_metric("lost")->kind, Kind::counter);
    EXPECT_EQ(find_metric("delivered_per_s")->kind, Kind::number);
    EXPECT_EQ(find_metric("server.rss_bytes")->kind, Kind::bytes);
    EXPECT_FALSE(find_metric("Response"));
    EXPECT_FALSE(find_metric(""));
}

TEST(Metric, IsFoundByTheNameThatK6Gives) {
    EXPECT_EQ(find_metric("http_req_duration")->name, "response");
    EXPECT_EQ(find_metric("http_req_failed")->name, "errors");
    EXPECT_EQ(find_metric("iterations")->name, "acknowledged");
    EXPECT_EQ(find_metric("checks")->name, "acknowledged");
}

TEST(Metric, SpeaksOfFiguresInTheirUnit) {
    EXPECT_EQ(humanize_figure(Kind::latency, 31'240), "31.2 ms");
    EXPECT_EQ(humanize_figure(Kind::latency, 0.511), "511 ns");
    EXPECT_EQ(humanize_figure(Kind::bytes, 2.1e9), "2.10 GB");
    EXPECT_EQ(humanize_figure(Kind::bytes, 142.25), "142.2 B");
    EXPECT_EQ(humanize_figure(Kind::counter, 300'000), "300,000");
    EXPECT_EQ(humanize_figure(Kind::number, 9'999.6), "10,000");
    EXPECT_EQ(humanize_figure(Kind::number, 0.0125), "0.0125");
    EXPECT_EQ(humanize_figure(Kind::number, 1.0 / 0.0), "not a number");
    // A value that is not 0 is not shown as 0.
    EXPECT_EQ(humanize_figure(Kind::latency, 0.000'1), "0.1 ns");
    EXPECT_EQ(humanize_figure(Kind::bytes, 0.04), "0.04 B");
    EXPECT_EQ(humanize_figure(Kind::number, 0.000'01), "0.00001");
    EXPECT_EQ(humanize_figure(Kind::latency, 0), "0 ns");
    EXPECT_EQ(humanize_figure(Kind::bytes, 0), "0 B");
}

}  // namespace
}  // namespace portillon::gate
