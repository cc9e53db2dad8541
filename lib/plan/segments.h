#pragma once

// The run in parts by due time, so that figures can be kept of each. Every validation is due in exactly one segment;
// what a report calls a phase, a stage for one, is a union of segments, and so is what is measured. Nothing is recorded
// twice: the figures of a union are those of its segments, merged.

#include <cstdint>
#include <span>
#include <vector>

#include "arrival/stages.h"

namespace portillon::plan {

struct Segment {
    Nanos from{}, to{};  // since T0; `to` is outside
    std::uint32_t stage = 0;
    arrival::Measure measure = arrival::Measure::on;
    bool operator==(const Segment&) const = default;
};

class Segments {
public:
    Segments() = default;
    // The stages, cut further at the instants of `cuts`, in any order.
    explicit Segments(const arrival::Stages& stages, std::vector<Nanos> cuts = {});

    std::span<const Segment> list() const& { return list_; }
    std::span<const Segment> list() && = delete;  // it would outlive what it looks at
    std::uint32_t size() const { return static_cast<std::uint32_t>(list_.size()); }

    // The place of the segment in which `due` lies; the first or the last one if it lies outside all. `near`: where the
    // search begins. Due times come nearly in order, so that it is nearly always the same.
    std::uint32_t at(Nanos due, std::uint32_t near) const {
        while (due >= list_[near].to && near + 1 < list_.size()) {
            ++near;
        }
        while (due < list_[near].from && near > 0) {
            --near;
        }
        return near;
    }

private:
    std::vector<Segment> list_;  // without a hole, from T0 to the end of the stages
};

}  // namespace portillon::plan
