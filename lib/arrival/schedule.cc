#include "arrival/schedule.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/random.h"

namespace portillon::arrival {

namespace {

// The purposes of draws from an equipment's seed in this folder; other folders have purposes of their own.
enum class Purpose : std::uint64_t { phase = 0xA221'0001, gap = 0xA221'0002 };

std::uint64_t draw(std::uint64_t seed, EquipmentId equipment, Purpose purpose) {
    return scatter(scatter(seed, number_of(equipment)), static_cast<std::uint64_t>(purpose));
}

}  // namespace

bool Arrival::operator==(const Arrival& other) const {
    const bool same_trace =
        trace == other.trace || (trace != nullptr && other.trace != nullptr && *trace == *other.trace);
    return kind == other.kind && burst_size == other.burst_size && same_trace;
}

Schedule::Schedule(Arrival arrival, Stages stages, std::uint64_t seed)
    : arrival_(std::move(arrival)), stages_(std::move(stages)), seed_(seed) {
    check(arrival_.burst_size >= 1, "a burst holds at least one");
    check(arrival_.kind != Kind::trace || arrival_.trace != nullptr, "a trace to follow");
}

Cursor Schedule::begin(EquipmentId equipment, Nanos start) const {
    check(start >= Nanos{0}, "an equipment starts at T0 or later");
    Cursor cursor;
    cursor.equipment_ = equipment;
    cursor.due_ = start;
    if (arrival_.kind == Kind::closed) {
        return cursor;
    }
    if (arrival_.kind == Kind::trace) {
        const auto dues = arrival_.trace->of(equipment);
        const auto first = std::lower_bound(dues.begin(), dues.end(), start);
        cursor.position_ = static_cast<double>(first - dues.begin());
        place_row(cursor);
        return cursor;
    }
    cursor.position_ = stages_.count_at(start);
    switch (arrival_.kind) {
        case Kind::periodic:
            cursor.position_ += phase(equipment);
            break;
        case Kind::burst:
            cursor.position_ += phase(equipment) * arrival_.burst_size;
            break;
        default:
            cursor.position_ += gap(cursor);
    }
    place(cursor, cursor.position_);
    return cursor;
}

void Schedule::advance(Cursor& cursor) const {
    check(!cursor.ended(), "a schedule that has not ended");
    ++cursor.sequence_;
    switch (arrival_.kind) {
        case Kind::closed:
            return;
        case Kind::trace:
            place_row(cursor);
            return;
        case Kind::poisson:
            cursor.position_ += gap(cursor);
            place(cursor, cursor.position_);
            return;
        default:
            place(cursor, count_at(cursor, cursor.sequence_));
    }
}

std::uint64_t Schedule::count_before(EquipmentId equipment, Nanos start, Nanos t) const {
    if (arrival_.kind == Kind::closed || t <= start) {
        return 0;
    }
    if (arrival_.kind == Kind::trace) {
        const auto dues = arrival_.trace->of(equipment);
        const auto until = std::min(t, stages_.duration());
        return static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(
            0, std::lower_bound(dues.begin(), dues.end(), until) - std::lower_bound(dues.begin(), dues.end(), start)));
    }
    auto cursor = begin(equipment, start);
    if (arrival_.kind == Kind::poisson) {
        while (cursor.due() < t) {
            advance(cursor);
        }
        return cursor.sequence() - 1;
    }
    // A good estimate, then corrected with the very due times that a cursor finds.
    const std::uint64_t together = arrival_.kind == Kind::burst ? arrival_.burst_size : 1;
    const double points = (stages_.count_at(t) - cursor.position_) / static_cast<double>(together);
    std::uint64_t groups = points > 0 ? static_cast<std::uint64_t>(std::ceil(points)) : 0;
    const auto due_before = [&](std::uint64_t group) {
        const double count = count_at(cursor, group * together + 1);
        return count < stages_.total() && stages_.place_of(count).at < t;
    };
    while (groups > 0 && !due_before(groups - 1)) {
        --groups;
    }
    while (due_before(groups)) {
        ++groups;
    }
    return groups * together;
}

std::uint64_t Schedule::planned_count(EquipmentId equipment, Nanos start) const {
    return count_before(equipment, start, stages_.duration());
}

double Schedule::phase(EquipmentId equipment) const {
    const auto step = draw(seed_, equipment, Purpose::phase) >> 40;
    return (static_cast<double>(step) + 0.5) * 0x1.0p-24;
}

// The gap before the cursor's validation, recomputed from its sequence: a cursor stores no generator.
double Schedule::gap(const Cursor& cursor) const {
    return Random(scatter(draw(seed_, cursor.equipment_, Purpose::gap), cursor.sequence_)).exponential();
}

double Schedule::count_at(const Cursor& origin, Sequence sequence) const {
    auto points = sequence - 1;
    if (arrival_.kind == Kind::burst) {
        points -= points % arrival_.burst_size;
    }
    return origin.position_ + static_cast<double>(points);
}

void Schedule::place(Cursor& cursor, double count) const {
    if (count >= stages_.total()) {
        cursor.due_ = Nanos::max();
        return;
    }
    const auto place = stages_.place_of(count, cursor.stage_);
    cursor.due_ = std::max(cursor.due_, place.at);
    cursor.stage_ = place.stage;
}

void Schedule::place_row(Cursor& cursor) const {
    const auto dues = arrival_.trace->of(cursor.equipment_);
    const auto row = static_cast<std::size_t>(cursor.position_) + cursor.sequence_ - 1;
    if (row >= dues.size() || dues[row] >= stages_.duration()) {
        cursor.due_ = Nanos::max();
        return;
    }
    cursor.due_ = dues[row];
    cursor.stage_ = stages_.stage_at(cursor.due_);
}

}  // namespace portillon::arrival
