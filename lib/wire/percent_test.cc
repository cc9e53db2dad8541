#include "wire/percent.h"

#include <gtest/gtest.h>

namespace portillon::wire {
namespace {

TEST(PercentEncoding, IsUndoneByDecodingWhateverElseIsLeft) {
    EXPECT_EQ(percent_encode("100 % caf\u00e9\n"), "100 %25 caf%C3%A9%0A");
    EXPECT_EQ(percent_decode("100 %25 caf%C3%a9%0A"), "100 % caf\u00e9\n");
    EXPECT_EQ(percent_decode("%"), "%");
    EXPECT_EQ(percent_decode("%4"), "%4");
    EXPECT_EQ(percent_decode("%zz%41%4z"), "%zzA%4z");
}

}  // namespace
}  // namespace portillon::wire
