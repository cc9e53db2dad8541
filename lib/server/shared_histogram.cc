#include "server/shared_histogram.h"

#include <algorithm>

namespace portillon::server {

namespace {
Nanos signed_of(const Counter& counter) {
    return Nanos{static_cast<std::int64_t>(counter.get())};
}
void set(Counter& counter, Nanos value) {
    counter.set(static_cast<std::uint64_t>(value.count()));
}
}  // namespace

void SharedHistogram::record(Nanos value) {
    if (any_.get() == 0) {
        set(min_, value);
        set(max_, value);
        any_.set(1);
    } else if (value < signed_of(min_)) {
        set(min_, value);
    } else if (value > signed_of(max_)) {
        set(max_, value);
    }
    if (value > stats::Histogram::highest_trackable) {
        overflow_.add();
        return;
    }
    const auto index = stats::Histogram::index_of(std::max(value, Nanos{0}));
    if (index >= used_end_.get()) {
        used_end_.set(index + 1);
    }
    counts_[index].add();
}

stats::Histogram SharedHistogram::read() const {
    stats::Histogram copy;
    const auto end = std::min<std::uint64_t>(used_end_.get(), counts_.size());
    for (std::uint32_t index = 0; index < end; ++index) {
        copy.record(stats::Histogram::lowest_at(index), counts_[index].get());
    }
    // Refused while a writer is between extremes and count; then the copy keeps the extremes of its buckets.
    copy.restore(overflow_.get(), signed_of(min_), signed_of(max_));
    return copy;
}

}  // namespace portillon::server
