#pragma once

// The validations of one equipment that are due (the equipment has turned to them) and are in no batch yet. None of
// them is stored. Two cursors of the schedule stand at the ends, and a copy that walks from one to the other recomputes
// what lies between, so that a cache of a million validations takes as much memory as an empty one:
//
//     in batches | next_ ... they wait ... | newest() ... the equipment has not turned to
//
// A full cache discards the oldest validations, which moves next_, or the newest. To discard the newest, newest()
// cannot move back, since their sequences are used up; they leave a hole: a range between the cursors that does not
// wait. A batch ends at a hole, because its sequences are consecutive. Pure.

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include "arrival/schedule.h"
#include "base/units.h"
#include "plan/segments.h"

namespace portillon::fleet {

class Cache {
public:
    // `count` consecutive validations of the equipment.
    struct Range {
        Sequence first = 1;
        std::uint64_t count = 0;
    };
    struct Cut {
        arrival::Cursor first;
        std::uint32_t count = 0;
    };

    // Makes the cache empty; the equipment turns to `first` next.
    void begin(const arrival::Cursor& first) { next_ = newest_ = first; }

    const arrival::Cursor& newest() const { return newest_; }
    std::uint64_t size() const {
        return newest_.sequence() - next_.sequence() - (holes_ == nullptr ? 0 : holes_->size);
    }
    bool empty() const { return size() == 0; }

    // The equipment turns to the validation at newest(), which waits from now on.
    void turn(const arrival::Schedule& schedule) { schedule.advance(newest_); }

    // Takes the validations of the next batch out: the oldest ones, `most` at most, up to the first hole. The cache is
    // not empty.
    Cut cut(const arrival::Schedule& schedule, std::uint32_t most);

    // Discards the oldest validations until `capacity` are left and calls each(due since T0) for each of them. Only for
    // a cache from which discard_newest() never takes anything: there are no holes.
    template <class Each>
    Range discard_oldest(const arrival::Schedule& schedule, std::uint64_t capacity, Each&& each);

    // Discards the newest validations until `capacity` are left, but only from the last `turned` ones, which begin at
    // `first` and end at newest(). Calls each(due since T0) for each of them.
    template <class Each>
    Range discard_newest(const arrival::Schedule& schedule, std::uint64_t capacity, const arrival::Cursor& first,
                         std::uint32_t turned, Each&& each);

    // Calls each(range) for each range of validations that wait: those between the holes.
    template <class Each>
    void for_each_range(Each&& each) const;

    // Counts the validations that wait by the segments in which they are due: calls each(place in `segments`, count),
    // for one segment perhaps several times.
    template <class Each>
    void count_by_segment(const arrival::Schedule& schedule, const plan::Segments& segments, Each&& each) const;

private:
    // Discarded validations between the cursors.
    struct Hole {
        Sequence first = 0, last = 0;
    };
    struct Holes {
        std::deque<Hole> list;   // in order; next_ is never inside a hole
        std::uint64_t size = 0;  // validations
    };

    void add_hole(const Hole& hole);
    void step_over_hole(const arrival::Schedule& schedule);

    arrival::Cursor next_;
    arrival::Cursor newest_;
    std::unique_ptr<Holes> holes_;  // nullptr: none
};

template <class Each>
Cache::Range Cache::discard_oldest(const arrival::Schedule& schedule, std::uint64_t capacity, Each&& each) {
    const Range range{next_.sequence(), size() - std::min(size(), capacity)};
    for (std::uint64_t i = 0; i < range.count; ++i) {
        each(next_.due());
        schedule.advance(next_);
    }
    return range;
}

template <class Each>
Cache::Range Cache::discard_newest(const arrival::Schedule& schedule, std::uint64_t capacity,
                                   const arrival::Cursor& first, std::uint32_t turned, Each&& each) {
    const std::uint64_t count = std::min<std::uint64_t>(size() - std::min(size(), capacity), turned);
    auto cursor = first;
    for (std::uint64_t kept = turned - count; kept > 0; --kept) {
        schedule.advance(cursor);
    }
    const Range range{cursor.sequence(), count};
    if (count > 0) {
        add_hole({range.first, range.first + count - 1});
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        each(cursor.due());
        schedule.advance(cursor);
    }
    return range;
}

template <class Each>
void Cache::for_each_range(Each&& each) const {
    Sequence from = next_.sequence();
    const auto up_to = [&](Sequence end) {
        if (from < end) {
            each(Range{from, end - from});
        }
    };
    if (holes_ != nullptr) {
        for (const Hole& hole : holes_->list) {
            up_to(hole.first);
            from = hole.last + 1;
        }
    }
    up_to(newest_.sequence());
}

template <class Each>
void Cache::count_by_segment(const arrival::Schedule& schedule, const plan::Segments& segments, Each&& each) const {
    auto cursor = next_;
    std::uint32_t near = 0;
    std::uint64_t left = size();
    for_each_range([&](const Range& range) {
        while (left > 0 && cursor.sequence() < range.first) {
            schedule.advance(cursor);
        }
        for (std::uint64_t in_range = range.count; in_range > 0 && left > 0; --in_range, --left) {
            near = segments.at(cursor.due(), near);
            // Due times never decrease. Once the cursor is in the same segment as newest(), so are all that are left,
            // and they are counted without a walk: the cache of a long outage may hold millions.
            if (near + 1 == segments.size() || newest_.due() < segments.list()[near].to) {
                each(near, std::exchange(left, 0));
                return;
            }
            each(near, std::uint64_t{1});
            schedule.advance(cursor);
        }
    });
}

}  // namespace portillon::fleet
