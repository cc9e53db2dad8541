#include "fleet/books.h"

#include <algorithm>

#include "base/check.h"
#include "driver/driver.h"
#include "stats/histogram_codec.h"

namespace portillon::fleet {

namespace {

constexpr std::size_t merges_per_interval = 8;      // some 0.2 ms of work
constexpr std::size_t most_causes_with_words = 64;  // more than an honest server has; bounds the words to 13 kB

std::string one_pack(const std::vector<std::string>& packs) {
    if (packs.size() < 2) {
        return packs.empty() ? std::string{} : packs.front();
    }
    stats::Histogram all;
    for (const auto& pack : packs) {
        const auto histogram = stats::unpack(pack);
        check(static_cast<bool>(histogram), "a histogram that was packed here");
        all.merge(*histogram);
    }
    return stats::pack(all);
}

}  // namespace

void Causes::count(const error_code& cause) {
    ++total_;
    for (auto& [known, times] : counts_) {
        if (known == cause) {
            ++times;
            return;
        }
    }
    counts_.emplace_back(cause, 1);
}

void Causes::add_to(std::map<std::string, std::uint64_t>& counts, const std::string& prefix) const {
    for (const auto& [cause, times] : counts_) {
        counts[prefix + cause_name(cause)] += times;
    }
}

void Words::said(const error_code& cause, std::string_view words) {
    if (words.empty() || known_.size() == most_causes_with_words ||
        std::find(known_.begin(), known_.end(), cause) != known_.end()) {
        return;
    }
    known_.push_back(cause);
    by_cause_.emplace(cause_name(cause), words.substr(0, driver::most_words_bytes));
}

void SeriesRecorder::start(Instant t0) {
    t0_ = t0;
    open_until_ = t0 + series_.width;
    series_.intervals.reserve(most_intervals + 1);
    packs_.reserve(most_intervals + 1);
    open_next();
}

void SeriesRecorder::close_until(Instant now, const Gauges& gauges) {
    while (now >= open_until_) {
        close_one(gauges);
        if (series_.intervals.size() == most_intervals) {
            double_width();
        }
        open_from_ = static_cast<std::int64_t>(series_.intervals.size()) * series_.width;
        open_until_ = t0_ + open_from_ + series_.width;
        open_next();
    }
    pack_together();
}

void SeriesRecorder::close_one(const Gauges& gauges) {
    auto& interval = series_.intervals.back();
    interval.connected = gauges.connected;
    interval.in_flight = gauges.in_flight;
    interval.cached = gauges.cached;
    last_response_.clear();
    if (!response_.empty()) {
        last_response_ = stats::pack(response_);
        packs_.back().push_back(last_response_);
    }
    if (!unmeasured_.empty()) {
        unmeasured_.merge(response_);
        last_response_ = stats::pack(unmeasured_);
        unmeasured_.reset();
    }
    response_.reset();
}

void SeriesRecorder::open_next() {
    series_.intervals.emplace_back();
    packs_.emplace_back();
}

void SeriesRecorder::double_width() {
    series_.double_width();
    for (std::size_t i = 0; i < series_.intervals.size(); ++i) {
        auto packs = std::move(packs_[2 * i]);
        if (2 * i + 1 < packs_.size()) {
            std::move(packs_[2 * i + 1].begin(), packs_[2 * i + 1].end(), std::back_inserter(packs));
        }
        packs_[i] = std::move(packs);
    }
    packs_.resize(series_.intervals.size());
    series_.intervals.reserve(most_intervals + 1);
    together_ = 0;
}

void SeriesRecorder::pack_together() {
    for (std::size_t merges = 0; together_ + 1 < packs_.size() && merges < merges_per_interval; ++together_) {
        if (packs_[together_].size() > 1) {
            packs_[together_] = {one_pack(packs_[together_])};
            ++merges;
        }
    }
}

void SeriesRecorder::finish(Instant now, const Gauges& gauges) {
    if (open_until_ == never) {
        return;
    }
    roll(now, gauges);
    close_one(gauges);
    series_.end = now - t0_;
    open_until_ = never;
}

std::size_t SeriesRecorder::place_of(Nanos at) const {
    return static_cast<std::size_t>(at / series_.width);
}

Series SeriesRecorder::series() const {
    Series series = series_;
    for (std::size_t i = 0; i < series.intervals.size(); ++i) {
        series.intervals[i].response = one_pack(packs_[i]);
    }
    return series;
}

}  // namespace portillon::fleet
