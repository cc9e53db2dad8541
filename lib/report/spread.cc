#include "report/spread.h"

#include <algorithm>
#include <cmath>

namespace portillon::report {

Spread spread_of(const std::vector<gate::Figure>& figures) {
    Spread spread;
    spread.repeats = figures.size();
    std::vector<double> values;
    std::size_t beyond = 0;
    std::string above;
    for (const auto& figure : figures) {
        if (figure.value && std::isfinite(*figure.value)) {
            values.push_back(*figure.value);
            continue;
        }
        beyond += figure.beyond.empty() ? 0 : 1;
        above = above.empty() ? figure.beyond : above;
        spread.absent_because = spread.absent_because.empty() ? figure.absent_because : spread.absent_because;
    }
    std::sort(values.begin(), values.end());
    spread.most_beyond = above;
    if (!values.empty()) {
        spread.least = values.front();
        spread.most = values.back();
    }
    const auto all = values.size() + beyond;
    if (all == 0) {
        return spread;
    }
    const auto low = (all - 1) / 2;
    const auto high = all / 2;
    if (high >= values.size()) {
        spread.beyond = above;
        return spread;
    }
    spread.value = low == high ? values[low] : values[low] + (values[high] - values[low]) / 2;
    spread.absent_because.clear();
    return spread;
}

std::string median_text(const Spread& spread, gate::Kind kind) {
    return spread.value ? gate::humanize_figure(kind, *spread.value) : spread.beyond.empty() ? "-" : spread.beyond;
}

std::string range_text(const std::string& least, const std::string& most) {
    if (least == most) {
        return least;
    }
    const auto unit_of = [](const std::string& text) { return text.substr(std::min(text.find(' '), text.size())); };
    const bool same_unit = unit_of(least) == unit_of(most);
    return (same_unit ? least.substr(0, least.find(' ')) : least) + "-" + most;
}

std::string range_text(const Spread& spread, gate::Kind kind) {
    if (spread.repeats < 2 || (!spread.least && spread.most_beyond.empty())) {
        return {};
    }
    return range_text(spread.least ? gate::humanize_figure(kind, *spread.least) : spread.most_beyond,
                      spread.most_beyond.empty() ? gate::humanize_figure(kind, *spread.most) : spread.most_beyond);
}

}  // namespace portillon::report
