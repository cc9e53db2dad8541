#include "gate/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"

namespace portillon::gate {

namespace {

Kind kind_of(account::Amount amount) {
    return amount == account::Amount::bytes || amount == account::Amount::mean_bytes ? Kind::bytes : Kind::number;
}

template <class Figures>
void add_values(std::vector<Metric>& list, const std::string& prefix, const Figures& figures, Reach reach) {
    for (const auto& figure : figures) {
        list.push_back({prefix + std::string(figure.name), kind_of(figure.amount), reach, Known::at_end});
    }
}

template <class Wanted>
std::string names_where(Wanted wanted) {
    std::string names;
    for (const auto& metric : metrics()) {
        if (wanted(metric)) {
            names += (names.empty() ? "" : ", ") + metric.name;
        }
    }
    return names;
}

}  // namespace

const std::vector<Metric>& metrics() {
    static const std::vector<Metric> all = [] {
        std::vector<Metric> list;
        for (const auto& figure : account::latency_figures) {
            list.push_back({std::string(figure.name), Kind::latency, figure.reach, figure.known});
        }
        for (const auto& figure : account::count_figures) {
            if (figure.is_metric) {
                list.push_back({std::string(figure.name), Kind::counter, figure.reach, figure.known});
            }
        }
        list.push_back({std::string(failed_dials), Kind::counter, Reach::run, Known::live});
        list.push_back({std::string(failed_attempts), Kind::counter, Reach::run, Known::live});
        add_values(list, "", account::fleet_figures, Reach::run);
        add_values(list, "", account::throughput_figures, Reach::stages);
        for (const auto& side : account::sides) {
            add_values(list, std::string(side.name) + ".", account::resource_figures, Reach::run);
        }
        add_values(list, "", account::wire_figures, Reach::run);
        return list;
    }();
    return all;
}

std::optional<Metric> find_metric(std::string_view name) {
    name = name.substr(0, name.find('{'));
    for (const auto& alias : aliases) {
        name = alias.name == name ? alias.metric : name;
    }
    for (const auto& metric : metrics()) {
        if (metric.name == name) {
            return metric;
        }
    }
    return std::nullopt;
}

std::string names_of_metrics(Reach reach) {
    return names_where([reach](const Metric& metric) { return metric.reach == reach; });
}

std::string names_of_metrics(Known known) {
    return names_where([known](const Metric& metric) { return metric.known == known; });
}

std::string humanize_figure(Kind kind, double figure) {
    if (!std::isfinite(figure)) {
        return "not a number";
    }
    constexpr double most = 9e18;  // the limit of 64 bits
    switch (kind) {
        case Kind::latency:
            if (figure != 0 && std::abs(figure) < 0.0005) {
                return humanize_count(figure * 1e3) + " ns";
            }
            return humanize(Nanos{std::llround(std::clamp(figure * 1e3, -most, most))});
        case Kind::bytes:
            return figure == std::floor(figure) || figure >= 1000
                       ? humanize(Bytes{static_cast<std::uint64_t>(std::clamp(figure, 0.0, most))})
                   : std::abs(figure) >= 0.1 ? fmt::format("{:.1f} B", figure)
                                             : humanize_count(figure) + " B";
        case Kind::counter:
        case Kind::number:
            break;
    }
    return humanize_count(figure);
}

}  // namespace portillon::gate
