#include "gate/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"

namespace portillon::gate {

namespace {

constexpr auto whole_run = Reach::run;
constexpr auto each_stage = Reach::stages;

void add(std::vector<Metric>& list, Kind kind, Reach reach, Known known, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        list.push_back({name, kind, reach, known});
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
        add(list, Kind::latency, each_stage, Known::live, {"response", "service", "lateness"});
        add(list, Kind::latency, each_stage, Known::at_end, {"end_to_end"});
        add(list, Kind::latency, whole_run, Known::live, {"connect", "generator_lag"});
        // What is cached or unacknowledged while it runs is only on its way.
        add(list, Kind::counter, each_stage, Known::live, {"generated", "acknowledged", "rejected"});
        add(list, Kind::counter, each_stage, Known::at_end, {"unacknowledged", "cached"});
        add(list, Kind::counter, each_stage, Known::live, {"discarded"});
        add(list, Kind::counter, whole_run, Known::live, {"retries", "sent_batches"});
        add(list, Kind::counter, whole_run, Known::at_end, {"retries_put_off", "breaker_openings"});
        add(list, Kind::counter, each_stage, Known::at_end, {"delivered", "duplicated", "reordered"});
        add(list, Kind::counter, whole_run, Known::at_end, {"unexpected"});
        add(list, Kind::counter, each_stage, Known::at_end, {"lost", "undelivered", "unconfirmed"});
        add(list, Kind::counter, whole_run, Known::at_end, {"equipments", "connected_max", "never_connected"});
        add(list, Kind::counter, whole_run, Known::live, {"connects", "connect_failures", "reconnects"});
        add(list, Kind::number, whole_run, Known::at_end, {"connecting_s"});
        add(list, Kind::number, each_stage, Known::at_end, {"due_per_s", "acknowledged_per_s", "delivered_per_s"});
        for (const std::string side : {"generator.", "server."}) {
            list.push_back({side + "cpu_s", Kind::number});
            list.push_back({side + "connect_cpu_s", Kind::number});
            list.push_back({side + "cpu_us_per_validation", Kind::number});
            list.push_back({side + "rss_bytes", Kind::bytes});
            list.push_back({side + "rss_growth_bytes", Kind::bytes});
            list.push_back({side + "rss_bytes_per_equipment", Kind::bytes});
            list.push_back({side + "shards", Kind::number});
        }
        add(list, Kind::bytes, whole_run, Known::at_end,
            {"bytes_sent", "bytes_received", "bytes_per_validation", "payload_bytes"});
        return list;
    }();
    return all;
}

std::optional<Metric> find_metric(std::string_view name) {
    name = name.substr(0, name.find('{'));
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
    constexpr double most = 9e18;  // what fits into 64 bits
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
