#include "base/units.h"

#include <gtest/gtest.h>

#include <array>

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
    EXPECT_EQ(humanize_count(0.125), "0.12");
}

TEST(Run, IsSixteenHexadecimalDigits) {
    EXPECT_EQ(format_run(RunId{0xabc}), "0000000000000abc");
    EXPECT_EQ(parse_run("0000000000000abc"), RunId{0xabc});
    EXPECT_EQ(parse_run("abc"), std::nullopt);
    EXPECT_EQ(parse_run("000000000000zabc"), std::nullopt);
}

}  // namespace
}  // namespace portillon
