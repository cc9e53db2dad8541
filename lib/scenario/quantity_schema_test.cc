#include "scenario/quantity_schema.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "scenario/shipped_protocols.h"

namespace portillon::scenario {
namespace {

bool matches(const std::string& text, const std::string& pattern) {
    static std::map<std::string, std::regex> known;
    return std::regex_search(text, known.try_emplace(pattern, pattern).first->second);
}

// Texts for values just around a decimal, spelled in every way.
std::vector<std::string> spellings(const std::string& whole, const std::string& fraction) {
    std::vector<std::string> all{whole + "." + fraction, "0" + whole + "." + fraction, whole + "." + fraction + "0",
                                 whole + "." + fraction + "1"};
    if (fraction.empty()) {
        all.push_back(whole);
    }
    if (whole == "0") {
        all.push_back("." + fraction + "0");
    }
    return all;
}

std::vector<std::string> numbers() {
    std::vector<std::string> all;
    for (const char* whole :
         {"0",    "1",     "9",     "10",    "59",     "60",      "61",      "63",       "64",      "65",   "99",
          "100",  "364",   "365",   "366",   "999",    "1000",    "1001",    "1023",     "1024",    "3599", "3600",
          "3601", "65535", "65536", "65537", "999999", "1000000", "1000001", "31536000", "31536001"}) {
        for (const char* fraction : {"", "0", "001", "041", "0416", "042", "063", "0625", "064", "065", "5", "53",
                                     "535", "536", "537", "9", "999"}) {
            const auto more = spellings(whole, fraction);
            all.insert(all.end(), more.begin(), more.end());
        }
    }
    return all;
}

TEST(QuantitySchema, FindsTheDurationsBeyondALimit) {
    for (const Nanos limit : {Nanos(1ms), Nanos(1h), Nanos(24h * 365)}) {
        const auto too_long = longer_than(limit), too_short = shorter_than(limit), broken = broken_durations();
        for (const auto& number : numbers()) {
            for (const char* unit : {"ns", "us", "ms", "s", "m", "h", "d"}) {
                const auto text = number + unit;
                EXPECT_TRUE(matches(text, duration_form())) << text;
                const auto value = parse_duration(text);
                if (!value || matches(text, broken)) {
                    continue;
                }
                EXPECT_EQ(matches(text, too_long), *value > limit) << text << " > " << limit.count();
                EXPECT_EQ(matches(text, too_short), *value < limit) << text << " < " << limit.count();
            }
        }
    }
    EXPECT_TRUE(matches("366d", longer_than(24h * 365)));
    EXPECT_TRUE(matches("8761h", longer_than(24h * 365)));
    EXPECT_TRUE(matches("99999999999999999999d", longer_than(24h * 365)));
}

TEST(QuantitySchema, FindsTheSizesBeyondALimit) {
    const Bytes least{64}, most{65536};
    for (const auto& number : numbers()) {
        for (const char* unit : {"", "B", "kB", " KB", "MB", "GB", "KiB", "MiB", "GiB"}) {
            const auto text = number + unit;
            EXPECT_TRUE(matches(text, bytes_form())) << text;
            if (const auto value = parse_bytes(text)) {
                EXPECT_FALSE(matches(text, broken_bytes())) << text;
                EXPECT_EQ(matches(text, smaller_than(least)), *value < least) << text;
                EXPECT_EQ(matches(text, larger_than(most)), *value > most) << text;
            }
        }
    }
    EXPECT_TRUE(matches("63B", smaller_than(least)));
    EXPECT_TRUE(matches("0.063kB", smaller_than(least)));
    EXPECT_FALSE(matches("0.0625KiB", smaller_than(least)));
    EXPECT_TRUE(matches("1.5B", broken_bytes()));
    EXPECT_TRUE(matches("2.0001kB", broken_bytes()));
}

TEST(QuantitySchema, FindsTheRatesBeyondALimit) {
    for (const auto& number : numbers()) {
        for (const char* unit : {"", "/s", "/m", "/min", "/h"}) {
            const auto text = number + unit;
            EXPECT_TRUE(matches(text, rate_form())) << text;
            EXPECT_EQ(matches(text, faster_than(1000)), parse_rate(text)->per_second > 1000) << text;
        }
    }
}

TEST(QuantitySchema, KnowsWhatIsNothing) {
    for (const char* text : {"0", "0s", "0.0s", ".0h", "00d0s", "0/s", "0%", "0B"}) {
        EXPECT_TRUE(matches(text, nothing_at_all())) << text;
    }
    for (const char* text : {"1ns", "0s1ns", ".01s", "10s"}) {
        EXPECT_FALSE(matches(text, nothing_at_all())) << text;
    }
}

TEST(QuantitySchema, CountsWholeSecondsExactly) {
    for (const std::uint64_t limit : {65'535ULL, 7'200ULL, 3'661ULL, 300ULL, 59ULL, 4'294'967'294ULL}) {
        const auto pattern = whole_seconds_up_to(limit);
        for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{59}, std::uint64_t{60},
                                       limit - 1, limit, limit + 1, limit + 60, limit * 10}) {
            const auto h = at / 3600, m = at / 60 % 60, s = at % 60;
            const auto full = std::to_string(h) + "h" + std::to_string(m) + "m" + std::to_string(s) + "s";
            const auto minutes = std::to_string(at / 60) + "m" + std::to_string(s) + "s";
            for (const auto& text : {std::to_string(at) + "s", full, minutes}) {
                EXPECT_EQ(matches(text, pattern), at <= limit) << text << " <= " << limit;
            }
        }
        for (const char* text : {"", "h", "s", "1.5s", "500ms", "1s1m", "5", "-1s", "1m60s", "1d"}) {
            EXPECT_FALSE(matches(text, pattern)) << text;
        }
    }
}

// The schemas beside the drivers are kept by hand, and must contain the expressions that these functions make.
TEST(QuantitySchema, IsWhatTheDriversSchemasSay) {
    const auto pattern_of = [](const std::string& driver, const std::string& key) {
        const auto schema = nlohmann::json::parse(read_source("lib/drivers/" + driver + "/options.schema.json"));
        const auto& option = schema["properties"][key];
        return (option.contains("anyOf") ? option["anyOf"][0] : option)["pattern"].get<std::string>();
    };
    constexpr std::uint64_t week_s = 168 * 3600, year_s = 8760 * 3600;
    EXPECT_EQ(pattern_of("mqtt", "keepalive"), whole_seconds_up_to(65'535));
    EXPECT_EQ(pattern_of("mqtt", "session_expiry"), whole_seconds_up_to(year_s));
    for (const char* driver : {"http2", "grpc", "grpc_stream"}) {
        EXPECT_EQ(pattern_of(driver, "keepalive"), whole_seconds_up_to(week_s)) << driver;
    }
}

}  // namespace
}  // namespace portillon::scenario
