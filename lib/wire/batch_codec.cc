#include "wire/batch_codec.h"

#include <cstring>

#include "base/check.h"
#include "wire/decimal.h"
#include "wire/recipe.h"
#include "wire/varint.h"

namespace portillon::wire {

namespace {

void check_head(const BatchHead& head, const Payload& payload) {
    check(head.count >= 1 && head.count <= most_validations, "batch of 0 or too many validations");
    check(head.first >= 1 && number_of(head.equipment) >= 1, "numbering starts at 1");
    check(payload.bytes >= smallest_validation_bytes && payload.bytes <= largest_validation_bytes,
          "validation size out of range");
}

char* put(char* to, std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

// Protobuf is little-endian, as are the machines for which this is built.
static_assert(std::endian::native == std::endian::little);
template <class T>
char* put_fixed(char* to, T value) {
    std::memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

// The texts between the values of a batch and of a validation in JSON.
constexpr std::string_view batch_run = R"({"run":")";
constexpr std::string_view batch_equipment = R"(","equipment":)";
constexpr std::string_view batch_first = R"(,"first":)";
constexpr std::string_view batch_validations = R"(,"validations":[)";
constexpr std::string_view batch_end = "]}";
constexpr std::string_view json_equipment = R"({"equipment":)";
constexpr std::string_view json_sequence = R"(,"sequence":)";
constexpr std::string_view json_due = R"(,"due":)";
constexpr std::string_view json_kind = R"(,"kind":)";
constexpr std::string_view json_card = R"(,"card":")";
constexpr std::string_view json_line = R"(","line":)";
constexpr std::string_view json_stop = R"(,"stop":)";
constexpr std::string_view json_product = R"(,"product":)";
constexpr std::string_view json_result = R"(,"result":)";
constexpr std::string_view json_latitude = R"(,"position":{"latitude":)";
constexpr std::string_view json_longitude = R"(,"longitude":-)";
constexpr std::string_view json_filler = R"(},"filler":")";
constexpr std::string_view json_end = R"("})";

// The size of those texts, and of the values whose width recipe.h keeps constant: kind, card, line, stop, product,
// result, position.
constexpr std::size_t json_constant_bytes =
    json_equipment.size() + json_sequence.size() + json_due.size() + json_kind.size() + 1 + json_card.size() + 16 +
    json_line.size() + 3 + json_stop.size() + 4 + json_product.size() + 2 + json_result.size() + 1 +
    json_latitude.size() + 8 + json_longitude.size() + 7 + json_filler.size() + json_end.size();

}  // namespace

std::string_view name_of(Encoding encoding) {
    return encoding == Encoding::protobuf ? "protobuf" : "json";
}

std::string_view media_type_of(Encoding encoding) {
    return encoding == Encoding::protobuf ? "application/x-protobuf" : "application/json";
}

Encoding detect_encoding(std::span<const std::byte> bytes) {
    const char first = bytes.empty() ? '\0' : static_cast<char>(bytes.front());
    return first == '{' || first == ' ' || first == '\n' || first == '\r' ? Encoding::json : Encoding::protobuf;
}

std::size_t protobuf_size(const BatchHead& head, const Payload& payload) {
    check_head(head, payload);
    return 9 + 1 + varint_size(number_of(head.equipment)) + 1 + varint_size(head.first) +
           head.count * (1 + varint_size(payload.bytes) + payload.bytes);
}

std::size_t json_size_without_due(const BatchHead& head, const Payload& payload) {
    check_head(head, payload);
    const std::size_t equipment_digits = decimal_size(number_of(head.equipment));
    std::size_t size = batch_run.size() + 16 + batch_equipment.size() + equipment_digits + batch_first.size() +
                       decimal_size(head.first) + batch_validations.size() + batch_end.size() + head.count - 1 +
                       head.count * (json_constant_bytes + equipment_digits);
    for (std::uint32_t i = 0; i < head.count; ++i) {
        const Sequence sequence = head.first + i;
        size += decimal_size(sequence) + filler_shape(payload.bytes - fixed_bytes(head.equipment, sequence)).size;
    }
    return size;
}

std::size_t json_due_size(Nanos due) {
    return decimal_size(static_cast<std::uint64_t>(due.count()));
}

