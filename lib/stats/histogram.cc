#include "stats/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "base/check.h"

namespace portillon::stats {

namespace {

// The reference's arithmetic for 3 digits from 1,000 ns on: values are counted in units of 512 ns (the power of two
// below 1,000); the first 2,048 units one by one (the power of two above 2 x 10^3), every further octave in 1,024
// steps.
constexpr int unit_magnitude = 9;
constexpr int half_magnitude = 10;
constexpr std::uint32_t half_count = 1U << half_magnitude;
constexpr std::uint64_t linear_mask = (std::uint64_t{2 * half_count} - 1) << unit_magnitude;
constexpr int leading_zeros_of_linear = 64 - unit_magnitude - half_magnitude - 1;

// The number of low bits that bucket `index` does not distinguish.
int blur_of(std::uint32_t index) {
    const auto octave = index >> half_magnitude;
    return unit_magnitude + static_cast<int>(octave == 0 ? 0 : octave - 1);
}

Nanos highest_at(std::uint32_t index) {
    return Histogram::lowest_at(index) + Nanos{(std::int64_t{1} << blur_of(index)) - 1};
}

double middle_at(std::uint32_t index) {
    return static_cast<double>(Histogram::lowest_at(index).count() + (std::int64_t{1} << blur_of(index)) / 2);
}

// Requires that there are values in range.
double middles_mean(const Histogram& histogram) {
    double total = 0;
    for (std::uint32_t index = 0; index < histogram.used_end(); ++index) {
        total += middle_at(index) * static_cast<double>(histogram.count_at(index));
    }
    return total / static_cast<double>(histogram.count() - histogram.overflow());
}

}  // namespace

std::uint32_t Histogram::index_of(Nanos value) {
    const auto units = static_cast<std::uint64_t>(value.count());
    const int octave = leading_zeros_of_linear - std::countl_zero(units | linear_mask);
    const auto step = static_cast<std::uint32_t>(units >> (octave + unit_magnitude));
    return (static_cast<std::uint32_t>(octave) << half_magnitude) + step;
}

Nanos Histogram::lowest_at(std::uint32_t index) {
    const auto octave = index >> half_magnitude;
    const std::uint64_t step = octave == 0 ? index : (index & (half_count - 1)) + half_count;
    return Nanos{static_cast<std::int64_t>(step << blur_of(index))};
}

Histogram::Histogram(const Histogram& other) {
    *this = other;
}

Histogram& Histogram::operator=(const Histogram& other) {
    if (this != &other) {
        reset();
        merge(other);
    }
    return *this;
}

Histogram::Histogram(Histogram&& other) noexcept {
    *this = std::move(other);
}

Histogram& Histogram::operator=(Histogram&& other) noexcept {
    if (this != &other) {
        counts_ = std::move(other.counts_);
        count_ = std::exchange(other.count_, 0);
        overflow_ = std::exchange(other.overflow_, 0);
        min_ = std::exchange(other.min_, Nanos::max());
        max_ = std::exchange(other.max_, Nanos::min());
        used_begin_ = std::exchange(other.used_begin_, bucket_count);
        used_end_ = std::exchange(other.used_end_, 0);
    }
    return *this;
}

void Histogram::record(Nanos value, std::uint64_t count) {
    if (count == 0) [[unlikely]] {
        return;
    }
    count_ += count;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    if (value > highest_trackable) [[unlikely]] {
        overflow_ += count;
        return;
    }
    if (!counts_) [[unlikely]] {
        allocate();
    }
    const auto index = index_of(std::max(value, Nanos{0}));
    counts_[index] += count;
    used_begin_ = std::min(used_begin_, index);
    used_end_ = std::max(used_end_, index + 1);
}

void Histogram::merge(const Histogram& other) {
    if (other.empty()) {
        return;
    }
    if (other.counts_ && !counts_) {
        allocate();
    }
    for (auto index = other.used_begin_; index < other.used_end_; ++index) {
        counts_[index] += other.counts_[index];
    }
    count_ += other.count_;
    overflow_ += other.overflow_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    used_begin_ = std::min(used_begin_, other.used_begin_);
    used_end_ = std::max(used_end_, other.used_end_);
}

void Histogram::reset() {
    for (auto index = used_begin_; index < used_end_; ++index) {
        counts_[index] = 0;
    }
    count_ = 0;
    overflow_ = 0;
    min_ = Nanos::max();
    max_ = Nanos::min();
    used_begin_ = bucket_count;
    used_end_ = 0;
}

std::optional<Nanos> Histogram::min() const {
    return empty() ? std::nullopt : std::optional{min_};
}

std::optional<Nanos> Histogram::max() const {
    return empty() ? std::nullopt : std::optional{max_};
}

std::optional<double> Histogram::mean() const {
    const auto in_range = count_ - overflow_;
    if (in_range == 0) {
        return std::nullopt;
    }
    // The middles of the outermost buckets may lie beyond the values themselves.
    return std::clamp(middles_mean(*this), static_cast<double>(min_.count()), static_cast<double>(max_.count()));
}

std::optional<double> Histogram::stdev() const {
    if (count_ == overflow_) {
        return std::nullopt;
    }
    // Deviations are from the middles' own mean, so that values of one bucket deviate by nothing.
    const double average = middles_mean(*this);
    double total = 0;
    for (auto index = used_begin_; index < used_end_; ++index) {
        const double deviation = middle_at(index) - average;
        total += deviation * deviation * static_cast<double>(counts_[index]);
    }
    return std::sqrt(total / static_cast<double>(count_ - overflow_));
}

std::optional<Nanos> Histogram::percentile(double percent, std::uint64_t unanswered) const {
    check(percent >= 0 && percent <= 100, "a percentile outside 0..100");
    // Like the reference: one step down first, so that rounding does not lift an exact rank to the next.
    const double exact = std::max(std::nextafter(percent, -1.0), 0.0);
    const double ranked = std::ceil(exact * static_cast<double>(count_ + unanswered) / 100.0);
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(ranked));
    if (count_ > 0 && (percent == 0 || rank == count_)) {
        return percent == 0 ? min_ : max_;
    }
    if (rank > count_ - overflow_) {
        return std::nullopt;
    }
    std::uint64_t seen = 0;
    for (auto index = used_begin_; index < used_end_; ++index) {
        seen += counts_[index];
        if (seen >= rank) {
            return std::min(highest_at(index), max_);
        }
    }
    return std::nullopt;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
    std::vector<Bucket> all;
    for (auto index = used_begin_; index < used_end_; ++index) {
        if (counts_[index] > 0) {
            all.push_back({lowest_at(index), highest_at(index), counts_[index]});
        }
    }
    return all;
}

