#pragma once

// The run is cut into segments by due time, and figures are kept for each. Every validation is due in exactly one
// segment. A phase of the report (a stage, for example) is a union of segments, and so is everything that is measured.
// Nothing is recorded twice: the figures of a union are those of its segments, merged.

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
    // The segments are the stages, cut further at the instants of `cuts`, which may be in any order.
    explicit Segments(const arrival::Stages& stages, std::vector<Nanos> cuts = {});

    std::span<const Segment> list() const& { return list_; }
    std::span<const Segment> list() && = delete;  // the span would dangle
    std::uint32_t size() const { return static_cast<std::uint32_t>(list_.size()); }

    // The place of the segment in which `due` lies, or of the first or last segment if it lies outside all. The search
    // begins at `near`: callers give the place found last, which is nearly always right, since due times come nearly in
    // order.
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
    std::vector<Segment> list_;  // from T0 to the end of the stages, without a gap
};

}  // namespace portillon::plan
