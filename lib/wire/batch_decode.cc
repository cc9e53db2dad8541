#include <limits>

#include "wire/batch_codec.h"
#include "wire/decode_error.h"
#include "wire/json_reader.h"
#include "wire/protobuf_reader.h"
#include "wire/utf8.h"

namespace portillon::wire {

namespace {

constexpr std::uint64_t latest_due_ns = std::numeric_limits<std::int64_t>::max();

void read_position(ProtobufReader& outer, Position& into) {
    ProtobufReader in(outer.bytes());
    while (in.more()) {
        switch (const std::uint32_t tag = in.tag()) {
            case tag_of(1, WireType::fixed32):
                into.latitude = in.fixed<std::int32_t>();
                break;
            case tag_of(2, WireType::fixed32):
                into.longitude = in.fixed<std::int32_t>();
                break;
            default:
                if (tag >> 3 <= 2) {
                    in.fail(DecodeError::wrong_type);
                }
                in.skip(tag);
        }
    }
    if (in.error()) {
        outer.fail(static_cast<DecodeError>(in.error().value()));
    }
}

void read_validation(ProtobufReader& outer, Validation& into) {
    ProtobufReader in(outer.bytes());
    while (in.more()) {
        switch (const std::uint32_t tag = in.tag()) {
            case tag_of(1, WireType::varint):
                into.equipment = EquipmentId{in.uint32()};
                break;
            case tag_of(2, WireType::varint):
                into.sequence = in.varint();
                break;
            case tag_of(3, WireType::fixed64): {
                const auto due_ns = in.fixed<std::uint64_t>();
                if (due_ns > latest_due_ns) {
                    in.fail(DecodeError::out_of_range);
                }
                into.due = Nanos{static_cast<std::int64_t>(due_ns)};
                break;
            }
            case tag_of(4, WireType::varint):
                into.kind = static_cast<Kind>(in.enumerator());
                break;
            case tag_of(5, WireType::fixed64):
                into.card = in.fixed<std::uint64_t>();
                break;
            case tag_of(6, WireType::varint):
                into.line = in.uint32();
                break;
            case tag_of(7, WireType::varint):
                into.stop = in.uint32();
                break;
            case tag_of(8, WireType::varint):
                into.product = in.uint32();
                break;
            case tag_of(9, WireType::varint):
                into.result = static_cast<TicketResult>(in.enumerator());
                break;
            case tag_of(10, WireType::bytes):
                read_position(in, into.position);
                break;
            case tag_of(15, WireType::bytes):
                into.filler = in.bytes();
                if (!is_utf8(into.filler)) {
                    in.fail(DecodeError::not_utf8);
                }
                break;
            default:
                if (tag >> 3 <= 10 || tag >> 3 == 15) {
                    in.fail(DecodeError::wrong_type);
                }
                in.skip(tag);
        }
    }
    if (in.error()) {
        outer.fail(static_cast<DecodeError>(in.error().value()));
    }
}

error_code decode_protobuf(std::string_view bytes, ReceivedBatch& into) {
    ProtobufReader in(bytes);
    while (in.more()) {
        switch (const std::uint32_t tag = in.tag()) {
            case tag_of(1, WireType::fixed64):
                into.run = RunId{in.fixed<std::uint64_t>()};
                break;
            case tag_of(2, WireType::varint):
                into.equipment = EquipmentId{in.uint32()};
                break;
            case tag_of(3, WireType::varint):
                into.first = in.varint();
                break;
            case tag_of(4, WireType::bytes):
                if (into.validations.size() == most_validations) {
                    return DecodeError::too_many;
                }
                read_validation(in, into.validations.emplace_back());
                break;
            default:
                if (tag >> 3 <= 4) {
                    in.fail(DecodeError::wrong_type);
                }
                in.skip(tag);
        }
    }
    return in.error();
}

// Reads an object's keys, and notices a known key that comes twice.
class Keys {
public:
    explicit Keys(std::span<const std::string_view> keys) : keys_(keys) {}

