#include "plan/run_spec.h"

#include <fmt/format.h>

namespace portillon::plan {

bool RunSpec::operator==(const RunSpec& other) const {
    return run == other.run && payload.seed == other.payload.seed && payload.bytes == other.payload.bytes &&
           equipments == other.equipments && sequences == other.sequences && measured == other.measured &&
           segments == other.segments;
}

std::string problem_of(const RunSpec& spec) {
    if (spec.payload.bytes < wire::smallest_validation_bytes || spec.payload.bytes > wire::largest_validation_bytes) {
        return fmt::format("payload_bytes: {} (allowed: {}..{})", spec.payload.bytes, wire::smallest_validation_bytes,
                           wire::largest_validation_bytes);
    }
    if (spec.equipments == 0 || spec.equipments > most_equipments) {
        return fmt::format("equipments: {} (allowed: 1..{})", spec.equipments, most_equipments);
    }
    if (spec.sequences == 0 || spec.sequences > most_run_validations / spec.equipments) {
        return fmt::format("sequences: {} (allowed with {} equipments: 1..{})", spec.sequences, spec.equipments,
                           most_run_validations / spec.equipments);
    }
    if (spec.measured.size() > most_windows) {
        return fmt::format("measured: {} windows (allowed: at most {})", spec.measured.size(), most_windows);
    }
    for (const arrival::Window& window : spec.measured) {
        if (window.from < Nanos{0} || window.to < window.from) {
            return fmt::format("measured: [{}, {}] (allowed: 0 <= from <= to)", window.from.count(), window.to.count());
        }
    }
    if (spec.segments.size() > most_segments) {
        return fmt::format("segments: {} (allowed: at most {})", spec.segments.size(), most_segments);
    }
    Nanos end{0};
    for (const arrival::Window& segment : spec.segments) {
        if (segment.from < end || segment.to < segment.from) {
            return fmt::format("segments: [{}, {}] (allowed: 0 <= from <= to, in order, none within another)",
                               segment.from.count(), segment.to.count());
        }
        end = segment.to;
    }
    return {};
}

}  // namespace portillon::plan
