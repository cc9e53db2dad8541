#include "base/error.h"

#include <gtest/gtest.h>

#include "base/error_category.h"

namespace portillon {
namespace {

enum class Fruit : std::uint8_t { none, apple, pear };

std::string fruit_name(Fruit fruit) {
    return fruit == Fruit::apple ? "fruit_apple" : fruit == Fruit::pear ? "fruit_pear" : "fruit_none";
}

TEST(CauseName, IsShortAndStable) {
    namespace errc = boost::system::errc;
    EXPECT_EQ(cause_name({}), "none");
    EXPECT_EQ(cause_name(errc::make_error_code(errc::connection_refused)), "refused");
    EXPECT_EQ(cause_name(errc::make_error_code(errc::broken_pipe)), "reset");
    EXPECT_EQ(cause_name(errc::make_error_code(errc::timed_out)), "timed_out");
    EXPECT_EQ(cause_name(error_code{9999, boost::system::system_category()}), "errno_9999");
}

TEST(ErrorCategory, CountsAnErrorUnderItsOwnName) {
    static const ErrorCategory<Fruit> category("portillon.fruit", fruit_name);
    const error_code pear = category.code(Fruit::pear);
    EXPECT_STREQ(pear.category().name(), "portillon.fruit");
    EXPECT_EQ(pear.value(), 2);
    EXPECT_EQ(cause_name(pear), "fruit_pear");
    EXPECT_NE(pear, category.code(Fruit::apple));
}

TEST(ErrorCategory, SaysWhetherZeroIsAFailure) {
    using Category = ErrorCategory<Fruit>;
    static const Category usual("portillon.fruit", fruit_name);
    static const Category strict("portillon.fruit", fruit_name, Category::Zero::is_failure);
    EXPECT_FALSE(usual.code(Fruit::none).failed());
    EXPECT_TRUE(strict.code(Fruit::none).failed());
    EXPECT_EQ(cause_name(strict.code(Fruit::none)), "fruit_none");
}

}  // namespace
}  // namespace portillon
