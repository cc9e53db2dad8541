#include "account/latency.h"

#include <algorithm>

namespace portillon::account {

std::optional<Nanos> Latency::min() const {
    return histogram.min();
}

std::optional<Nanos> Latency::max() const {
    return unanswered > 0 ? std::nullopt : histogram.max();
}

std::optional<double> Latency::mean() const {
    return unanswered > 0 || histogram.overflow() > 0 ? std::nullopt : histogram.mean();
}

std::optional<double> Latency::stdev() const {
    return unanswered > 0 || histogram.overflow() > 0 ? std::nullopt : histogram.stdev();
}

std::optional<Nanos> Latency::percentile(double percent) const {
    return histogram.percentile(percent, unanswered);
}

const char* Latency::word_for_absent() const {
    return unanswered > 0 ? "never" : histogram.overflow() > 0 ? ">24 h" : "-";
}

const LatencyFigure* find_latency(std::string_view name) {
    const auto found = std::find_if(latency_figures.begin(), latency_figures.end(),
                                    [name](const auto& each) { return each.name == name; });
    return found == latency_figures.end() ? nullptr : found;
}

void add(std::optional<Latency>& sum, const std::optional<Latency>& more) {
    if (!sum || !more) {
        sum.reset();
        return;
    }
    sum->histogram.merge(more->histogram);
    sum->unanswered += more->unanswered;
}

}  // namespace portillon::account
