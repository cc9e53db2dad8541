#pragma once

// The steps of validation.h one by one, so that the steps which a batch's validations share are done once per batch.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.h"
#include "wire/validation.h"
#include "wire/varint.h"

namespace portillon::wire {

// Keys from which the fields of an equipment's validations, and those of one validation, are made.
constexpr std::uint64_t equipment_key(std::uint64_t seed, EquipmentId equipment) {
    return scatter(seed, number_of(equipment));
}
constexpr std::uint64_t validation_key(std::uint64_t equipment_key, Sequence sequence) {
    return scatter(equipment_key ^ sequence);
}

// Line, stop, product and position are drawn from ranges in which all varints, and all decimal numbers, have the same
// length: so the size of a validation follows from its equipment and sequence (and in JSON, due time) alone.
inline Validation fields_of(std::uint64_t key, EquipmentId equipment, Sequence sequence, Nanos due) {
    const std::uint64_t ride = scatter(key);
    const std::uint64_t place = scatter(ride);
    const std::uint64_t luck = (ride >> 30) & 31;
    return {
        .equipment = equipment,
        .sequence = sequence,
        .due = due,
        .kind = static_cast<Kind>(1 + ((ride >> 28) & 3)),
        .result = luck < 3 ? static_cast<TicketResult>(2 + luck) : TicketResult::accepted,
        .card = key,
        .line = 128 + static_cast<std::uint32_t>(ride & 511),
        .stop = 1'000 + static_cast<std::uint32_t>((ride >> 9) & 8'191),
        .product = 10 + static_cast<std::uint32_t>((ride >> 22) & 63),
        .position = {40'000'000 + static_cast<std::int32_t>(place & 0x7FFFF),
                     -3'000'000 - static_cast<std::int32_t>((place >> 19) & 0x7FFFF)},
        .filler = {},
    };
}

// The protobuf bytes of all fields but the filler: a tag of one byte for each field, and its value.
constexpr std::size_t fixed_bytes(EquipmentId equipment, Sequence sequence) {
    constexpr std::size_t of_constant_size = 9 + 2 + 9 + 3 + 3 + 2 + 2 + 12;
    return of_constant_size + 1 + varint_size(number_of(equipment)) + 1 + varint_size(sequence);
}

// The size of a filler and the width of its length varint. With 130 or 16,387 bytes left no shortest varint fits, so
// the varint is one byte wider than necessary.
struct FillerShape {
    std::size_t size;
    std::size_t length_width;
};

constexpr FillerShape filler_shape(std::size_t bytes_left) {
    if (bytes_left <= 1 + 1 + 127) {
        return {bytes_left - 2, 1};
    }
    if (bytes_left <= 1 + 2 + 16'383) {
        return {bytes_left - 3, 2};  // 130 left: 127, in two bytes
    }
    return {bytes_left - 4, 3};  // 16,387 left: 16,383, in three bytes
}

// The filler's size in the smallest validation, with the longest equipment and sequence.
inline constexpr std::size_t smallest_filler =
    filler_shape(smallest_validation_bytes - fixed_bytes(EquipmentId{UINT32_MAX}, UINT64_MAX)).size;

// Makes a filler eight letters (a to p) at a time.
class FillerWords {
public:
    FillerWords(std::uint64_t validation_key, std::size_t filler_size) : state_(scatter(validation_key, filler_size)) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        const std::uint64_t mixed = (state_ ^ (state_ >> 32)) * 0xBF58476D1CE4E5B9ULL;
        return ((mixed >> 4) & 0x0F0F0F0F0F0F0F0FULL) + 0x6161616161616161ULL;
    }

private:
    std::uint64_t state_;
};

void fill(std::uint64_t validation_key, std::span<char> out);

}  // namespace portillon::wire
