#include "wire/grpc_retry_info.h"

#include <gtest/gtest.h>

namespace portillon::wire {
namespace {

TEST(RetryInfo, ReadsBackWhatItWrote) {
    for (const Nanos delay : {Nanos{0}, Nanos{1}, Nanos{250ms}, Nanos{1s}, Nanos{3s + 7ns}, Nanos{24h}}) {
        EXPECT_EQ(parse_retry_info(format_retry_info(GrpcStatus::resource_exhausted, "busy", delay)), delay);
    }
}

// Made by python3-protobuf: google.rpc.Status(code=8, message="slow down", details=[RetryInfo(retry_delay=1.5 s)]).
TEST(RetryInfo, ReadsWhatTheOfficialLibraryWrote) {
    constexpr std::string_view text =
        "CAgSCXNsb3cgZG93bho2Cih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuUmV0cnlJbmZvEgoKCAgBEIDKte4B";
    EXPECT_EQ(parse_retry_info(text), 1500ms);
    EXPECT_EQ(format_retry_info(GrpcStatus::resource_exhausted, "slow down", 1500ms), text);
}

TEST(RetryInfo, IsNothingWhenItIsSomethingElse) {
    EXPECT_EQ(parse_retry_info(""), std::nullopt);
    EXPECT_EQ(parse_retry_info("!"), std::nullopt);
    EXPECT_EQ(parse_retry_info("A"), std::nullopt);
    EXPECT_EQ(parse_retry_info("CAgSBGJ1c3k"), std::nullopt) << "no details";
    const std::string whole = format_retry_info(GrpcStatus::unavailable, "", 1s);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(parse_retry_info(whole.substr(0, size)), std::nullopt) << size;
    }
    EXPECT_EQ(parse_retry_info(whole + "="), 1s) << "padding is allowed";
}

TEST(RetryInfo, IsBounded) {
    EXPECT_EQ(parse_retry_info(format_retry_info(GrpcStatus::unavailable, "", Nanos::max())), 24h * 365);
    // {1: code, 3: Any{RetryInfo{Duration{1: -1}}}}: a negative delay is 0.
    EXPECT_EQ(parse_retry_info(format_retry_info(GrpcStatus::unavailable, "", -1s)), 0s);
}

TEST(Pushback, IsMillisecondsOrNothing) {
    EXPECT_EQ(parse_pushback("250"), 250ms);
    EXPECT_EQ(parse_pushback("0"), 0ms);
    EXPECT_EQ(parse_pushback("2147483647"), 2'147'483'647ms);
    for (const auto* text : {"", "-1", "-2147483648", "+1", "1.5", "2147483648", "4294967296", "soon", "1 "}) {
        EXPECT_EQ(parse_pushback(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace portillon::wire
