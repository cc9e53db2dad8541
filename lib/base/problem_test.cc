#include "base/problem.h"

#include <gtest/gtest.h>

namespace portillon {
namespace {

TEST(Problem, NamesItsPlace) {
    EXPECT_EQ(format_problem({"a.yaml", 3, "fleet.size", "unknown key"}), "a.yaml:3: fleet.size: unknown key");
    EXPECT_EQ(format_problem({"--rate", 0, "", "not a rate"}), "--rate: not a rate");
}

TEST(Problem, IsOneLineThatSteersNoTerminal) {
    EXPECT_EQ(format_problem({"a\n\x1b[2J.yaml", 3,
                              "fleet.\xc2\x9b"
                              "1m",
                              "'\u202ex' is \xff"}),
              "a\\n\\x1b[2J.yaml:3: fleet.\\u009b1m: '\\u202ex' is \\xff");
}

TEST(DidYouMean, OffersANearWordOnly) {
    EXPECT_EQ(did_you_mean("equipment", {"equipments", "start"}), "equipments");
    EXPECT_EQ(did_you_mean("stagse", {"stages", "arrival"}), "stages");
    EXPECT_EQ(did_you_mean("zzz", {"stages", "arrival"}), "");
    EXPECT_EQ(did_you_mean("rnu", {"plan", "run"}), "run") << "two letters that changed places are one slip";
    EXPECT_EQ(did_you_mean("urn", {"plan", "run"}), "run");
    EXPECT_EQ(did_you_mean("nur", {"plan", "run"}), "");
}

TEST(Checked, HoldsAValueOrProblems) {
    Checked<int> good{7};
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 7);
    Checked<int> bad{Problems{{"x", 0, "", "y"}}};
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.problems().size(), 1u);
}

}  // namespace
}  // namespace portillon
