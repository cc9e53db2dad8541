#include "run/due_counter.h"

#include <algorithm>

namespace portillon::run {

DueCounter::DueCounter(const scenario::Scenario& scenario, const plan::Segments& segments,
                       const std::vector<fleet::Generated>& generated, std::uint64_t questions)
    : scenario_(scenario),
      segments_(segments),
      generated_(generated),
      schedule_(schedule_of(scenario)),
      questions_(questions) {}

std::optional<std::vector<std::uint64_t>> DueCounter::count(std::span<const account::Range> ranges) {
    std::vector<std::uint64_t> counts(segments_.size());
    if (ranges.empty() || counts.empty()) {
        return counts;
    }
    const auto last_segment = segments_.size() - 1;
    equipment_ = {};
    for (const account::Range& range : ranges) {
        if (range.equipment != equipment_) {
            turn_to(range.equipment);
        }
        // Binary search for the first segment that ends after the range has begun.
        std::uint32_t segment = 0;
        for (std::uint32_t end = last_segment; segment < end;) {
            const auto middle = segment + (end - segment) / 2;
            if (due_before_end_of(middle) >= range.first) {
                end = middle;
            } else {
                segment = middle + 1;
            }
        }
        for (Sequence first = range.first; first <= range.last; ++segment) {
            const Sequence last =
                segment == last_segment ? range.last : std::min(range.last, due_before_end_of(segment));
            if (questions_ == 0) {
                return std::nullopt;
            }
            counts[segment] += last + 1 - first;
            first = last + 1;
        }
    }
    return counts;
}

void DueCounter::turn_to(EquipmentId equipment) {
    equipment_ = equipment;
    ends_.assign(segments_.size(), std::nullopt);
    if (scenario_.lot().traffic.arrival.kind == arrival::Kind::poisson) {
        draw_all();
    } else if (scenario_.lot().traffic.arrival.kind == arrival::Kind::closed) {
        const auto found = std::lower_bound(generated_.begin(), generated_.end(), equipment,
                                            [](const auto& one, EquipmentId id) { return one.equipment < id; });
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            const bool told =
                found != generated_.end() && found->equipment == equipment && i < found->by_segment.size();
            sum += told ? found->by_segment[i] : 0;
            ends_[i] = sum;
        }
    }
}

std::uint64_t DueCounter::due_before_end_of(std::uint32_t segment) {
    auto& end = ends_[segment];
    if (!end) {
        questions_ -= questions_ > 0 ? 1 : 0;
        end = schedule_.count_before(equipment_, plan::start_of(scenario_.lot().fleet.start, equipment_),
                                     segments_.list()[segment].to);
    }
    return *end;
}

// Fills ends_ in one walk. For a Poisson schedule each separate question would draw all gaps from the beginning again.
void DueCounter::draw_all() {
    auto cursor = schedule_.begin(equipment_, plan::start_of(scenario_.lot().fleet.start, equipment_));
    for (std::uint32_t segment = 0; segment < segments_.size(); ++segment) {
        while (questions_ > 0 && cursor.due() < segments_.list()[segment].to) {
            --questions_;
            schedule_.advance(cursor);
        }
        ends_[segment] = cursor.sequence() - 1;
    }
}

}  // namespace portillon::run