bool Histogram::restore(std::uint64_t overflow, Nanos min, Nanos max) {
    const auto in_range = count_ - overflow_;
    const auto total = in_range + overflow;
    if (total < in_range) {
        return false;
    }
    if (total > 0) {
        const auto in_bucket = [](Nanos value, std::uint32_t index) {
            return value <= highest_trackable && index_of(std::max(value, Nanos{0})) == index;
        };
        const bool min_fits = in_range > 0 ? in_bucket(min, used_begin_) : min > highest_trackable;
        const bool max_fits = overflow > 0 ? max > highest_trackable : in_bucket(max, used_end_ - 1);
        if (!min_fits || !max_fits || min > max) {
            return false;
        }
        min_ = min;
        max_ = max;
    }
    overflow_ = overflow;
    count_ = total;
    return true;
}

bool Histogram::operator==(const Histogram& other) const {
    return count_ == other.count_ && overflow_ == other.overflow_ && min_ == other.min_ && max_ == other.max_ &&
           used_begin_ == other.used_begin_ && used_end_ == other.used_end_ &&
           (used_end_ == 0 || std::equal(counts_.get() + used_begin_, counts_.get() + used_end_,
                                         other.counts_.get() + other.used_begin_));
}

void Histogram::allocate() {
    counts_.reset(static_cast<std::uint64_t*>(std::calloc(bucket_count, sizeof(std::uint64_t))));
    if (!counts_) {
        throw std::bad_alloc();
    }
}

}  // namespace portillon::stats
