#pragma once

// Counts in which segments of the run the validations of a range were due. It recomputes that from the schedule, which
// is pure; for closed arrivals it uses the counts that the generator has sent.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "account/range.h"
#include "arrival/schedule.h"
#include "fleet/result.h"
#include "plan/segments.h"
#include "scenario/scenario.h"

namespace portillon::run {

class DueCounter {
public:
    // The limit of work. Asking a schedule takes some 100 ns, and so does drawing one Poisson gap: this many take a few
    // seconds, and suffice for a large fleet in which every equipment has exceptions in many segments.
    static constexpr std::uint64_t most_questions = 50'000'000;

    // All arguments outlive the counter.
    DueCounter(const scenario::Scenario& scenario, const plan::Segments& segments,
               const std::vector<fleet::Generated>& generated, std::uint64_t questions = most_questions);

    // The number of validations in `ranges`, by segment. `ranges` are normalised, so each equipment is looked up once.
    // Nothing if `questions` did not suffice.
    std::optional<std::vector<std::uint64_t>> count(std::span<const account::Range> ranges);

private:
    void turn_to(EquipmentId equipment);
    std::uint64_t due_before_end_of(std::uint32_t segment);
    void draw_all();

    const scenario::Scenario& scenario_;
    const plan::Segments& segments_;
    const std::vector<fleet::Generated>& generated_;
    arrival::Schedule schedule_;
    std::uint64_t questions_;

    EquipmentId equipment_{};
    // How many validations of equipment_ are due before the end of each segment; nothing: not asked yet.
    std::vector<std::optional<std::uint64_t>> ends_;
};

}  // namespace portillon::run
