#include "wire/grpc_frame.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/decode_error.h"

namespace portillon::wire {
namespace {

std::string framed(std::string_view body) {
    std::array<std::byte, grpc_prefix_bytes> prefix;
    write_grpc_prefix(body.size(), prefix);
    return std::string(reinterpret_cast<const char*>(prefix.data()), prefix.size()) + std::string(body);
}

std::vector<std::string> read(GrpcFrameReader& reader, std::string_view piece) {
    std::vector<std::string> bodies;
    reader.feed(bytes_of(piece));
    while (const auto message = reader.next()) {
        bodies.emplace_back(reinterpret_cast<const char*>(message->body.data()), message->body.size());
    }
    return bodies;
}

TEST(GrpcFrame, HasABigEndianLength) {
    EXPECT_EQ(framed("hello"), std::string("\0\0\0\0\5hello", 10));
    EXPECT_EQ(framed(std::string(0x010203, 'x')).substr(0, 5), std::string("\0\0\1\2\3", 5));
}

TEST(GrpcFrameReader, ReadsMessagesHoweverTheyAreSplit) {
    const std::vector<std::string> bodies = {"", "a", std::string(300, 'b'), "", "last"};
    std::string stream;
    for (const std::string& body : bodies) {
        stream += framed(body);
    }
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        GrpcFrameReader reader(1'000);
        std::vector<std::string> got = read(reader, stream.substr(0, cut));
        for (std::string& body : read(reader, stream.substr(cut))) {
            got.push_back(std::move(body));
        }
        ASSERT_EQ(got, bodies) << cut;
        ASSERT_TRUE(reader.at_boundary());
    }
    GrpcFrameReader reader(1'000);
    std::vector<std::string> got;
    for (const char byte : stream) {
        for (std::string& body : read(reader, {&byte, 1})) {
            got.push_back(std::move(body));
        }
    }
    EXPECT_EQ(got, bodies);
}

TEST(GrpcFrameReader, DoesNotCopyWhatLiesWholeInAPiece) {
    const std::string piece = framed("hello");
    GrpcFrameReader reader(100);
    reader.feed(bytes_of(piece));
    EXPECT_EQ(reader.next()->body.data(), bytes_of(piece).data() + grpc_prefix_bytes);
}

TEST(GrpcFrameReader, KnowsWhenAStreamEndsWithinAMessage) {
    GrpcFrameReader reader(100);
    EXPECT_TRUE(reader.at_boundary());
    read(reader, framed("hello").substr(0, 3));
    EXPECT_FALSE(reader.at_boundary());
}

TEST(GrpcFrameReader, ReportsCompression) {
    GrpcFrameReader reader(100);
    const std::string piece("\1\0\0\0\1x", 6);
    reader.feed(bytes_of(piece));
    EXPECT_EQ(reader.next()->compression, Compression::compressed);
}

TEST(GrpcFrameReader, RefusesWhatIsTooLargeWithoutTakingIt) {
    for (const std::size_t cut : {std::size_t{0}, std::size_t{2}}) {
        GrpcFrameReader reader(4);
        EXPECT_EQ(read(reader, framed("four")).size(), 1U);
        read(reader, framed("hello").substr(0, cut));
        EXPECT_TRUE(read(reader, framed("hello").substr(cut)).empty());
        EXPECT_EQ(reader.error(), DecodeError::too_large);
        EXPECT_TRUE(read(reader, framed("four")).empty());
    }
    GrpcFrameReader reader(100);
    EXPECT_TRUE(read(reader, std::string("\2\0\0\0\0", 5)).empty());
    EXPECT_EQ(reader.error(), DecodeError::syntax);
}

TEST(GrpcTimeout, UsesTheFinestUnitThatFitsRoundedUp) {
    EXPECT_EQ(format_grpc_timeout(0ns), "0n");
    EXPECT_EQ(format_grpc_timeout(-1s), "0n");
    EXPECT_EQ(format_grpc_timeout(99'999'999ns), "99999999n");
    EXPECT_EQ(format_grpc_timeout(100'000'001ns), "100001u");
    EXPECT_EQ(format_grpc_timeout(5s), "5000000u");
    EXPECT_EQ(format_grpc_timeout(100s), "100000m");
    EXPECT_EQ(format_grpc_timeout(Nanos::max()), "2562048H");
}

TEST(GrpcTimeout, ReadsWhatTheSpecificationAllows) {
    struct Row {
        std::string_view text;
        std::optional<Nanos> timeout;
    };
    const Row rows[] = {
        {"1H", 1h},
        {"2M", 2min},
        {"3S", 3s},
        {"4m", 4ms},
        {"5u", 5us},
        {"6n", 6ns},
        {"0n", 0ns},
        {"00000001S", 1s},
        {"", {}},
        {"S", {}},
        {"5", {}},
        {"5x", {}},
        {"-5S", {}},
        {"+5S", {}},
        {" 5S", {}},
        {"5 S", {}},
        {"123456789S", {}},
        {"5SS", {}},
        {"99999999H", Nanos::max()},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(parse_grpc_timeout(row.text), row.timeout) << row.text;
    }
}

TEST(GrpcTimeout, NeverReadsBackShorter) {
    for (Nanos timeout{1}; timeout < Nanos::max() / 7; timeout = timeout * 3 + Nanos{1}) {
        EXPECT_GE(parse_grpc_timeout(format_grpc_timeout(timeout)).value(), timeout);
    }
}

}  // namespace
}  // namespace portillon::wire
