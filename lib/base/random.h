#pragma once

// Seeded randomness: everything random in a run is a pure function of (seed, equipment, purpose), so the same seed
// gives the same fleet whatever the number of shards. Not for secrets.

#include <cmath>
#include <cstdint>

namespace portillon {

// A bijection on 64 bits that scatters its input: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t scatter(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

constexpr std::uint64_t scatter(std::uint64_t a, std::uint64_t b) {
    return scatter(scatter(a) ^ b);
}

// SplitMix64: 8 bytes of state, copyable, every seed is good.
class Random {
public:
    explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

    constexpr std::uint64_t next() {
        const std::uint64_t value = scatter(state_);
        state_ += 0x9E3779B97F4A7C15ULL;
        return value;
    }

    // Uniform in [0, 1), 53 bits.
    constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

    // Exponential with mean 1; never 0 and never infinite.
    double exponential() { return -std::log1p(-uniform()) + 0x1.0p-60; }

    bool operator==(const Random&) const = default;

private:
    std::uint64_t state_;
};

}  // namespace portillon
