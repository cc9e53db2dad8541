#include "report/gold.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace portillon::report {

void expect_gold(const std::string& name, const std::string& text) {
    const std::string path = PORTILLON_SOURCE_DIR "/lib/report/gold/" + name;
    if (std::getenv("PORTILLON_WRITE_GOLD") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file) << "no " << path;
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text, kept) << path;
}

}  // namespace portillon::report
