#include "report/model.h"

namespace portillon::report {

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

}  // namespace portillon::report
