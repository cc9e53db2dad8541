#include "run/phases_of_faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

constexpr Nanos least_limit = 10ms;  // a second's P95 of a healthy run wanders below that, and nobody waits for it

double us(Nanos value) {
    return seconds(value) * 1e6;
}

void name_equipments(const scenario::Scenario& scenario, const faults::NetworkFault& network, report::Fault& fault) {
    std::uint64_t digest = 0;
    std::uint64_t count = 0;
    std::uint32_t previous = 0;
    bool listed = true;
    for (std::uint32_t id = 1; id <= scenario.fleet.equipments; ++id) {
        if (!hits(network, scenario.seed, EquipmentId{id})) {
            continue;
        }
        ++count;
        digest = scatter(digest, id);
        if (previous == 0 || previous + 1 != id) {
            listed = fault.which.size() < report::most_ranges;
            if (listed) {
                fault.which.push_back({id, id});
            }
        } else if (listed) {
            fault.which.back().last = id;
        }
        previous = id;
    }
    fault.equipments = count;
    fault.equipments_digest = fmt::format("{:016x}", digest);
}

// When, from `end` on and before `until`, the intervals are as good as `limit`, for the rest.
struct Recovery {
    std::optional<Nanos> after;
    std::string why_not;
};

Recovery recovery_of(const fleet::Series& series, Nanos end, Nanos until, Nanos limit) {
    Recovery recovery;
    bool answered = false;
    for (std::size_t i = 0; i < series.intervals.size(); ++i) {
        const Nanos from = static_cast<std::int64_t>(i) * series.width;
        if (from + series.width <= end || from >= until) {
            continue;
        }
        const auto& interval = series.intervals[i];
        const auto histogram = interval.response.empty() ? std::nullopt : [&] {
            auto unpacked = stats::unpack(interval.response);
            return unpacked ? std::optional(std::move(*unpacked)) : std::nullopt;
        }();
        const auto p95 = histogram ? histogram->percentile(95) : std::nullopt;
        if (!histogram && interval.in_flight + interval.cached == 0) {
            continue;  // nothing was to be answered
        }
        answered = answered || histogram;
        if (p95 && *p95 <= limit) {
            recovery.after = recovery.after.value_or(std::max(from - end, Nanos{0}));
        } else {
            recovery.after.reset();
        }
    }
    if (!recovery.after) {
        recovery.why_not = answered ? "the P95 of response was never again within the limit for good"
                                    : "nothing was answered after it";
    }
    return recovery;
}

const report::Phase* phase_of(const std::vector<report::Phase>& phases, unsigned fault, std::string_view part) {
    const auto found = std::find_if(phases.begin(), phases.end(), [&](const report::Phase& phase) {
        return phase.kind == "fault" && phase.fault == fault && phase.part == part;
    });
    return found == phases.end() ? nullptr : &*found;
}

void tell_recovery(report::Fault& fault, const Surroundings& around, Nanos total, const fleet::Series& series,
                   const report::Phase* before) {
    if (before == nullptr || !before->latency.response) {
        fault.back_to_normal_reason = "nothing is acknowledged";
        return;
    }
    const auto& response = *before->latency.response;
    const auto p95 = response.histogram.percentile(95, response.unanswered);
    if (!p95) {
        fault.back_to_normal_reason = "there is no P95 of response before it";
        return;
    }
    const Nanos limit = std::max(2 * *p95, least_limit);
    fault.normal_p95_us = us(limit);
    // After the last fault the drain is part of the rest.
    const auto recovery = recovery_of(series, around.end, around.after < total ? around.after : Nanos::max(), limit);
    fault.back_to_normal_reason = recovery.why_not;
    if (recovery.after) {
        fault.back_to_normal_s = seconds(*recovery.after);
    }
}

}  // namespace

std::vector<Surroundings> surroundings_of(const scenario::Scenario& scenario) {
    const auto& faults = scenario.faults;
    if (scenario.traffic.stages.size() + 2 * faults.size() > most_cut_segments) {
        return {};
    }
    const auto stages = stages_of(scenario.traffic);
    const Nanos total = stages.duration();
    const auto windows = stages.measured_windows();
    const Nanos warm = windows.empty() ? Nanos{0} : windows.front().from;
    std::vector<Surroundings> all;
    for (const auto& fault : faults) {
        Surroundings around;
        around.begin = std::min(fault.at, total);
        around.end = std::min(fault.at + fault.during, total);
        around.before = std::min(warm, around.begin);
        around.after = total;
        for (const auto& other : faults) {
            const Nanos over = other.at + other.during;
            if (other.at < fault.at && over <= fault.at) {
                around.before = std::max(around.before, std::min(over, around.begin));
            }
            if (other.at > fault.at && other.at >= fault.at + fault.during) {
                around.after = std::min(around.after, std::max(other.at, around.end));
            }
        }
        all.push_back(around);
    }
    return all;
}

std::vector<report::Fault> faults_of(const scenario::Scenario& scenario, const fleet::Series& series,
                                     std::span<const net::Injected> injected,
                                     const std::map<std::size_t, Struck>& struck,
                                     const std::vector<report::Phase>& phases) {
    const auto network = network_faults_of(scenario);
    const auto surroundings = surroundings_of(scenario);
    const Nanos total = stages_of(scenario.traffic).duration();
    std::vector<report::Fault> faults;
    for (std::size_t place = 0; place < scenario.faults.size(); ++place) {
        const auto& planned = scenario.faults[place];
        auto& fault = faults.emplace_back();
        fault.number = static_cast<unsigned>(place + 1);
        fault.kind = name_of(planned.kind);
        fault.what = summary_of(planned);
        fault.at_s = seconds(planned.at);
        fault.to_s = seconds(planned.at + planned.during);
        if (const auto its = struck.find(place); its != struck.end()) {
            fault.injected = report::Injected{its->second.what, its->second.count};
        }
        for (std::size_t i = 0; i < network.size(); ++i) {
            if (network[i].number == place) {
                const auto did = i < injected.size() ? injected[i] : net::Injected{};
                name_equipments(scenario, network[i], fault);
                fault.connections = did.connections;
                fault.dials_refused = did.dials_refused;
                fault.dials_hung = did.dials_hung;
            }
        }
        if (place >= surroundings.size()) {
            fault.back_to_normal_reason = "there are too many faults to keep their figures apart";
            continue;
        }
        const auto& around = surroundings[place];
        tell_recovery(fault, around, total, series, phase_of(phases, fault.number, "before"));
        const Nanos until = around.after < total ? around.after : Nanos::max();
        for (std::size_t i = 0; i < series.intervals.size(); ++i) {
            const Nanos end = static_cast<std::int64_t>(i + 1) * series.width;
            if (end > around.begin && end <= until) {
                fault.cached_max = std::max(fault.cached_max, series.intervals[i].cached);
            }
        }
    }
    return faults;
}

}  // namespace portillon::run
