#pragma once

// The rate of one equipment over the run, and its integral: how many validations should have been due by t.
//
// Times are relative to T0. A stage is half-open, [from, to). Within a stage the rate is a straight line:
//
//     r(s) = f + a s,   a = (g - f) / D        s: since the stage began, f, g: rates at its ends, D: its duration
//     N(s) = f s + a s^2 / 2                   its part of the cumulative count
//
// and the inverse is the root of a s^2 / 2 + f s - c = 0 that is not negative, in the form that neither cancels when f
// is large nor divides by zero when a is 0:
//
//     s = 2 c / (f + sqrt(f^2 + 2 a c))
//
// Where the rate is zero the count stands still and has no single inverse: a count reached exactly at the end of a
// stage belongs to the next stage that has a rate, as half-open stages demand.

#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"

namespace portillon::arrival {

enum class Measure : std::uint8_t { off, on };  // off: warm-up, in the tally but not in the histograms

struct Stage {
    Nanos duration{};      // > 0
    double rate_from = 0;  // per second, finite, >= 0
    double rate_to = 0;
    Measure measure = Measure::on;
    bool operator==(const Stage&) const = default;
};

// A part of the run, [from, to).
struct Window {
    Nanos from{};
    Nanos to{};
    bool operator==(const Window&) const = default;
};

class Stages {
public:
    explicit Stages(std::vector<Stage> stages);  // may be empty: then nothing is ever due

    std::span<const Stage> list() const { return stages_; }
    Nanos duration() const { return duration_; }
    double total() const { return total_; }  // the cumulative count at the end
    double peak_rate() const;

    // Both clamp t to [0, duration()].
    double count_at(Nanos t) const;
    double rate_at(Nanos t) const;  // 0 from the end on; at a step the later rate

    // When `count` is reached, rounded down to whole nanoseconds so that every process computes the same.
    struct Place {
        Nanos at{};
        std::uint32_t stage = 0;
    };
    // Requires 0 <= count < total(). `near`: a stage not after the wanted one, where the search begins.
    Place place_of(double count, std::uint32_t near = 0) const;

    std::uint32_t stage_at(Nanos t) const;  // clamped to the last one; there must be one
    Measure measure_at(Nanos t) const;      // off outside [0, duration())

    // The measured stages, adjacent ones merged.
    std::vector<Window> measured_windows() const;

private:
    std::vector<Stage> stages_;
    std::vector<Nanos> begin_;    // of each stage
    std::vector<double> before_;  // the count before each stage, and the total at the end
    Nanos duration_{};
    double total_ = 0;
};

}  // namespace portillon::arrival
