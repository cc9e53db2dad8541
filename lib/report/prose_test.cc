#include "report/prose.h"

#include <gtest/gtest.h>

namespace portillon::report {
namespace {

TEST(Prose, WritesNoFigureWithAnExponent) {
    EXPECT_EQ(three_digits(0), "0");
    EXPECT_EQ(three_digits(1.2e-5), "0.000012");
    EXPECT_EQ(three_digits(0.001234), "0.00123");
    EXPECT_EQ(three_digits(12.34), "12.3");
    EXPECT_EQ(three_digits(999.4), "999");
    EXPECT_EQ(three_digits(999.6), "1,000");
    EXPECT_EQ(three_digits(1366), "1,366");
    EXPECT_EQ(three_digits(2.42e6), "2,420,000");
    EXPECT_EQ(percent_text(24.2), "2,420 %");
    EXPECT_EQ(percent_text(0.000125), "0.0125 %");
    EXPECT_EQ(percent_text(1e-9), "<0.0001 %");
}

}  // namespace
}  // namespace portillon::report