    bool next(JsonReader& in) {
        if (!in.next_member(keys_, place_)) {
            return false;
        }
        if (has(place_)) {
            in.fail(DecodeError::duplicate_key);
        }
        seen_ |= place_ < keys_.size() ? 1U << place_ : 0;
        return true;
    }
    std::size_t place() const { return place_; }
    bool has(std::size_t place) const { return (seen_ >> place & 1) != 0; }

private:
    std::span<const std::string_view> keys_;
    std::size_t place_ = 0;
    unsigned seen_ = 0;
};

constexpr std::string_view position_keys[] = {"latitude", "longitude"};

void read_position(JsonReader& in, Position& into) {
    in.begin_object();
    for (Keys keys(position_keys); keys.next(in);) {
        switch (keys.place()) {
            case 0:
                into.latitude = in.integer_32();
                break;
            case 1:
                into.longitude = in.integer_32();
                break;
            default:
                in.skip();
        }
    }
}

// In the order in which BatchWriter writes them.
constexpr std::string_view validation_keys[] = {"equipment", "sequence", "due",    "kind",     "card",  "line",
                                                "stop",      "product",  "result", "position", "filler"};

void read_validation(JsonReader& in, Validation& into) {
    in.begin_object();
    for (Keys keys(validation_keys); keys.next(in);) {
        switch (keys.place()) {
            case 0:
                into.equipment = EquipmentId{in.unsigned_integer_32()};
                break;
            case 1:
                into.sequence = in.unsigned_integer();
                break;
            case 2:
                into.due = Nanos{static_cast<std::int64_t>(in.unsigned_integer(latest_due_ns))};
                break;
            case 3:
                into.kind = static_cast<Kind>(in.unsigned_integer_32());
                break;
            case 4:
                into.card = in.hex_text();
                break;
            case 5:
                into.line = in.unsigned_integer_32();
                break;
            case 6:
                into.stop = in.unsigned_integer_32();
                break;
            case 7:
                into.product = in.unsigned_integer_32();
                break;
            case 8:
                into.result = static_cast<TicketResult>(in.unsigned_integer_32());
                break;
            case 9:
                read_position(in, into.position);
                break;
            case 10:
                into.filler = in.text();
                break;
            default:
                in.skip();
        }
    }
}

void read_validations(JsonReader& in, ReceivedBatch& into) {
    in.begin_array();
    while (in.next_element()) {
        if (into.validations.size() == most_validations) {
            in.fail(DecodeError::too_many);
            return;
        }
        read_validation(in, into.validations.emplace_back());
    }
}

constexpr std::string_view batch_keys[] = {"run", "equipment", "first", "validations"};

error_code decode_json(std::string_view text, ReceivedBatch& into) {
    JsonReader in(text, into.unescaped);
    Keys keys(batch_keys);
    in.begin_object();
    while (keys.next(in)) {
        switch (keys.place()) {
            case 0:
                into.run = RunId{in.hex_text()};
                break;
            case 1:
                into.equipment = EquipmentId{in.unsigned_integer_32()};
                break;
            case 2:
                into.first = in.unsigned_integer();
                break;
            case 3:
                read_validations(in, into);
                break;
            default:
                in.skip();
        }
    }
    in.end();
    if (!in.error() && (!keys.has(0) || !keys.has(3))) {
        return DecodeError::missing;
    }
    return in.error();
}

error_code check_batch(const ReceivedBatch& batch) {
    if (number_of(batch.equipment) == 0 || batch.first == 0) {
        return DecodeError::missing;
    }
    if (batch.validations.empty()) {
        return DecodeError::empty;
    }
    if (batch.validations.size() - 1 > UINT64_MAX - batch.first) {
        return DecodeError::out_of_range;
    }
    Sequence expected = batch.first;
    for (const Validation& validation : batch.validations) {
        if (validation.equipment != batch.equipment) {
            return DecodeError::wrong_equipment;
        }
        if (validation.sequence != expected++) {
            return DecodeError::wrong_sequence;
        }
    }
    return {};
}

}  // namespace

error_code decode(std::span<const std::byte> bytes, Encoding encoding, ReceivedBatch& into) {
    into.run = {};
    into.equipment = {};
    into.first = 0;
    into.validations.clear();
    into.unescaped.clear();
    const std::string_view text = as_text(bytes);
    const error_code error = encoding == Encoding::protobuf ? decode_protobuf(text, into) : decode_json(text, into);
    return error ? error : check_batch(into);
}

}  // namespace portillon::wire
