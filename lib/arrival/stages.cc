#include "arrival/stages.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace portillon::arrival {

namespace {

double slope(const Stage& stage) {
    return (stage.rate_to - stage.rate_from) / seconds(stage.duration);
}

double count_within(const Stage& stage, Nanos since) {
    const double s = seconds(since);
    return s * (stage.rate_from + slope(stage) * s / 2);
}

// The mean rate times the duration: exact where the rate is constant and the product is.
double count_of(const Stage& stage) {
    return (stage.rate_from + stage.rate_to) / 2 * seconds(stage.duration);
}

Nanos time_within(const Stage& stage, double count) {
    const double discriminant = stage.rate_from * stage.rate_from + 2 * slope(stage) * count;
    const double divisor = stage.rate_from == stage.rate_to ? 2 * stage.rate_from
                                                            : stage.rate_from + std::sqrt(std::max(0.0, discriminant));
    if (count <= 0 || divisor <= 0) {
        return Nanos{0};
    }
    const double ns = std::floor(2 * count * 1e9 / divisor);
    const auto last = stage.duration - Nanos{1};
    return ns >= static_cast<double>(last.count()) ? last : Nanos{static_cast<std::int64_t>(ns)};
}

}  // namespace

Stages::Stages(std::vector<Stage> stages) : stages_(std::move(stages)) {
    begin_.reserve(stages_.size());
    before_.reserve(stages_.size() + 1);
    for (const auto& stage : stages_) {
        check(stage.duration > Nanos{0}, "a stage lasts");
        check(std::isfinite(stage.rate_from) && stage.rate_from >= 0, "a rate is finite and not negative");
        check(std::isfinite(stage.rate_to) && stage.rate_to >= 0, "a rate is finite and not negative");
        begin_.push_back(duration_);
        before_.push_back(total_);
        duration_ += stage.duration;
        total_ += count_of(stage);
    }
    before_.push_back(total_);
}

double Stages::peak_rate() const {
    double peak = 0;
    for (const auto& stage : stages_) {
        peak = std::max({peak, stage.rate_from, stage.rate_to});
    }
    return peak;
}

double Stages::count_at(Nanos t) const {
    if (t <= Nanos{0}) {
        return 0;
    }
    if (t >= duration_) {
        return total_;
    }
    const auto at = stage_at(t);
    return std::min(before_[at] + count_within(stages_[at], t - begin_[at]), before_[at + 1]);
}

double Stages::rate_at(Nanos t) const {
    if (stages_.empty() || t >= duration_) {
        return 0;
    }
    const auto at = stage_at(t);
    return stages_[at].rate_from + slope(stages_[at]) * seconds(std::max(t, Nanos{0}) - begin_[at]);
}

Stages::Place Stages::place_of(double count, std::uint32_t near) const {
    check(count >= 0 && count < total_, "a count that the stages reach");
    std::uint32_t at = near;
    if (before_[at + 1] <= count) {
        const auto beyond = std::upper_bound(before_.begin() + at + 1, before_.end(), count);
        at = static_cast<std::uint32_t>(beyond - before_.begin() - 1);
    }
    return {begin_[at] + time_within(stages_[at], count - before_[at]), at};
}

std::uint32_t Stages::stage_at(Nanos t) const {
    check(!stages_.empty(), "there is a stage");
    const auto after = std::upper_bound(begin_.begin() + 1, begin_.end(), t);
    return static_cast<std::uint32_t>(after - begin_.begin() - 1);
}

Measure Stages::measure_at(Nanos t) const {
    return t < Nanos{0} || t >= duration_ ? Measure::off : stages_[stage_at(t)].measure;
}

std::vector<Window> Stages::measured_windows() const {
    std::vector<Window> windows;
    for (std::size_t at = 0; at < stages_.size(); ++at) {
        if (stages_[at].measure == Measure::off) {
            continue;
        }
        const Nanos end = begin_[at] + stages_[at].duration;
        if (!windows.empty() && windows.back().to == begin_[at]) {
            windows.back().to = end;
        } else {
            windows.push_back({begin_[at], end});
        }
    }
    return windows;
}

}  // namespace portillon::arrival
