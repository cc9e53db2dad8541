#include "wire/batch_codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/decode_error.h"

namespace portillon::wire {
namespace {

using nlohmann::json;

constexpr Payload payload{7, 100};

// Due times that grow, in steps that change their number of digits.
struct Schedule {
    Nanos now{0};
    Nanos operator()() { return std::exchange(now, now < Nanos::max() / 8 ? now * 7 + Nanos{3} : now); }
};

std::string encoded(const BatchHead& head, Encoding encoding, const Payload& of = payload) {
    std::string bytes(encoded_size(head, of, encoding, Schedule{}), '\0');
    encode(head, of, encoding, Schedule{}, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

error_code decoded(std::string_view bytes, Encoding encoding) {
    ReceivedBatch received;
    return decode(bytes_of(bytes), encoding, received);
}

class BatchCodec : public ::testing::TestWithParam<Encoding> {};
INSTANTIATE_TEST_SUITE_P(Encodings, BatchCodec, testing::Values(Encoding::protobuf, Encoding::json),
                         [](const auto& suite) { return std::string(name_of(suite.param)); });

TEST_P(BatchCodec, ReadsBackWhatItWrote) {
    const BatchHead heads[] = {
        {RunId{0x123456789ABCDEF0}, EquipmentId{1}, 1, 1},
        {RunId{1}, EquipmentId{50'000}, 95, 20},                // sequences of 2 and 3 digits
        {RunId{UINT64_MAX}, EquipmentId{UINT32_MAX}, 120, 10},  // varints of 1 and 2 bytes
        {RunId{5}, EquipmentId{3}, UINT64_MAX - 4, 5},
    };
    ReceivedBatch received;
    for (const BatchHead& head : heads) {
        const std::string bytes = encoded(head, GetParam());
        ASSERT_EQ(detect_encoding(bytes_of(bytes)), GetParam());
        ASSERT_FALSE(decode(bytes_of(bytes), GetParam(), received));
        EXPECT_EQ(received.run, head.run);
        EXPECT_EQ(received.equipment, head.equipment);
        EXPECT_EQ(received.first, head.first);
        ASSERT_EQ(received.validations.size(), head.count);
        Schedule schedule;
        for (std::uint32_t i = 0; i < head.count; ++i) {
            const Validation& validation = received.validations[i];
            EXPECT_EQ(validation.sequence, head.first + i);
            EXPECT_EQ(validation.due, schedule());
            EXPECT_TRUE(matches(validation, payload.seed));
        }
    }
}

TEST_P(BatchCodec, ReadsNoPrefixOfABatch) {
    const std::string bytes = encoded({RunId{1}, EquipmentId{2}, 3, 2}, GetParam());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        // A protobuf batch that is cut between its fields is a shorter batch.
        ReceivedBatch received;
        const error_code error = decode(bytes_of(bytes.substr(0, size)), GetParam(), received);
        EXPECT_TRUE(error || (GetParam() == Encoding::protobuf && received.validations.size() == 1)) << size;
    }
}

TEST_P(BatchCodec, SurvivesAnyByteBeingAnother) {
    const std::string bytes = encoded({RunId{1}, EquipmentId{2}, 3, 2}, GetParam());
    ReceivedBatch received;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (int value = 0; value < 256; ++value) {
            std::string changed = bytes;
            changed[i] = static_cast<char>(value);
            decode(bytes_of(changed), GetParam(), received);
        }
    }
}

TEST_P(BatchCodec, ReusesWhatItDecodedInto) {
    ReceivedBatch received;
    const std::string large = encoded({RunId{1}, EquipmentId{2}, 1, 60}, GetParam());
    const std::string small = encoded({RunId{9}, EquipmentId{3}, 5, 2}, GetParam());
    ASSERT_FALSE(decode(bytes_of(large), GetParam(), received));
    const std::size_t capacity = received.validations.capacity();
    ASSERT_FALSE(decode(bytes_of(small), GetParam(), received));
    EXPECT_EQ(received.run, RunId{9});
    EXPECT_EQ(received.validations.size(), 2U);
    EXPECT_EQ(received.validations.capacity(), capacity);
}

using BatchCodecDeathTest = BatchCodec;
INSTANTIATE_TEST_SUITE_P(Encodings, BatchCodecDeathTest, testing::Values(Encoding::protobuf, Encoding::json),
                         [](const auto& suite) { return std::string(name_of(suite.param)); });

TEST_P(BatchCodecDeathTest, NeverWritesBeyondItsBuffer) {
    const BatchHead head{RunId{1}, EquipmentId{2}, 3, 2};
    std::vector<std::byte> bytes(encoded_size(head, payload, GetParam(), Schedule{}));
    EXPECT_DEATH(encode(head, payload, GetParam(), Schedule{}, std::span(bytes).first(bytes.size() - 1)), "buffer");
    bytes.push_back({});
    EXPECT_DEATH(encode(head, payload, GetParam(), Schedule{}, bytes), "buffer");
}

TEST(DetectEncoding, GoesByTheFirstByte) {
    EXPECT_EQ(detect_encoding(bytes_of("{")), Encoding::json);
    EXPECT_EQ(detect_encoding(bytes_of("\r\n {")), Encoding::json);
    EXPECT_EQ(detect_encoding(bytes_of("\t\1\1\1")), Encoding::protobuf);
    EXPECT_EQ(detect_encoding({}), Encoding::protobuf);
}

TEST(BatchJson, IsWhatAnotherLibraryReads) {
    const BatchHead head{RunId{0xABC}, EquipmentId{12}, 9, 3};
    const json batch = json::parse(encoded(head, Encoding::json));
    EXPECT_EQ(batch["run"], "0000000000000abc");
    EXPECT_EQ(batch["equipment"], 12);
    EXPECT_EQ(batch["first"], 9);
    ASSERT_EQ(batch["validations"].size(), 3U);
    Schedule schedule;
    for (std::uint32_t i = 0; i < 3; ++i) {
        const json& got = batch["validations"][i];
        const Nanos due = schedule();
        const Validation made = make_validation(payload.seed, head.equipment, head.first + i, due);
        std::string filler(filler_size(payload.bytes, head.equipment, head.first + i), '\0');
        write_filler(payload.seed, head.equipment, head.first + i, filler);
        const json expected = {
            {"equipment", 12},
            {"sequence", 9 + i},
            {"due", due.count()},
            {"kind", made.kind},
            {"card", format_run(RunId{made.card})},
            {"line", made.line},
            {"stop", made.stop},
            {"product", made.product},
            {"result", made.result},
            {"position", {{"latitude", made.position.latitude}, {"longitude", made.position.longitude}}},
            {"filler", filler}};
        EXPECT_EQ(got, expected);
    }
}

TEST(BatchJson, IsReadAsAnotherLibraryWritesIt) {
    const json batch = json::parse(encoded({RunId{1}, EquipmentId{2}, 3, 4}, Encoding::json));
    for (const std::string& text : {batch.dump(), batch.dump(4), batch.dump(1, '\t')}) {  // its keys are sorted
        ReceivedBatch received;
        ASSERT_FALSE(decode(bytes_of(text), Encoding::json, received));
        ASSERT_EQ(received.validations.size(), 4U);
        EXPECT_TRUE(matches(received.validations[3], payload.seed));
    }
}

constexpr std::string_view small_json =
    R"({"run":"0000000000000001","equipment":2,"first":3,"validations":[{"equipment":2,"sequence":3}]})";

std::string replaced(std::string_view from, std::string_view to, std::string_view text = small_json) {
    std::string changed(text);
    changed.replace(changed.find(from), from.size(), to);
    return changed;
}

TEST(BatchJson, ReadsEscapesAnyOrderWhiteSpaceAndUnknownKeys) {
    const std::string_view text =
        " \r\n\t{ \"validations\" : [ { \"filler\":\"a\\u00e9\\n\\\"\\\\\\/\\ud83d\\ude00z\" , "
        "\"sequence\":3,\"equipment\":2,"
        " \"x\": {\"y\": [1, -2.5e+3, true, false, null, \"\\t\", {}, []]} } ], \"first\":3, \"e\\u0071uipment\":2 ,"
        "\"new\":[], \"run\":\"00000000000000FF\"} \n";
    ReceivedBatch received;
    ASSERT_FALSE(decode(bytes_of(text), Encoding::json, received));
    EXPECT_EQ(received.run, RunId{255});
    EXPECT_EQ(received.equipment, EquipmentId{2});
    EXPECT_EQ(received.validations[0].filler, "a\u00e9\n\"\\/\U0001F600z");
}

struct Refused {
    std::string text;
    DecodeError error;
};

TEST(BatchJson, RefusesWhatIsNotABatch) {
    const std::string nested = std::string(100, '[') + std::string(100, ']');
    const Refused rows[] = {
        {"", DecodeError::truncated},
        {"{", DecodeError::truncated},
        {"[]", DecodeError::wrong_type},
        {"{}", DecodeError::missing},
        {"{,}", DecodeError::wrong_type},
        {std::string(small_json) + "x", DecodeError::syntax},
        {replaced("\"equipment\":2,\"first\"", "\"first\""), DecodeError::missing},
        {replaced("\"first\":3,", ""), DecodeError::missing},
        {replaced("\"run\":\"0000000000000001\",", ""), DecodeError::missing},
        {replaced("[{\"equipment\":2,\"sequence\":3}]", "[]"), DecodeError::empty},
        {replaced(":3,", ":03,"), DecodeError::syntax},
        {replaced(":3,", ":+3,"), DecodeError::wrong_type},
        {replaced(":3,", ":3.0,"), DecodeError::wrong_type},
        {replaced(":3,", ":-3,"), DecodeError::out_of_range},
        {replaced(":3,", ":18446744073709551616,"), DecodeError::out_of_range},
        {replaced(":2,", ":4294967296,"), DecodeError::out_of_range},
        {replaced(":3,", ":\"3\","), DecodeError::wrong_type},
        {replaced(":3,", ":null,"), DecodeError::wrong_type},
        {replaced("000001", "00000g"), DecodeError::wrong_type},
        {replaced("000001", "00001"), DecodeError::wrong_type},
        {replaced("\"sequence\":3", "\"sequence\":4"), DecodeError::wrong_sequence},
        {replaced("\"sequence\":3", "\"sequence\":3,\"due\":9223372036854775808"), DecodeError::out_of_range},
        {replaced("{\"equipment\":2", "{\"equipment\":5"), DecodeError::wrong_equipment},
        {replaced("\"first\":3", "\"first\":3,\"first\":3"), DecodeError::duplicate_key},
        {replaced("\"sequence\":3", "\"sequence\":3,\"sequence\":3"), DecodeError::duplicate_key},
        {replaced("}]", "},]"), DecodeError::wrong_type},
        {replaced("}]", "}{}]"), DecodeError::syntax},
        {replaced("\"first\":3", "\"first\" 3"), DecodeError::syntax},
        {replaced("\"first\":3", "\"x\":" + nested + ",\"first\":3"), DecodeError::too_deep},
        {replaced("\"first\":3", "\"x\":tru,\"first\":3"), DecodeError::syntax},
        {replaced("\"first\":3", "\"x\":1.,\"first\":3"), DecodeError::syntax},
        {replaced("\"first\":3", "\"x\":01,\"first\":3"), DecodeError::syntax},
        {replaced("\"first\":3", "\"x\":\"\\q\",\"first\":3"), DecodeError::syntax},
        {replaced("\"first\":3", "\"x\":\"\\ud800\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"\\ud800\\u0041\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"\\ud800\\ue000\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"\\ud800\\udbff\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"\\udc00\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"\xC0\x80\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"\xED\xA0\x80\",\"first\":3"), DecodeError::not_utf8},
        {replaced("\"first\":3", "\"x\":\"12345678\n\",\"first\":3"), DecodeError::syntax},
    };
    ASSERT_FALSE(decoded(small_json, Encoding::json));
    for (const Refused& row : rows) {
        EXPECT_EQ(decoded(row.text, Encoding::json), row.error) << row.text;
    }
}

// Run 1, equipment 2, first 3, one validation {equipment 2, sequence 3}.
const std::string protobuf_run = std::string("\x09\1\0\0\0\0\0\0\0", 9);
const std::string protobuf_place = "\x10\x02\x18\x03";
const std::string protobuf_validation = "\x22\x04\x08\x02\x10\x03";

TEST(BatchProtobuf, ReadsAnyOrderAndSkipsUnknownFields) {
    const std::string unknown = std::string("\x28\x96\x01", 3) + std::string("\x31\1\2\3\4\5\6\7\x08", 9) +
                                std::string("\x3A\x02hi", 4) + std::string("\x45\1\2\3\4", 5);
    EXPECT_FALSE(decoded(protobuf_validation + unknown + protobuf_place + protobuf_run, Encoding::protobuf));
    // The last one of a field that comes twice counts; a varint may be longer than necessary.
    EXPECT_FALSE(decoded(protobuf_run + "\x10\x09" + protobuf_place + protobuf_validation, Encoding::protobuf));
    EXPECT_FALSE(decoded(protobuf_run + protobuf_place + std::string("\x22\x06\x10\x03\x08\x82\x80\x00", 8),
                         Encoding::protobuf));
}

TEST(BatchProtobuf, RefusesWhatIsNotABatch) {
    const std::string head = protobuf_run + protobuf_place;
    const std::string ten = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    const Refused rows[] = {
        {"", DecodeError::missing},
        {head, DecodeError::empty},
        {protobuf_place.substr(2) + protobuf_validation, DecodeError::missing},
        {protobuf_place.substr(0, 2) + protobuf_validation, DecodeError::missing},
        {head + "\x22", DecodeError::truncated},
        {head + "\x22\x05\x08\x02\x10\x03", DecodeError::truncated},
        {head + "\x22" + ten + "\x01", DecodeError::truncated},
        {head + "\x22" + ten + "\x02", DecodeError::out_of_range},
        {head + "\x22" + ten + "\xFF\x01", DecodeError::out_of_range},
        {head + "\x22\x02\x08\xFF", DecodeError::truncated},
        {head + "\x22\x04\x08\x02\x10\x04", DecodeError::wrong_sequence},
        {head + "\x22\x04\x08\x03\x10\x03", DecodeError::wrong_equipment},
        {head + std::string("\x22\x00", 2), DecodeError::wrong_equipment},
        {head + protobuf_validation + protobuf_validation, DecodeError::wrong_sequence},
        {"\x10\x80\x80\x80\x80\x10" + protobuf_validation, DecodeError::out_of_range},
        {"\x08\x01" + protobuf_place + protobuf_validation, DecodeError::wrong_type},
        {head + "\x20\x01", DecodeError::wrong_type},
        {head + "\x22\x06\x08\x02\x10\x03\x52\x02", DecodeError::truncated},
        {head + "\x22\x08\x08\x02\x10\x03\x52\x02\x08\x01", DecodeError::wrong_type},
        {head + "\x22\x06\x08\x02\x10\x03\x78\x01", DecodeError::wrong_type},
        {head + "\x22\x07\x08\x02\x10\x03\x7A\x01\xFF", DecodeError::not_utf8},
        {head + "\x22\x0D\x08\x02\x10\x03\x19\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", DecodeError::out_of_range},
        {std::string("\x00\x01", 2), DecodeError::syntax},
        {head + "\x2B\x2C", DecodeError::syntax},  // a group
        {head + "\x2F", DecodeError::syntax},      // wire type 7
        {"{\"run\":1}", DecodeError::syntax},
        {"\x18" + ten + "\x01\x10\x02" + "\x22\x0D\x08\x02\x10" + ten + "\x01" + protobuf_validation,
         DecodeError::out_of_range},
    };
    ASSERT_FALSE(decoded(head + protobuf_validation, Encoding::protobuf));
    for (const Refused& row : rows) {
        EXPECT_EQ(decoded(row.text, Encoding::protobuf), row.error) << testing::PrintToString(row.text);
    }
}

TEST(BatchProtobuf, RefusesMoreValidationsThanItsLimit) {
    std::string bytes = protobuf_run + protobuf_place;
    for (std::uint32_t i = 0; i <= most_validations; ++i) {
        bytes += std::string("\x22\x00", 2);
    }
    EXPECT_EQ(decoded(bytes, Encoding::protobuf), DecodeError::too_many);
}

}  // namespace
}  // namespace portillon::wire
