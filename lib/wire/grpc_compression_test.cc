#include "wire/grpc_compression.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "base/bytes.h"
#include "wire/decode_error.h"

namespace portillon::wire {
namespace {

std::string packed(MessageEncoding encoding, const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + (encoding == MessageEncoding::gzip ? 16 : 0), 8,
                           Z_DEFAULT_STRATEGY),
              Z_OK);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string unpacked(MessageEncoding encoding, const std::string& message, std::size_t most, error_code expected) {
    std::vector<std::byte> out(7, std::byte{'o'});  // of the last message
    EXPECT_EQ(unpack(encoding, bytes_of(message), most, out), expected);
    EXPECT_LE(out.capacity(), 2 * most + 7) << "memory is bounded by what one may have, not by what is claimed";
    return {reinterpret_cast<const char*>(out.data()), out.size()};
}

TEST(GrpcCompression, UnpacksWhatZlibPacked) {
    for (const auto encoding : {MessageEncoding::gzip, MessageEncoding::deflate}) {
        for (const std::size_t size : {0, 1, 100, 16'383, 16'384, 16'385, 100'000}) {
            std::string text;
            for (std::size_t i = 0; i < size; ++i) {
                text.push_back(static_cast<char>(i * i % 251));
            }
            EXPECT_EQ(unpacked(encoding, packed(encoding, text), std::max<std::size_t>(size, 20'000), {}), text);
            EXPECT_EQ(unpacked(encoding, packed(encoding, text), std::max<std::size_t>(size, 20'000), {}).size(), size);
        }
    }
    EXPECT_EQ(unpacked(MessageEncoding::identity, "as it is", 8, {}), "as it is");
}

TEST(GrpcCompression, StopsAtTheLimit) {
    const std::string bomb = packed(MessageEncoding::gzip, std::string(50'000'000, 'x'));
    EXPECT_LT(bomb.size(), 60'000U);
    unpacked(MessageEncoding::gzip, bomb, 1'000'000, DecodeError::too_large);
    const std::string exact = packed(MessageEncoding::gzip, std::string(1'000, 'x'));
    EXPECT_EQ(unpacked(MessageEncoding::gzip, exact, 1'000, {}).size(), 1'000U);
    unpacked(MessageEncoding::gzip, exact, 999, DecodeError::too_large);
    unpacked(MessageEncoding::identity, "four", 3, DecodeError::too_large);
}

TEST(GrpcCompression, DoesNotInflateWhatSaysThatItIsTooLarge) {
    const std::string bomb = packed(MessageEncoding::gzip, std::string(50'000'000, 'x'));
    std::vector<std::byte> out;
    EXPECT_EQ(unpack(MessageEncoding::gzip, bytes_of(bomb), 1'000'000, out), DecodeError::too_large);
    EXPECT_LT(out.capacity(), 50'000U);
}

TEST(GrpcCompression, RefusesWhatHoldsMoreThanItSays) {
    std::string modest = packed(MessageEncoding::gzip, std::string(500'000, 'x'));
    modest.replace(modest.size() - 4, 4, std::string({1, 0, 0, 0}));  // it claims one byte
    std::vector<std::byte> out;
    EXPECT_EQ(unpack(MessageEncoding::gzip, bytes_of(modest), 1'000'000, out), DecodeError::syntax);
    EXPECT_LT(out.capacity(), 50'000U);
}

TEST(GrpcCompression, RefusesWhatIsNotPacked) {
    const std::string good = packed(MessageEncoding::gzip, "hello, hello, hello");
    unpacked(MessageEncoding::gzip, "", 100, DecodeError::truncated);
    unpacked(MessageEncoding::gzip, "hello", 100, DecodeError::syntax);
    unpacked(MessageEncoding::deflate, good, 100, DecodeError::syntax);
    unpacked(MessageEncoding::gzip, good + "x", 100, DecodeError::syntax);
    for (std::size_t size = 1; size < good.size(); ++size) {
        unpacked(MessageEncoding::gzip, good.substr(0, size), 100, DecodeError::truncated);
    }
    std::string broken = good;
    broken[broken.size() - 6] = static_cast<char>(broken[broken.size() - 6] ^ 1);  // in its checksum
    unpacked(MessageEncoding::gzip, broken, 100, DecodeError::syntax);
}

TEST(GrpcCompression, HasNames) {
    EXPECT_EQ(message_encoding_named("gzip"), MessageEncoding::gzip);
    EXPECT_EQ(message_encoding_named("deflate"), MessageEncoding::deflate);
    EXPECT_EQ(message_encoding_named("identity"), MessageEncoding::identity);
    EXPECT_EQ(message_encoding_named("br"), std::nullopt);
    EXPECT_EQ(message_encoding_named(""), std::nullopt);
}

}  // namespace
}  // namespace portillon::wire
