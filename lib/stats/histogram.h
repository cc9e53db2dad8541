#pragma once

// Counts how often each duration occurred, to 3 significant digits, from 1 us to 24 h: an HDR histogram with exactly
// the buckets of the reference implementation (HdrHistogram, lowestDiscernibleValue 1,000 ns, highestTrackableValue 24
// h). Merge histograms first, then ask for percentiles; merging loses nothing.
//
// No value is silently clamped. A value above 24 h is counted as overflow: it is part of count(), min() and max(),
// ranked above every bucket, and not part of mean() and stdev(). A negative value (only an estimated clock offset makes
// one) is counted in the lowest bucket, and min() shows it unchanged.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "base/units.h"

namespace portillon::stats {

class Histogram {
public:
    static constexpr int significant_digits = 3;
    static constexpr Nanos lowest_discernible = 1us;
    static constexpr Nanos highest_trackable = 24h;

    Histogram() = default;  // allocates nothing
    Histogram(const Histogram& other);
    Histogram& operator=(const Histogram& other);
    Histogram(Histogram&& other) noexcept;
    Histogram& operator=(Histogram&& other) noexcept;

    // Takes a few nanoseconds. Only the first record after construction allocates, 232 KiB at once, of which the kernel
    // provides the pages that are touched.
    void record(Nanos value) { record(value, 1); }
    void record(Nanos value, std::uint64_t count);

    void merge(const Histogram& other);
    void reset();  // keeps its memory

    std::uint64_t count() const { return count_; }        // overflow included
    std::uint64_t overflow() const { return overflow_; }  // values above highest_trackable
    bool empty() const { return count_ == 0; }

    // Exact, overflow included; nothing when empty.
    std::optional<Nanos> min() const;
    std::optional<Nanos> max() const;

    // In ns, of the values in range, each taken as the middle of its bucket, clamped to [min, max]; nothing when there
    // are none.
    std::optional<double> mean() const;
    std::optional<double> stdev() const;

    // The highest value equivalent to the one at this rank (percent in [0, 100]), with `unanswered` more values ranked
    // above all others; never above max(). The smallest (0) and the largest are exact. Nothing when there is no value,
    // or when the rank falls among the overflow (except its largest) or the unanswered: such a figure passes no gate.
    std::optional<Nanos> percentile(double percent, std::uint64_t unanswered = 0) const;

    struct Bucket {
        Nanos lowest{}, highest{};  // both ends are included
        std::uint64_t count = 0;
    };
    // The non-empty buckets, ascending; without the overflow.
    std::vector<Bucket> buckets() const;

    // Sets what the V2 encoding does not carry. Returns false and changes nothing if that contradicts the buckets: min
    // and max must lie in the extreme buckets, or above range exactly when `overflow` says so.
    bool restore(std::uint64_t overflow, Nanos min, Nanos max);

    bool operator==(const Histogram& other) const;

    // The layout, for the codec: bucket `index` of bucket_count holds [lowest_at(index), lowest_at(index + 1)).
    static constexpr std::uint32_t bucket_count = 29 * 1024;
    static std::uint32_t index_of(Nanos value);  // 0 <= value <= highest_trackable
    static Nanos lowest_at(std::uint32_t index);
    std::uint64_t count_at(std::uint32_t index) const { return counts_ ? counts_[index] : 0; }
    std::uint32_t used_end() const { return used_end_; }  // one past the last non-empty bucket

private:
    struct Free {
        void operator()(std::uint64_t* counts) const { std::free(counts); }
    };

    void allocate();

    // From calloc, so that pages without records stay with the kernel.
    std::unique_ptr<std::uint64_t[], Free> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t overflow_ = 0;
    Nanos min_ = Nanos::max();
    Nanos max_ = Nanos::min();
    std::uint32_t used_begin_ = bucket_count;  // the non-empty buckets lie in [used_begin_, used_end_)
    std::uint32_t used_end_ = 0;
};

}  // namespace portillon::stats
