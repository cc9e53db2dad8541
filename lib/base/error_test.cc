#include "base/error.h"

#include <gtest/gtest.h>

namespace portillon {
namespace {

TEST(CauseName, IsShortAndStable) {
    namespace errc = boost::system::errc;
    EXPECT_EQ(cause_name({}), "none");
    EXPECT_EQ(cause_name(errc::make_error_code(errc::connection_refused)), "refused");
    EXPECT_EQ(cause_name(errc::make_error_code(errc::broken_pipe)), "reset");
    EXPECT_EQ(cause_name(errc::make_error_code(errc::timed_out)), "timed_out");
    EXPECT_EQ(cause_name(error_code{9999, boost::system::system_category()}), "errno_9999");
}

}  // namespace
}  // namespace portillon
