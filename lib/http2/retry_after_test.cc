#include "http2/retry_after.h"

#include <gtest/gtest.h>

#include <string>

namespace portillon::http2 {
namespace {

constexpr Date now{std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s};

TEST(RetryAfter, ReadsTheDateThatServersMustSend) {
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", now), now);
    EXPECT_EQ(parse_date("Thu, 29 Feb 2024 23:59:60 GMT", now),
              Date{std::chrono::sys_days{std::chrono::year{2024} / 3 / 1}});
    for (const auto* text :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
          "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, -6 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:4 :37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT"}) {
        EXPECT_EQ(parse_date(text, now), std::nullopt) << text;
    }
}

// RFC 9110, 5.6.7: a recipient must accept all three.
TEST(RetryAfter, ReadsTheDatesThatServersSentLongAgo) {
    EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now), now);
    EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", now), now);
    EXPECT_EQ(parse_date("Wed Nov 16 08:49:37 1994", now), now + 240h);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:40 GMT", now), 3s);
    for (const auto* text : {"Sunday, 06-Nov-94 08:49:37", "Sunday, 06-Nov-1994 08:49:37 GMT",
                             "Sunday, 06-Nov-94 08:49:37 CET", "Sunday, 6-Nov-94 08:49:37 GMT",
                             "Sunday, 06-nov-94 08:49:37 GMT", "Sun Nov 06 08:49 1994", "Sun Nov  6 08:49:37 94",
                             "Sun Nov 31 08:49:37 1994", "Sun,Nov  6 08:49:37 1994", "Sun Nov  6 08.49.37 1994"}) {
        EXPECT_EQ(parse_date(text, now), std::nullopt) << text;
    }
}

TEST(RetryAfter, TakesAYearOfTwoDigitsForOneThatIsNotFarAhead) {
    const auto year_of = [](const char* text, int this_year) {
        const Date then{std::chrono::sys_days{std::chrono::year{this_year} / 6 / 1}};
        const auto date = parse_date(text, then);
        return date ? static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*date)}.year())
                    : 0;
    };
    EXPECT_EQ(year_of("Monday, 01-Jun-26 00:00:00 GMT", 2026), 2026);
    EXPECT_EQ(year_of("Monday, 01-Jun-76 00:00:00 GMT", 2026), 2076);
    EXPECT_EQ(year_of("Monday, 01-Jun-77 00:00:00 GMT", 2026), 1977);
    EXPECT_EQ(year_of("Monday, 01-Jun-99 00:00:00 GMT", 2026), 1999);
}

TEST(RetryAfter, ReadsSecondsAndDates) {
    struct Row {
        std::string text;
        std::optional<Nanos> expected;
    };
    const std::vector<Row> rows{
        {"0", 0s},
        {"120", 120s},
        {"31536000", 8760h},
        {"99999999", 8760h},
        {"99999999999999999999", 8760h},
        {"Sun, 06 Nov 1994 08:50:00 GMT", 23s},
        {"Sun, 06 Nov 1994 08:00:00 GMT", 0s},
        {"Sun, 06 Nov 2094 08:00:00 GMT", 8760h},
        {"", std::nullopt},
        {"-1", std::nullopt},
        {"1.5", std::nullopt},
        {"soon", std::nullopt},
        {" 1", std::nullopt},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(parse_retry_after(row.text, now), row.expected) << row.text;
    }
}

}  // namespace
}  // namespace portillon::http2
