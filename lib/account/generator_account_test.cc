#include "account/generator_account.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/random.h"
#include "stats/base64.h"

namespace portillon::account {
namespace {

Range stretch(std::uint32_t equipment, Sequence first, Sequence last) {
    return {EquipmentId{equipment}, first, last};
}

void expect_same(const GeneratorAccount& account) {
    const auto text = encode(account);
    const auto read = decode(text);
    ASSERT_TRUE(read) << read.problems().front().message;
    EXPECT_EQ(*read, account);
}

TEST(GeneratorAccount, ComesBackAsItWasStored) {
    expect_same({});
    expect_same({{5}, {}});
    expect_same({{std::nullopt, 0, 3, 3, 3, std::nullopt, std::nullopt, 1'000'000'000}, {}});
    expect_same({{10, 10, 0, 7},
                 {stretch(1, 1, 1), stretch(1, 3, 10), stretch(2, 10, 10), stretch(4, 2, 2), stretch(4, 4, 7)}});
}

TEST(GeneratorAccount, IsSmall) {
    GeneratorAccount periodic, poisson;
    for (std::uint32_t equipment = 1; equipment <= 50'000; ++equipment) {
        periodic.generated.emplace_back(600);
        const auto noise = scatter(1, equipment);
        poisson.generated.emplace_back(550 + (noise & 0x3F) + (noise >> 20 & 0x3F));
        if (equipment % 10 == 0) {  // a tenth of the fleet was cut off for a while
            poisson.unacknowledged.push_back(stretch(equipment, 200 + (noise >> 32 & 0xF), 260 + (noise >> 40 & 0xF)));
        }
    }
    std::printf("50,000 equipments, periodic: %zu bytes; poisson, 5,000 ranges: %zu bytes\n", encode(periodic).size(),
                encode(poisson).size());
    EXPECT_LT(encode(periodic).size(), 100u);
    EXPECT_LT(encode(poisson).size(), 120'000u);
    expect_same(poisson);
}

TEST(GeneratorAccount, IsLeftOutWhereItWouldBeTooLarge) {
    EXPECT_EQ(encode({{most_validations, 1}, {}}), "");
    EXPECT_EQ(encode({Generated(most_equipments + 1, 0), {}}), "");
    EXPECT_NE(encode({{most_validations}, {}}), "");
}

TEST(GeneratorAccount, IsRefusedWhenItContradictsItself) {
    const struct {
        const char* what;
        GeneratorAccount account;
    } rows[] = {
        {"a range beyond what was generated", {{3}, {stretch(1, 2, 4)}}},
        {"a range of an equipment that there is not", {{3}, {stretch(2, 1, 1)}}},
        {"a range of an unknown equipment", {{std::nullopt}, {stretch(1, 1, 1)}}},
        {"ranges that touch", {{9}, {stretch(1, 1, 2), stretch(1, 3, 4)}}},
        {"ranges that overlap", {{9}, {stretch(1, 1, 2), stretch(1, 2, 4)}}},
        {"sequence 0", {{9}, {stretch(1, 0, 2)}}},
    };
    for (const auto& row : rows) {
        EXPECT_FALSE(decode(encode(row.account))) << row.what;
    }
}

TEST(GeneratorAccount, IsRefusedWhenItIsDamaged) {
    const auto text = encode({{10, 10}, {stretch(1, 3, 10)}});
    EXPECT_EQ(decode("?").problems().front().message, "is not base64");
    EXPECT_EQ(decode("").problems().front().message, "does not inflate");
    EXPECT_EQ(decode(stats::encode_base64("nonsense")).problems().front().message, "does not inflate");
    auto bytes = *stats::decode_base64(text);
    EXPECT_FALSE(decode(stats::encode_base64(bytes + "x"))) << "something follows";
    bytes.pop_back();
    EXPECT_FALSE(decode(stats::encode_base64(bytes))) << "cut short";
}

}  // namespace
}  // namespace portillon::account
