#pragma once

// The vocabulary's quantities. Time is CLOCK_MONOTONIC in integer nanoseconds: an Instant is a point on it, Nanos a
// distance. Instants of one machine are comparable across its processes.

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portillon {

using Nanos = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Nanos>;

using namespace std::chrono_literals;

// Later than any run.
inline constexpr Instant never = Instant::max();

// The number of one emulated device; 1..fleet size, the same whatever the number of shards.
enum class EquipmentId : std::uint32_t {};

constexpr std::uint32_t number_of(EquipmentId id) {
    return static_cast<std::uint32_t>(id);
}

// A validation's position among those of its equipment; starts at 1 and has no holes.
using Sequence = std::uint64_t;

// Identifies a run to servers; random, 64 bits, printed as 16 hexadecimal digits.
enum class RunId : std::uint64_t {};

std::string format_run(RunId run);
std::optional<RunId> parse_run(std::string_view text);

struct Bytes {
    std::uint64_t count = 0;
    auto operator<=>(const Bytes&) const = default;
};

// Events per second.
struct Rate {
    double per_second = 0;
    auto operator<=>(const Rate&) const = default;
};

// A part of a whole: 0 to 1.
struct Share {
    double of_one = 0;
    auto operator<=>(const Share&) const = default;
};

// Reads "1.5s", "200ms", "30m", "1h30m", "250us", "10ns", "0". Nothing if the text is anything else or exceeds a year.
std::optional<Nanos> parse_duration(std::string_view text);

// Reads "2GB" (2e9), "64KiB" (65,536), "100" and "100B". Nothing if the text is anything else.
std::optional<Bytes> parse_bytes(std::string_view text);

// Reads "60/s", "0.5/s", "6/m", "3600/h"; a bare number is per second. Nothing if negative, not finite or anything
// else.
std::optional<Rate> parse_rate(std::string_view text);

// Reads "20%", "0.5%". Nothing above 100 %, or if the text is anything else.
std::optional<Share> parse_share(std::string_view text);

// The shortest exact form that parse_duration() reads back: "1.5s", "200ms", "5m", "0s".
std::string format_duration(Nanos value);

// For people: three significant digits and a suitable unit ("1.24 ms", "950 us", "2.00 s").
std::string humanize(Nanos value);
std::string humanize(Bytes value);
std::string humanize_count(double value);

// "1,234 equipments", "1 equipment", "2 retries", "3 processes".
std::string counted(std::uint64_t count, std::string_view noun);

constexpr double seconds(Nanos value) {
    return std::chrono::duration<double>(value).count();
}

}  // namespace portillon
