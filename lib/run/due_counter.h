#pragma once

// In which segment of the run the validations of a range were due. Recomputed from the schedule, which is pure; of
// closed arrivals the generator has told it.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arrival/schedule.h"
#include "fleet/result.h"
#include "plan/segments.h"
#include "run/reconcile.h"
#include "scenario/scenario.h"

namespace portillon::run {

class DueCounter {
public:
    // Asking a schedule takes some 100 ns, drawing one Poisson gap about as long: so these are a few seconds at the end
    // of a run, in which every equipment of a big fleet has exceptions in many segments.
    static constexpr std::uint64_t most_questions = 50'000'000;

    // All outlive it.
    DueCounter(const scenario::Scenario& scenario, const plan::Segments& segments,
               const std::vector<fleet::Generated>& generated, std::uint64_t questions = most_questions);

    // By segment. `ranges` are normalised; each equipment is looked up once. Nothing if the questions did not suffice.
    std::optional<std::vector<std::uint64_t>> count(std::span<const Range> ranges);

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
    std::vector<std::optional<std::uint64_t>> ends_;  // of equipment_: how many are due before the end of each segment
};

}  // namespace portillon::run
