#include "server/figures.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "server/sample_run.h"

namespace portillon::server {
namespace {

TEST(Causes, CountsByName) {
    Causes causes;
    causes.add("malformed");
    causes.add("too_large");
    causes.add("malformed");
    EXPECT_EQ(counts_of(causes), (std::map<std::string, std::uint64_t>{{"malformed", 2}, {"too_large", 1}}));
}

TEST(Causes, CountsTheThirtyThirdKindAndThoseAfterItTogether) {
    Causes causes;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 40; ++i) {
            causes.add("cause_" + std::to_string(i));
        }
    }
    const auto counts = counts_of(causes);
    EXPECT_EQ(counts.size(), 33u);
    EXPECT_EQ(counts.at("cause_31"), 2u);
    EXPECT_EQ(counts.at("other"), 16u);
}

TEST(Causes, KeepsTheBeginningOfALongName) {
    Causes causes;
    const std::string name(60, 'x');
    causes.add(name);
    causes.add(name);
    EXPECT_EQ(counts_of(causes), (std::map<std::string, std::uint64_t>{{std::string(39, 'x'), 2}}));
}

}  // namespace
}  // namespace portillon::server
