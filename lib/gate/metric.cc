#include "gate/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"

namespace portillon::gate {

const std::vector<Metric>& metrics() {
    static const std::vector<Metric> all = [] {
        std::vector<Metric> list;
        for (const char* name : {"response", "service", "lateness", "end_to_end", "connect", "generator_lag"}) {
            list.push_back({name, Kind::latency});
        }
        for (const char* name : {"generated",  "acknowledged",  "rejected",     "unacknowledged",   "cached",
                                 "discarded",  "retries",       "sent_batches", "delivered",        "duplicated",
                                 "reordered",  "unexpected",    "lost",         "undelivered",      "unconfirmed",
                                 "equipments", "connected_max", "connects",     "connect_failures", "reconnects"}) {
            list.push_back({name, Kind::counter});
        }
        for (const char* name : {"due_per_s", "acknowledged_per_s", "delivered_per_s"}) {
            list.push_back({name, Kind::number});
        }
        for (const std::string side : {"generator.", "server."}) {
            list.push_back({side + "cpu_s", Kind::number});
            list.push_back({side + "connect_cpu_s", Kind::number});
            list.push_back({side + "cpu_us_per_validation", Kind::number});
            list.push_back({side + "rss_bytes", Kind::bytes});
            list.push_back({side + "rss_bytes_per_equipment", Kind::bytes});
            list.push_back({side + "shards", Kind::number});
        }
        for (const char* name : {"bytes_sent", "bytes_received", "bytes_per_validation", "payload_bytes"}) {
            list.push_back({name, Kind::bytes});
        }
        return list;
    }();
    return all;
}

std::optional<Metric> find_metric(std::string_view name) {
    for (const auto& metric : metrics()) {
        if (metric.name == name) {
            return metric;
        }
    }
    return std::nullopt;
}

std::string humanize_figure(Kind kind, double figure) {
    if (!std::isfinite(figure)) {
        return "not a number";
    }
    constexpr double most = 9e18;  // what fits into 64 bits
    switch (kind) {
        case Kind::latency:
            return humanize(Nanos{std::llround(std::clamp(figure * 1e3, -most, most))});
        case Kind::bytes:
            return figure == std::floor(figure) || figure >= 1000
                       ? humanize(Bytes{static_cast<std::uint64_t>(std::clamp(figure, 0.0, most))})
                       : fmt::format("{:.1f} B", figure);
        case Kind::counter:
        case Kind::number:
            break;
    }
    const bool small = figure != 0 && std::abs(figure) < 1;
    return small ? fmt::format("{:.3g}", figure) : humanize_count(figure);
}

}  // namespace portillon::gate
