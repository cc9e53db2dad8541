#include "base/timers.h"

#include <algorithm>

namespace portillon {

namespace {
constexpr std::size_t arity = 4;
}

void Alarm::cancel() {
    if (timers_ != nullptr) {
        timers_->remove(*this);
    }
}

Timers::~Timers() {
    for (const Entry& entry : heap_) {
        entry.alarm->timers_ = nullptr;
    }
}

void Timers::set(Alarm& alarm, Instant at) {
    alarm.cancel();
    alarm.timers_ = this;
    alarm.at_ = at;
    heap_.push_back({at, orders_++, &alarm});
    alarm.place_ = heap_.size() - 1;
    sift_up(alarm.place_);
}

void Timers::run_due(Instant now) {
    while (!heap_.empty() && heap_.front().at <= now) {
        Alarm& alarm = *heap_.front().alarm;
        remove(alarm);
        alarm.ring(now);
    }
}

void Timers::remove(Alarm& alarm) {
    const std::size_t place = alarm.place_;
    alarm.timers_ = nullptr;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.alarm == &alarm) {
        return;
    }
    put(place, last);
    sift_up(place);
    sift_down(last.alarm->place_);
}

void Timers::sift_up(std::size_t place) {
    const Entry entry = heap_[place];
    while (place > 0) {
        const std::size_t parent = (place - 1) / arity;
        if (!before(entry, heap_[parent])) {
            break;
        }
        put(place, heap_[parent]);
        place = parent;
    }
    put(place, entry);
}

void Timers::sift_down(std::size_t place) {
    const Entry entry = heap_[place];
    for (;;) {
        const std::size_t first = place * arity + 1;
        if (first >= heap_.size()) {
            break;
        }
        const std::size_t end = std::min(first + arity, heap_.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (before(heap_[child], heap_[least])) {
                least = child;
            }
        }
        if (!before(heap_[least], entry)) {
            break;
        }
        put(place, heap_[least]);
        place = least;
    }
    put(place, entry);
}

void Timers::put(std::size_t place, const Entry& entry) {
    heap_[place] = entry;
    entry.alarm->place_ = place;
}

}  // namespace portillon
