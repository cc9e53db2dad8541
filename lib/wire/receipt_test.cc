#include "wire/receipt.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "wire/decode_error.h"

namespace portillon::wire {
namespace {

using nlohmann::json;

std::string encoded(const Receipt& receipt, Encoding encoding) {
    std::array<std::byte, largest_receipt_bytes> bytes;
    const std::size_t size = encode(receipt, encoding, bytes);
    EXPECT_LE(size, bytes.size());
    return {reinterpret_cast<const char*>(bytes.data()), size};
}

const Receipt receipts[] = {
    {},
    {EquipmentId{1}, 1, 1, ReceiptAnswer::acknowledged, 0},
    {EquipmentId{50'000}, 1'000'000, 60, ReceiptAnswer::throttled, 1'500},
    {EquipmentId{UINT32_MAX}, UINT64_MAX, UINT32_MAX, ReceiptAnswer{UINT32_MAX}, UINT32_MAX},
};

TEST(Receipt, ReadsBackWhatItWrote) {
    for (const Encoding encoding : {Encoding::protobuf, Encoding::json}) {
        for (const Receipt& receipt : receipts) {
            Receipt received;
            ASSERT_FALSE(decode(bytes_of(encoded(receipt, encoding)), encoding, received));
            EXPECT_EQ(received, receipt);
        }
    }
}

TEST(Receipt, IsWhatAnotherLibraryReads) {
    EXPECT_EQ(json::parse(encoded(receipts[1], Encoding::json)), json({{"equipment", 1}, {"first", 1}, {"count", 1}}));
    EXPECT_EQ(
        json::parse(encoded(receipts[2], Encoding::json)),
        json({{"equipment", 50'000}, {"first", 1'000'000}, {"count", 60}, {"answer", 2}, {"retry_after_ms", 1'500}}));
}

TEST(Receipt, IsReadFromAServerThatSaysLessOrMore) {
    Receipt received;
    EXPECT_FALSE(decode({}, Encoding::protobuf, received));
    EXPECT_FALSE(decode(bytes_of("{}"), Encoding::json, received));
    EXPECT_FALSE(decode(bytes_of(R"( {"ok":true,"count":3} )"), Encoding::json, received));
    EXPECT_EQ(received.count, 3U);
    EXPECT_FALSE(decode(bytes_of("\x52\x02hi\x18\x04"), Encoding::protobuf, received));
    EXPECT_EQ(received.count, 4U);
}

TEST(Receipt, RefusesWhatIsNone) {
    Receipt received;
    EXPECT_EQ(decode(bytes_of("\x0A\x01x"), Encoding::protobuf, received), DecodeError::wrong_type);
    EXPECT_EQ(decode(bytes_of("\x08"), Encoding::protobuf, received), DecodeError::truncated);
    EXPECT_EQ(decode(bytes_of("ok"), Encoding::json, received), DecodeError::wrong_type);
    EXPECT_EQ(decode(bytes_of(R"({"count":"3"})"), Encoding::json, received), DecodeError::wrong_type);
}

TEST(Receipt, NamesABatchFromItsBeginning) {
    const std::string batch = std::string("\x09") + std::string(8, '\1') + "\x10\x0C\x18\x09" + "\x22\xFFjunk";
    EXPECT_EQ(receipt_naming(bytes_of(batch)), (Receipt{.equipment = EquipmentId{12}, .first = 9}));
    for (std::size_t size = 0; size < 13; ++size) {
        EXPECT_EQ(receipt_naming(bytes_of(batch.substr(0, size))), std::nullopt) << size;
    }
    EXPECT_EQ(receipt_naming(bytes_of("\x10\x0C\x22\x01x\x18\x09")), std::nullopt) << "validations come last";
    EXPECT_EQ(receipt_naming(bytes_of("hello")), std::nullopt);
    EXPECT_EQ(receipt_naming(bytes_of("{\"run\"")), std::nullopt);
}

}  // namespace
}  // namespace portillon::wire
