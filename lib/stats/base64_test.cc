#include "stats/base64.h"

#include <gtest/gtest.h>

namespace portillon::stats {
namespace {

TEST(Base64, WritesAndReadsTheExamplesOfTheRfc) {
    const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : rows) {
        EXPECT_EQ(encode_base64(plain), text);
        EXPECT_EQ(decode_base64(text), plain);
    }
}

TEST(Base64, CarriesEveryByte) {
    std::string every;
    for (int i = 0; i < 256; ++i) {
        every += static_cast<char>(i);
    }
    EXPECT_EQ(decode_base64(encode_base64(every)), every);
}

TEST(Base64, RefusesAnythingElse) {
    for (const char* text :
         {"Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zm9v\n", "Zm-_", "=Zg="}) {
        EXPECT_FALSE(decode_base64(text)) << text;
    }
}

}  // namespace
}  // namespace portillon::stats
