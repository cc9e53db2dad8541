#include "wire/receipt.h"

#include <string>
#include <string_view>

#include "base/error_category.h"
#include "wire/decimal.h"
#include "wire/decode_error.h"
#include "wire/json_reader.h"
#include "wire/protobuf_reader.h"
#include "wire/varint.h"

namespace portillon::wire {

namespace {

// Zeros are left out, as every protobuf library does.
char* put_field(char* to, std::uint32_t field, std::uint64_t value) {
    if (value == 0) {
        return to;
    }
    to = put_varint(to, tag_of(field, WireType::varint));
    return put_varint(to, value);
}

char* put_key(char* to, std::string_view text, std::uint64_t value) {
    return put_decimal(std::copy(text.begin(), text.end(), to), value);
}

error_code decode_protobuf(std::string_view bytes, Receipt& into) {
    ProtobufReader in(bytes);
    while (in.more()) {
        switch (const std::uint32_t tag = in.tag()) {
            case tag_of(1, WireType::varint):
                into.equipment = EquipmentId{in.uint32()};
                break;
            case tag_of(2, WireType::varint):
                into.first = in.varint();
                break;
            case tag_of(3, WireType::varint):
                into.count = in.uint32();
                break;
            case tag_of(4, WireType::varint):
                into.answer = static_cast<ReceiptAnswer>(in.enumerator());
                break;
            case tag_of(5, WireType::varint):
                into.retry_after_ms = in.uint32();
                break;
            default:
                if (tag >> 3 <= 5) {
                    in.fail(DecodeError::wrong_type);
                }
                in.skip(tag);
        }
    }
    return in.error();
}

std::string name_of(ReceiptError) {
    return "stray_receipt";
}

constexpr std::string_view keys[] = {"equipment", "first", "count", "answer", "retry_after_ms"};

error_code decode_json(std::string_view text, Receipt& into) {
    std::string unescaped;
    JsonReader in(text, unescaped);
    in.begin_object();
    std::size_t place = 0;
    while (in.next_member(keys, place)) {
        switch (place) {
            case 0:
                into.equipment = EquipmentId{in.unsigned_integer_32()};
                break;
            case 1:
                into.first = in.unsigned_integer();
                break;
            case 2:
                into.count = in.unsigned_integer_32();
                break;
            case 3:
                into.answer = static_cast<ReceiptAnswer>(in.unsigned_integer_32());
                break;
            case 4:
                into.retry_after_ms = in.unsigned_integer_32();
                break;
            default:
                in.skip();
        }
    }
    in.end();
    return in.error();
}

}  // namespace

error_code make_error_code(ReceiptError error) {
    static const ErrorCategory<ReceiptError> category("portillon.receipt", name_of);
    return category.code(error);
}

std::size_t encode(const Receipt& receipt, Encoding encoding, std::span<std::byte, largest_receipt_bytes> out) {
    char* const begin = reinterpret_cast<char*>(out.data());
    char* to = begin;
    const auto answer = static_cast<std::uint32_t>(receipt.answer);
    if (encoding == Encoding::protobuf) {
        to = put_field(to, 1, number_of(receipt.equipment));
        to = put_field(to, 2, receipt.first);
        to = put_field(to, 3, receipt.count);
        to = put_field(to, 4, answer);
        to = put_field(to, 5, receipt.retry_after_ms);
    } else {
        to = put_key(to, R"({"equipment":)", number_of(receipt.equipment));
        to = put_key(to, R"(,"first":)", receipt.first);
        to = put_key(to, R"(,"count":)", receipt.count);
        if (answer != 0) {
            to = put_key(to, R"(,"answer":)", answer);
        }
        if (receipt.retry_after_ms != 0) {
            to = put_key(to, R"(,"retry_after_ms":)", receipt.retry_after_ms);
        }
        *to++ = '}';
    }
    return static_cast<std::size_t>(to - begin);
}

std::optional<Receipt> receipt_naming(std::span<const std::byte> batch) {
    constexpr std::uint32_t run = 1;
    ProtobufReader in(as_text(batch));
    Receipt receipt;
    while (in.more() && (number_of(receipt.equipment) == 0 || receipt.first == 0)) {
        switch (const std::uint32_t tag = in.tag()) {
            case tag_of(run, WireType::fixed64):
                in.skip(tag);
                break;
            case tag_of(2, WireType::varint):
                receipt.equipment = EquipmentId{in.uint32()};
                break;
            case tag_of(3, WireType::varint):
                receipt.first = in.varint();
                break;
            default:
                return std::nullopt;
        }
    }
    const bool named = !in.error() && number_of(receipt.equipment) > 0 && receipt.first > 0;
    return named ? std::optional(receipt) : std::nullopt;
}

error_code decode(std::span<const std::byte> bytes, Encoding encoding, Receipt& into) {
    into = {};
    return encoding == Encoding::protobuf ? decode_protobuf(as_text(bytes), into) : decode_json(as_text(bytes), into);
}

}  // namespace portillon::wire
