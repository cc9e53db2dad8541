#pragma once

// When each validation of each equipment is due. Pure and seeded: the same (seed, equipment, start) gives the same due
// times in every process, however often and from whatever point they are recomputed.
//
// The n-th point at unit rate, u(n), is mapped through the inverse of the stages' cumulative count N:
//
//     N(due(n)) = N(start) + u(n)         start: the equipment's own, relative to T0
//
//     periodic   u(n) = n - 1 + phase     phase: uniform in (0, 1), one per equipment
//     poisson    u(n) = a sum of n exponentials of mean 1
//     burst      u(n) = size x (floor((n - 1) / size) + phase): `size` due together, bursts periodic
//
// In a trace (trace.h) the rows themselves say when validations are due; of its stages only durations and measuring
// count.
//
// Counts of the other kinds are exact and nothing drifts: there are rate x duration periodic validations whenever that
// is a whole number. A point at or after N(end) does not exist: due times lie in [start, end). They never
// decrease.
//
// A phase is an odd multiple of 2^-25: never so near to 0 or 1 that rounding could add or remove a validation, as long
// as an equipment has fewer than max_planned of them.

#include <cstdint>
#include <memory>

#include "arrival/stages.h"
#include "arrival/trace.h"
#include "base/units.h"

namespace portillon::arrival {

// Beyond this many validations of one equipment a double no longer distinguishes them reliably.
inline constexpr double max_planned = 0x1.0p27;

enum class Kind : std::uint8_t { periodic, poisson, burst, trace, closed };

struct Arrival {
    Kind kind = Kind::periodic;
    std::uint32_t burst_size = 1;                 // burst only
    std::shared_ptr<const Trace> trace = {};      // trace only: large and immutable, so copies share it
    bool operator==(const Arrival& other) const;  // traces by their content
};

// One equipment's position in its schedule: the validation `sequence()` and when it is due. A value: a copy advances
// independently and finds the same due times.
class Cursor {
public:
    Cursor() = default;

    Sequence sequence() const { return sequence_; }  // from 1; once ended, one more than there were
    Nanos due() const { return due_; }               // since T0; once ended Nanos::max(); closed: the equipment's start
    bool ended() const { return due_ == Nanos::max(); }
    EquipmentId equipment() const { return equipment_; }

    bool operator==(const Cursor&) const = default;

private:
    friend class Schedule;
    Sequence sequence_ = 1;
    Nanos due_ = Nanos::max();
    double position_ = 0;  // poisson: N(due); trace: its first row; else N(start), with periodic's phase
    EquipmentId equipment_{};
    std::uint32_t stage_ = 0;  // of due_
};
static_assert(sizeof(Cursor) <= 32);

// The schedules of a whole fleet; immutable.
class Schedule {
public:
    Schedule(Arrival arrival, Stages stages, std::uint64_t seed);

    const Arrival& arrival() const { return arrival_; }
    const Stages& stages() const { return stages_; }

    // Points at validation 1 of an equipment that starts at `start`, 0 or later.
    Cursor begin(EquipmentId equipment, Nanos start) const;

    // Moves to the next validation; not allowed once ended. Closed: counts on, due() stays, and the caller decides when
    // to end.
    void advance(Cursor& cursor) const;

    // The mode of the stage in which the cursor's validation is due. Not allowed once ended; closed: ask
    // stages().measure_at().
    Measure measure(const Cursor& cursor) const { return stages_.list()[cursor.stage_].measure; }

    // How many of the equipment's validations are due before `t`: exactly what a cursor would count. Constant time,
    // except for poisson, which has to draw them all. Closed: 0, because the number is unknown.
    std::uint64_t count_before(EquipmentId equipment, Nanos start, Nanos t) const;

    // The same for the whole run.
    std::uint64_t planned_count(EquipmentId equipment, Nanos start) const;

private:
    double phase(EquipmentId equipment) const;
    double gap(const Cursor& cursor) const;
    double count_at(const Cursor& origin, Sequence sequence) const;
    void place(Cursor& cursor, double count) const;
    void place_row(Cursor& cursor) const;

    Arrival arrival_;
    Stages stages_;
    std::uint64_t seed_;
};

}  // namespace portillon::arrival
