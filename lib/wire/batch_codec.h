#pragma once

// Encodes and decodes batches, in the two encodings that README.md and portillon.proto publish. Nothing here allocates
// in the steady state: encoders write into the caller's buffer, decoders reuse the memory of a ReceivedBatch.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "wire/validation.h"

namespace portillon::wire {

enum class Encoding : std::uint8_t { protobuf, json };

std::string_view name_of(Encoding encoding);        // "protobuf", "json"
std::string_view media_type_of(Encoding encoding);  // "application/x-protobuf", "application/json"

// Detects the encoding from the first byte. JSON begins with '{', or with a space or line end before it. As a protobuf
// tag '{' (0x7B) would open a group, a form that portillon.proto does not use, and the others would give its fields 1
// and 4 a type that they do not have. A tab is no sign of JSON: it is the tag of `run`.
Encoding detect_encoding(std::span<const std::byte> bytes);

inline constexpr std::uint32_t most_validations = 65'536;  // in a batch: limits a decoder's memory to some 6 MB

// The validations that a batch holds: first, first + 1, ... of one equipment. 1 <= count <= most_validations.
struct BatchHead {
    RunId run{};
    EquipmentId equipment{};
    Sequence first = 1;
    std::uint32_t count = 1;
};

// The exact size of what encode() will write. `next_due()` returns the due times (Nanos since the start of the run) of
// the batch's validations in order; it is not called for protobuf, and once per validation for JSON.
template <class NextDue>
std::size_t encoded_size(const BatchHead& head, const Payload& payload, Encoding encoding, NextDue&& next_due);

// Makes the validations and writes them; out.size() must be encoded_size(). Calls next_due() once per validation, in
// order.
template <class NextDue>
void encode(const BatchHead& head, const Payload& payload, Encoding encoding, NextDue&& next_due,
            std::span<std::byte> out);

// A decoded batch; keep one and decode into it again and again.
struct ReceivedBatch {
    RunId run{};
    EquipmentId equipment{};
    Sequence first = 0;
    std::vector<Validation> validations;  // never empty; fillers are views of the decoded bytes, or of `unescaped`
    std::string unescaped;
};

// Decodes untrusted bytes. All or nothing: after an error the content of `into` is undefined; otherwise every
// validation belongs to into.equipment and their sequences are first, first + 1, ... Unknown fields and keys are
// skipped; their order is free.
error_code decode(std::span<const std::byte> bytes, Encoding encoding, ReceivedBatch& into);

// The building blocks of the templates above.
std::size_t protobuf_size(const BatchHead& head, const Payload& payload);
std::size_t json_size_without_due(const BatchHead& head, const Payload& payload);
std::size_t json_due_size(Nanos due);

class BatchWriter {
public:
    BatchWriter(const BatchHead& head, const Payload& payload, Encoding encoding, std::span<std::byte> out);
    void add(Nanos due);
    void finish();  // checks that as many validations and bytes were written as announced

private:
    char* protobuf(char* to, const Validation& validation, std::size_t filler_bytes, std::size_t length_width) const;
    char* json(char* to, const Validation& validation) const;

    BatchHead head_;
    Payload payload_;
    Encoding encoding_;
    std::uint64_t equipment_key_;
    std::uint32_t added_ = 0;
    char* at_;
    char* end_;
};

template <class NextDue>
std::size_t encoded_size(const BatchHead& head, const Payload& payload, Encoding encoding, NextDue&& next_due) {
    if (encoding == Encoding::protobuf) {
        return protobuf_size(head, payload);
    }
    std::size_t size = json_size_without_due(head, payload);
    for (std::uint32_t i = 0; i < head.count; ++i) {
        size += json_due_size(next_due());
    }
    return size;
}

template <class NextDue>
void encode(const BatchHead& head, const Payload& payload, Encoding encoding, NextDue&& next_due,
            std::span<std::byte> out) {
    BatchWriter writer(head, payload, encoding, out);
    for (std::uint32_t i = 0; i < head.count; ++i) {
        writer.add(next_due());
    }
    writer.finish();
}

}  // namespace portillon::wire