BatchWriter::BatchWriter(const BatchHead& head, const Payload& payload, Encoding encoding, std::span<std::byte> out)
    : head_(head),
      payload_(payload),
      encoding_(encoding),
      equipment_key_(equipment_key(payload.seed, head.equipment)),
      at_(reinterpret_cast<char*>(out.data())),
      end_(at_ + out.size()) {
    const std::size_t least = encoding == Encoding::protobuf
                                  ? protobuf_size(head, payload)
                                  : json_size_without_due(head, payload) + head.count;  // a digit for each due time
    check(out.size() >= least, "batch buffer too small");
    const auto run = static_cast<std::uint64_t>(head.run);
    if (encoding == Encoding::protobuf) {
        *at_++ = 0x09;
        at_ = put_fixed(at_, run);
        *at_++ = 0x10;
        at_ = put_varint(at_, number_of(head.equipment));
        *at_++ = 0x18;
        at_ = put_varint(at_, head.first);
    } else {
        at_ = put_hex(put(at_, batch_run), run);
        at_ = put_decimal(put(at_, batch_equipment), number_of(head.equipment));
        at_ = put_decimal(put(at_, batch_first), head.first);
        at_ = put(at_, batch_validations);
    }
}

void BatchWriter::add(Nanos due) {
    check(added_ < head_.count, "more validations than announced");
    check(due >= Nanos{0}, "a validation is due before the run");
    const Sequence sequence = head_.first + added_;
    const std::uint64_t key = validation_key(equipment_key_, sequence);
    const Validation validation = fields_of(key, head_.equipment, sequence, due);
    const FillerShape filler = filler_shape(payload_.bytes - fixed_bytes(head_.equipment, sequence));
    if (encoding_ == Encoding::protobuf) {
        at_ = protobuf(at_, validation, filler.size, filler.length_width);
    } else {
        // The constructor checked the size without the due times, which it does not know.
        check(static_cast<std::size_t>(end_ - at_) >= json_constant_bytes + filler.size + json_due_size(due) +
                                                          decimal_size(sequence) +
                                                          decimal_size(number_of(head_.equipment)) + 1,
              "batch buffer too small");
        at_ = json(at_, validation);
    }
    fill(key, {at_, filler.size});
    at_ += filler.size;
    ++added_;
    if (encoding_ == Encoding::json) {
        at_ = put(at_, json_end);
        if (added_ < head_.count) {
            *at_++ = ',';
        } else {
            check(end_ - at_ >= 2, "batch buffer too small");
            at_ = put(at_, batch_end);
        }
    }
}

void BatchWriter::finish() {
    check(added_ == head_.count, "fewer validations than announced");
    check(at_ == end_, "batch buffer of another size");
}

// Writes everything in front of the filler's bytes. Field order and numbers: portillon.proto.
char* BatchWriter::protobuf(char* to, const Validation& validation, std::size_t filler_bytes,
                            std::size_t length_width) const {
    *to++ = 0x22;
    to = put_varint(to, payload_.bytes);
    *to++ = 0x08;
    to = put_varint(to, number_of(validation.equipment));
    *to++ = 0x10;
    to = put_varint(to, validation.sequence);
    *to++ = 0x19;
    to = put_fixed(to, static_cast<std::uint64_t>(validation.due.count()));
    *to++ = 0x20;
    *to++ = static_cast<char>(validation.kind);
    *to++ = 0x29;
    to = put_fixed(to, validation.card);
    *to++ = 0x30;
    to = put_wide_varint(to, validation.line, 2);
    *to++ = 0x38;
    to = put_wide_varint(to, validation.stop, 2);
    *to++ = 0x40;
    *to++ = static_cast<char>(validation.product);
    *to++ = 0x48;
    *to++ = static_cast<char>(validation.result);
    *to++ = 0x52;
    *to++ = 10;
    *to++ = 0x0D;
    to = put_fixed(to, validation.position.latitude);
    *to++ = 0x15;
    to = put_fixed(to, validation.position.longitude);
    *to++ = 0x7A;
    return put_wide_varint(to, filler_bytes, length_width);
}

// Writes everything in front of the filler's letters. None of the values needs escaping.
char* BatchWriter::json(char* to, const Validation& validation) const {
    to = put_decimal(put(to, json_equipment), number_of(validation.equipment));
    to = put_decimal(put(to, json_sequence), validation.sequence);
    to = put_decimal(put(to, json_due), static_cast<std::uint64_t>(validation.due.count()));
    to = put_digits<1>(put(to, json_kind), static_cast<std::uint32_t>(validation.kind));
    to = put_hex(put(to, json_card), validation.card);
    to = put_digits<3>(put(to, json_line), validation.line);
    to = put_digits<4>(put(to, json_stop), validation.stop);
    to = put_digits<2>(put(to, json_product), validation.product);
    to = put_digits<1>(put(to, json_result), static_cast<std::uint32_t>(validation.result));
    to = put_digits<8>(put(to, json_latitude), static_cast<std::uint32_t>(validation.position.latitude));
    to = put_digits<7>(put(to, json_longitude), static_cast<std::uint32_t>(-validation.position.longitude));
    return put(to, json_filler);
}

}  // namespace portillon::wire
