#include "fleet/cache.h"

#include <algorithm>

#include "base/check.h"

namespace portillon::fleet {

Cache::Cut Cache::cut(const arrival::Schedule& schedule, std::uint32_t most) {
    check(!empty(), "a batch holds something");
    const std::uint64_t together =
        holes_ == nullptr ? size() : std::min(size(), holes_->list.front().first - next_.sequence());
    const Cut cut{next_, static_cast<std::uint32_t>(std::min<std::uint64_t>(most, together))};
    if (holes_ == nullptr && cut.count == together) {
        next_ = newest_;  // the usual case: the cache is empty afterwards, and no walk over the schedule is needed
        return cut;
    }
    for (std::uint32_t i = 0; i < cut.count; ++i) {
        schedule.advance(next_);
    }
    step_over_hole(schedule);
    return cut;
}

void Cache::add_hole(const Hole& hole) {
    if (holes_ == nullptr) {
        holes_ = std::make_unique<Holes>();
    }
    // While the cache stays full, each new hole begins where the last one ends and is merged with it.
    if (!holes_->list.empty() && holes_->list.back().last + 1 == hole.first) {
        holes_->list.back().last = hole.last;
    } else {
        holes_->list.push_back(hole);
    }
    holes_->size += hole.last + 1 - hole.first;
}

void Cache::step_over_hole(const arrival::Schedule& schedule) {
    if (holes_ == nullptr || next_.sequence() != holes_->list.front().first) {
        return;
    }
    const Hole hole = holes_->list.front();
    holes_->size -= hole.last + 1 - hole.first;
    holes_->list.pop_front();
    if (holes_->list.empty()) {
        holes_ = nullptr;
    }
    if (hole.last + 1 == newest_.sequence()) {
        next_ = newest_;
        return;
    }
    while (next_.sequence() <= hole.last) {
        schedule.advance(next_);
    }
}

}  // namespace portillon::fleet
