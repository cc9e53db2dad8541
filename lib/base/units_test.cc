#include "base/units.h"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/decimal.h"
#include "base/random.h"

namespace portillon {
namespace {

TEST(Duration, ReadsWhatPeopleWrite) {
    EXPECT_EQ(parse_duration("1.5s"), Nanos{1'500'000'000});
    EXPECT_EQ(parse_duration("200ms"), 200ms);
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("250us"), 250us);
    EXPECT_EQ(parse_duration("10ns"), 10ns);
    EXPECT_EQ(parse_duration("0"), 0ns);
    EXPECT_EQ(parse_duration("2d"), 48h);
}

TEST(Duration, RefusesTheRest) {
    for (const char* text : {"", "s", "5", "-1s", "1 s", "1x", "1s1h", "1s2s", "1e3s", "400d", "nan s", "inf", "1.s.",
                             "99999999999999999999d"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Duration, IsWrittenInTheFormThatIsReadBack) {
    for (const Nanos value :
         {Nanos{0}, Nanos{1}, Nanos{1500ms}, Nanos{90min}, Nanos{5min}, Nanos{1234567ns}, Nanos{100ms}}) {
        EXPECT_EQ(parse_duration(format_duration(value)), value) << format_duration(value);
    }
    EXPECT_EQ(format_duration(1500ms), "1.5s");
    EXPECT_EQ(format_duration(5min), "5m");
}

TEST(Bytes, ReadsDecimalAndBinaryUnits) {
    EXPECT_EQ(parse_bytes("2GB"), Bytes{2'000'000'000});
    EXPECT_EQ(parse_bytes("64KiB"), Bytes{65536});
    EXPECT_EQ(parse_bytes("100"), Bytes{100});
    EXPECT_EQ(parse_bytes("1.5kB"), Bytes{1500});
    for (const char* text : {"", "GB", "-1B", "1.5B", "1XB", "99999999999GB"}) {
        EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
    }
}

TEST(Bytes, AreCountedOnTheTextAndNotInBinaryFractions) {
    // 2.01 x 1,000 and 1.001 x 1,000,000 are not whole in binary fractions.
    EXPECT_EQ(parse_bytes("2.01kB"), Bytes{2010});
    EXPECT_EQ(parse_bytes("1.001MB"), Bytes{1'001'000});
    EXPECT_EQ(parse_bytes("0.5KiB"), Bytes{512});
    EXPECT_EQ(parse_bytes("4.35 GB"), Bytes{4'350'000'000});
    EXPECT_EQ(parse_bytes("1.0"), Bytes{1});
    for (std::uint64_t bytes = 0; bytes < 100'000; bytes += 7) {
        const auto thousands =
            std::to_string(bytes / 1000) + "." + std::to_string(1000 + bytes % 1000).substr(1) + "kB";
        EXPECT_EQ(parse_bytes(thousands), Bytes{bytes}) << thousands;
    }
    for (const char* text : {"1.0005kB", "0.1B", "1.1KiB", "9000000000GB", "99999999999999999999999999999999"}) {
        EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
    }
}

TEST(Duration, IsCountedOnTheText) {
    EXPECT_EQ(parse_duration("0.1s"), 100ms);
    EXPECT_EQ(parse_duration("2.01s"), 2010ms);
    EXPECT_EQ(parse_duration("1.005us"), 1005ns);
    EXPECT_EQ(parse_duration("1.1h"), 66min);
    EXPECT_EQ(parse_duration("8.2d"), Nanos{708'480'000'000'000});
    EXPECT_EQ(parse_duration("365d"), 24h * 365);
    for (const char* text : {"0.5ns", "1.0005us", "0.0000000001s", "365d1ns", "9000000d", "18446744073709551616ns"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
    for (std::int64_t us = 1; us < 10'000'000; us += 9'973) {
        const auto text =
            std::to_string(us / 1'000'000) + "." + std::to_string(1'000'000 + us % 1'000'000).substr(1) + "s";
        EXPECT_EQ(parse_duration(text), Nanos{us * 1000}) << text;
        EXPECT_EQ(parse_duration(format_duration(Nanos{us * 1000})), Nanos{us * 1000});
    }
}

TEST(Rate, AndShareAreTheNearestToTheText) {
    EXPECT_EQ(parse_rate("2.5/min"), Rate{2.5 / 60});
    EXPECT_EQ(parse_rate("0.1/m"), Rate{1.0 / 600});
    EXPECT_EQ(parse_rate("1/h"), Rate{1.0 / 3600});
    EXPECT_EQ(parse_rate(".5/s"), Rate{0.5});
    EXPECT_EQ(parse_share("7%"), Share{0.07});
    EXPECT_EQ(parse_share("29%"), Share{0.29});
    EXPECT_EQ(parse_share("0.0001%"), Share{0.000001});
    EXPECT_EQ(parse_share("100%"), Share{1});
    for (const char* text : {"1e3/s", "1e3%", "inf/s", "1/s2", "1 /s", ".", "./s", "100.0001%"}) {
        EXPECT_EQ(parse_rate(text), std::nullopt) << text;
        EXPECT_EQ(parse_share(text), std::nullopt) << text;
    }
}

// Over many orders of magnitude, from a seed that a failure names.
double any_size(Random& random) {
    return std::pow(10.0, random.uniform() * 22 - 11) * (0.5 + random.uniform());
}

TEST(PlainDecimal, IsReadBackAsTheSameNumber) {
    constexpr std::uint64_t seed = 4711;
    Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
        const double value = any_size(random);
        const auto text = plain_decimal(value);
        EXPECT_EQ(text.find('e'), std::string::npos) << text;
        double read = 0;
        std::from_chars(text.data(), text.data() + text.size(), read, std::chars_format::fixed);
        EXPECT_EQ(read, value) << text << ", seed " << seed;
        const Share share{random.uniform()};
        EXPECT_EQ(parse_share(plain_decimal(share.of_one, 2) + "%"), share) << plain_decimal(share.of_one, 2);
    }
    EXPECT_EQ(plain_decimal(0), "0");
    EXPECT_EQ(plain_decimal(0.07, 2), "7");
    EXPECT_EQ(plain_decimal(1e-7), "0.0000001");
    EXPECT_EQ(plain_decimal(1e21), "1000000000000000000000");
    EXPECT_EQ(plain_decimal(123.25), "123.25");
}

TEST(Rate, ReadsPerSecondMinuteAndHour) {
    EXPECT_EQ(parse_share("20%"), Share{0.2});
    EXPECT_EQ(parse_share("0.5%"), Share{0.005});
    for (const char* text : {"", "%", "20", "100.1%", "-1%", "20 %", "1e1%", "nan%"}) {
        EXPECT_EQ(parse_share(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_rate("60/s"), Rate{60});
    EXPECT_EQ(parse_rate("6/m"), Rate{0.1});
    EXPECT_EQ(parse_rate("3600/h"), Rate{1});
    EXPECT_EQ(parse_rate("0.5"), Rate{0.5});
    for (const char* text : {"", "/s", "-1/s", "1/x", "fast"}) {
        EXPECT_EQ(parse_rate(text), std::nullopt) << text;
    }
}

TEST(Humanize, KeepsThreeDigits) {
    EXPECT_EQ(humanize(1'240'000ns), "1.24 ms");
    EXPECT_EQ(humanize(950us), "950 us");
    EXPECT_EQ(humanize(2s), "2.00 s");
    EXPECT_EQ(humanize(Bytes{1'500'000}), "1.50 MB");
    EXPECT_EQ(humanize_count(1234567), "1,234,567");
    EXPECT_EQ(humanize_count(0.125), "0.125");
    EXPECT_EQ(humanize_count(0.5), "0.5");
    EXPECT_EQ(humanize_count(0.4), "0.4");
    EXPECT_EQ(humanize_count(0.000'123'4), "0.000123");
    EXPECT_EQ(humanize_count(-123), "-123");
    EXPECT_EQ(humanize_count(-1234), "-1,234");
    EXPECT_EQ(humanize_count(0), "0");
}

TEST(Humanize, NeverShowsAsNothingWhatIsNotNothing) {
    constexpr std::uint64_t seed = 99;
    Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
        const double value = any_size(random) * (i % 2 == 0 ? 1 : -1);
        const auto text = humanize_count(value);
        std::string digits;
        for (const char letter : text) {
            digits += letter == ',' ? "" : std::string(1, letter);
        }
        double read = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), read);
        EXPECT_NEAR(read, value, std::abs(value) * 0.0051) << text << ", seed " << seed;
        const auto whole = static_cast<std::uint64_t>(std::abs(value)) + 1;
        EXPECT_NE(humanize(Bytes{whole}).front(), '0') << whole;
        EXPECT_NE(humanize(Nanos{static_cast<std::int64_t>(whole)}).front(), '0') << whole;
    }
}

TEST(Run, IsSixteenHexadecimalDigits) {
    EXPECT_EQ(format_run(RunId{0xabc}), "0000000000000abc");
    EXPECT_EQ(parse_run("0000000000000abc"), RunId{0xabc});
    EXPECT_EQ(parse_run("abc"), std::nullopt);
    EXPECT_EQ(parse_run("000000000000zabc"), std::nullopt);
}

TEST(Units, CountsThings) {
    EXPECT_EQ(counted(1, "equipment"), "1 equipment");
    EXPECT_EQ(counted(10'000, "equipment"), "10,000 equipments");
    EXPECT_EQ(counted(0, "retry"), "0 retries");
    EXPECT_EQ(counted(1, "retry"), "1 retry");
    EXPECT_EQ(counted(2, "generator process"), "2 generator processes");
    EXPECT_EQ(counted(2, "batch"), "2 batches");
    EXPECT_EQ(counted(2, "day"), "2 days");
}

}  // namespace
}  // namespace portillon
