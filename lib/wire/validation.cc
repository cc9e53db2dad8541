#include "wire/validation.h"

#include <cstring>

#include "base/check.h"
#include "wire/recipe.h"

namespace portillon::wire {

namespace {

std::uint64_t key_of(std::uint64_t seed, EquipmentId equipment, Sequence sequence) {
    return validation_key(equipment_key(seed, equipment), sequence);
}

bool filler_matches(std::uint64_t key, std::string_view filler) {
    FillerWords words(key, filler.size());
    std::uint64_t difference = 0;
    for (; filler.size() >= 8; filler.remove_prefix(8)) {
        std::uint64_t received;
        std::memcpy(&received, filler.data(), 8);
        difference |= received ^ words.next();
    }
    const std::uint64_t last = words.next();
    return difference == 0 && (filler.empty() || std::memcmp(filler.data(), &last, filler.size()) == 0);
}

}  // namespace

Validation make_validation(std::uint64_t seed, EquipmentId equipment, Sequence sequence, Nanos due) {
    check(due >= Nanos{0}, "a validation is due before the run");
    return fields_of(key_of(seed, equipment, sequence), equipment, sequence, due);
}

std::size_t filler_size(std::uint32_t payload_bytes, EquipmentId equipment, Sequence sequence) {
    check(payload_bytes >= smallest_validation_bytes && payload_bytes <= largest_validation_bytes,
          "validation size out of range");
    return filler_shape(payload_bytes - fixed_bytes(equipment, sequence)).size;
}

void write_filler(std::uint64_t seed, EquipmentId equipment, Sequence sequence, std::span<char> out) {
    fill(key_of(seed, equipment, sequence), out);
}

bool matches(const Validation& received, std::uint64_t seed) {
    const std::uint64_t key = key_of(seed, received.equipment, received.sequence);
    const Validation made = fields_of(key, received.equipment, received.sequence, received.due);
    return received.kind == made.kind && received.result == made.result && received.card == made.card &&
           received.line == made.line && received.stop == made.stop && received.product == made.product &&
           received.position == made.position && received.filler.size() >= smallest_filler &&
           filler_matches(key, received.filler);
}

void fill(std::uint64_t validation_key, std::span<char> out) {
    FillerWords words(validation_key, out.size());
    char* to = out.data();
    std::size_t left = out.size();
    for (; left >= 8; left -= 8, to += 8) {
        const std::uint64_t word = words.next();
        std::memcpy(to, &word, 8);
    }
    if (left > 0) {
        const std::uint64_t last = words.next();
        std::memcpy(to, &last, left);
    }
}

}  // namespace portillon::wire
