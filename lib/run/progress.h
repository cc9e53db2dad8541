#pragma once

// Shows the user a run while it lasts, once a second and when something happens.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/figures.h"
#include "base/units.h"
#include "run/verdict.h"

namespace portillon::run {

enum class Phase : std::uint8_t { preparing, connecting, running, draining, closing, reconciling };

struct Live {
    Phase phase = Phase::preparing;
    Nanos elapsed{};  // since T0; while connecting, since the first dial
    Nanos planned{};  // planned length of the phase; 0 if unknown
    Nanos left{};     // of the phase, at most; 0 if unknown
    // The stage of a running scenario, and the faults that are on (timeline.h).
    std::string stage;
    std::vector<std::string> faults;
    std::uint32_t equipments = 0;
    account::Counts counts;  // only the live ones hold (account/figures.h)
    std::uint64_t connected = 0, in_flight = 0, cached = 0, errors = 0;
    double generated_per_s = 0, acknowledged_per_s = 0;             // over the last second
    std::optional<Nanos> response_p50, response_p95, response_p99;  // in the last second, warm-up included
    std::optional<std::uint64_t> unanswered;                        // absent if the protocol acknowledges nothing
    Judgement verdict;                                              // from what is known so far
};

class Progress {
public:
    virtual ~Progress() = default;
    virtual void live(const Live& live) = 0;
    // A line of its own. announce(): what was started; warn(): what went wrong.
    virtual void announce(std::string_view line) = 0;
    virtual void warn(std::string_view line) = 0;
};

}  // namespace portillon::run
