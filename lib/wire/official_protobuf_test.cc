// The codec against libprotobuf, with code that protoc made from portillon.proto, in both directions.

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/bytes.h"
#include "portillon.pb.h"
#include "wire/batch_codec.h"
#include "wire/receipt.h"

namespace portillon::wire {
namespace {

std::string encoded(const BatchHead& head, const Payload& payload) {
    const auto due = [] { return Nanos{123'456'789'012}; };
    std::string bytes(encoded_size(head, payload, Encoding::protobuf, due), '\0');
    encode(head, payload, Encoding::protobuf, due, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

TEST(OfficialProtobuf, ReadsWhatWeWrite) {
    const BatchHead heads[] = {{RunId{UINT64_MAX - 1}, EquipmentId{1}, 1, 3},
                               {RunId{1}, EquipmentId{UINT32_MAX}, UINT64_MAX - 2, 3},
                               {RunId{2}, EquipmentId{50'000}, 126, 3}};
    for (const BatchHead& head : heads) {
        for (std::uint32_t size = 64; size < 300; ++size) {  // widened filler lengths among them
            v1::Batch batch;
            ASSERT_TRUE(batch.ParseFromString(encoded(head, {9, size})));
            EXPECT_EQ(batch.run(), static_cast<std::uint64_t>(head.run));
            EXPECT_EQ(batch.equipment(), number_of(head.equipment));
            EXPECT_EQ(batch.first(), head.first);
            ASSERT_EQ(batch.validations_size(), 3);
            for (int i = 0; i < 3; ++i) {
                const v1::Validation& got = batch.validations(i);
                const Sequence sequence = head.first + static_cast<Sequence>(i);
                const Validation made = make_validation(9, head.equipment, sequence, Nanos{123'456'789'012});
                std::string filler(filler_size(size, head.equipment, sequence), '\0');
                write_filler(9, head.equipment, sequence, filler);
                EXPECT_EQ(got.equipment(), number_of(made.equipment));
                EXPECT_EQ(got.sequence(), made.sequence);
                EXPECT_EQ(got.due(), static_cast<std::uint64_t>(made.due.count()));
                EXPECT_EQ(got.kind(), static_cast<int>(made.kind));
                EXPECT_EQ(got.card(), made.card);
                EXPECT_EQ(got.line(), made.line);
                EXPECT_EQ(got.stop(), made.stop);
                EXPECT_EQ(got.product(), made.product);
                EXPECT_EQ(got.result(), static_cast<int>(made.result));
                EXPECT_EQ(got.position().latitude(), made.position.latitude);
                EXPECT_EQ(got.position().longitude(), made.position.longitude);
                EXPECT_EQ(got.filler(), filler);
            }
        }
    }
}

TEST(OfficialProtobuf, IsReadByUs) {
    v1::Batch batch;
    batch.set_run(77);
    batch.set_equipment(300);
    batch.set_first(5);
    for (Sequence sequence = 5; sequence < 65; ++sequence) {
        v1::Validation& validation = *batch.add_validations();
        validation.set_equipment(300);
        validation.set_sequence(sequence);
        validation.set_due(1'000 + sequence);
        validation.set_kind(v1::KIND_EXIT);
        validation.set_card(UINT64_MAX);
        validation.set_line(UINT32_MAX);
        validation.set_stop(12);
        validation.set_product(200);
        validation.set_result(static_cast<v1::TicketResult>(-1));
        validation.mutable_position()->set_latitude(-90'000'000);
        validation.mutable_position()->set_longitude(180'000'000);
        validation.set_filler("caf\u00e9");
        validation.GetReflection()->MutableUnknownFields(&validation)->AddVarint(99, 1);
    }
    batch.GetReflection()->MutableUnknownFields(&batch)->AddLengthDelimited(100, "later");
    ReceivedBatch received;
    const std::string bytes = batch.SerializeAsString();
    ASSERT_FALSE(decode(bytes_of(bytes), Encoding::protobuf, received));
    EXPECT_EQ(received.run, RunId{77});
    ASSERT_EQ(received.validations.size(), 60U);
    const Validation expected{.equipment = EquipmentId{300},
                              .sequence = 64,
                              .due = Nanos{1'064},
                              .kind = Kind::exit,
                              .result = TicketResult{UINT32_MAX},
                              .card = UINT64_MAX,
                              .line = UINT32_MAX,
                              .stop = 12,
                              .product = 200,
                              .position = {-90'000'000, 180'000'000},
                              .filler = "caf\u00e9"};
    EXPECT_EQ(received.validations[59], expected);
}

TEST(OfficialProtobuf, ReadsAndWritesOurReceipts) {
    const Receipt receipt{EquipmentId{3}, 1'000, 60, ReceiptAnswer::throttled, 250};
    std::array<std::byte, largest_receipt_bytes> bytes;
    const std::size_t size = encode(receipt, Encoding::protobuf, bytes);
    v1::Receipt official;
    ASSERT_TRUE(official.ParseFromArray(bytes.data(), static_cast<int>(size)));
    EXPECT_EQ(official.equipment(), 3U);
    EXPECT_EQ(official.first(), 1'000U);
    EXPECT_EQ(official.count(), 60U);
    EXPECT_EQ(official.answer(), v1::ANSWER_THROTTLED);
    EXPECT_EQ(official.retry_after_ms(), 250U);
    Receipt received;
    ASSERT_FALSE(decode(bytes_of(official.SerializeAsString()), Encoding::protobuf, received));
    EXPECT_EQ(received, receipt);
}

}  // namespace
}  // namespace portillon::wire
