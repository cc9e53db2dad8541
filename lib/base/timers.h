#pragma once

// The alarms of a shard, in order of time. Pure: the owner of the loop asks `next()`, sleeps, and calls `run_due()`.
//
// An Alarm is a member or base of the object that waits (no allocation, no lookup); it is armed at most once at a time
// and disarms itself when destroyed. Alarms of one instant ring in the order in which they were set.

#include <cstddef>
#include <vector>

#include "base/units.h"

namespace portillon {

class Timers;

class Alarm {
public:
    Alarm() = default;
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    bool armed() const { return timers_ != nullptr; }
    Instant at() const { return at_; }  // while armed
    void cancel();                      // no effect when not armed

    // Called by Timers at `now` >= at(), with the alarm already disarmed: it may set itself again, or do anything else.
    virtual void ring(Instant now) = 0;

protected:
    virtual ~Alarm() { cancel(); }

private:
    friend class Timers;
    Timers* timers_ = nullptr;
    std::size_t place_ = 0;
    Instant at_{};
};

class Timers {
public:
    Timers() = default;
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers();  // disarms what is left

    // Arms `alarm`, or moves it if armed. O(log n).
    void set(Alarm& alarm, Instant at);

    bool empty() const { return heap_.empty(); }
    Instant next() const { return heap_.empty() ? never : heap_.front().at; }

    // Rings every alarm with at() <= now, in order, including those set meanwhile.
    void run_due(Instant now);

private:
    friend class Alarm;
    // The instant is kept beside the pointer, so that comparing alarms does not touch them, each on a cold cache line.
    struct Entry {
        Instant at;
        std::uint64_t order;
        Alarm* alarm;
    };
    static bool before(const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.order < b.order; }
    void remove(Alarm& alarm);
    void sift_up(std::size_t place);
    void sift_down(std::size_t place);
    void put(std::size_t place, const Entry& entry);

    std::vector<Entry> heap_;  // a 4-ary heap: half the depth, children side by side
    std::uint64_t orders_ = 0;
};

}  // namespace portillon
