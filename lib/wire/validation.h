#pragma once

// One ticketing event, and how it is made from a seed. It is a pure function, so that an equipment recomputes its cache
// instead of storing it, and a server that knows the seed can check every byte.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/units.h"

namespace portillon::wire {

// The numbers of portillon.proto. A receiver may meet numbers that have no name here.
enum class Kind : std::uint32_t { unspecified, entry, exit, transfer, inspection };
enum class TicketResult : std::uint32_t { unspecified, accepted, expired, wrong_zone, no_credit };

// In millionths of a degree.
struct Position {
    std::int32_t latitude = 0;
    std::int32_t longitude = 0;
    bool operator==(const Position&) const = default;
};

struct Validation {
    EquipmentId equipment{};
    Sequence sequence = 0;
    Nanos due{};  // since the start of the run
    Kind kind{};
    TicketResult result{};
    std::uint64_t card = 0;
    std::uint32_t line = 0;
    std::uint32_t stop = 0;
    std::uint32_t product = 0;
    Position position;
    std::string_view filler;  // a view
    bool operator==(const Validation&) const = default;
};

// The recipe of a fleet's validations: the same two numbers for every equipment of a run.
struct Payload {
    std::uint64_t seed = 0;
    std::uint32_t bytes = 100;  // of each validation's protobuf form, exactly; within the limits below
};

// Every validation, whatever its equipment and sequence, can have any of these sizes.
inline constexpr std::uint32_t smallest_validation_bytes = 64;
inline constexpr std::uint32_t largest_validation_bytes = 65'536;

// Makes all fields but the filler, which is left empty. `due` must not be negative.
Validation make_validation(std::uint64_t seed, EquipmentId equipment, Sequence sequence, Nanos due);

// The length of the filler that makes this validation's protobuf form payload_bytes long.
std::size_t filler_size(std::uint32_t payload_bytes, EquipmentId equipment, Sequence sequence);

// Fills `out` with the letters a to p. Every letter depends on seed, equipment, sequence and the filler's length, so a
// shortened filler differs in its first letters, too.
void write_filler(std::uint64_t seed, EquipmentId equipment, Sequence sequence, std::span<char> out);

// Whether every field and the filler are what `seed` makes for this equipment, sequence and due time.
bool matches(const Validation& received, std::uint64_t seed);

}  // namespace portillon::wire
