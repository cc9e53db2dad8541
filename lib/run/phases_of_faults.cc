#include "run/phases_of_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

constexpr Nanos least_limit = 10ms;      // below this the P95 of a second varies in healthy runs too, and is no harm
constexpr double as_deviation = 1.4826;  // median absolute deviation x this = standard deviation, for normal values
constexpr double deviations = 4;

double us(Nanos value) {
    return seconds(value) * 1e6;
}

void name_equipments(const scenario::Scenario& scenario, const faults::NetworkFault& network, report::Fault& fault) {
    std::uint64_t digest = 0;
    std::uint64_t count = 0;
    std::uint32_t previous = 0;
    bool listed = true;
    for (std::uint32_t id = 1; id <= scenario.lot().fleet.equipments; ++id) {
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

// The response times of an interval of the series.
struct Heard {
    Nanos from{}, to{};
    bool idle = false;         // nothing waited for an answer
    std::optional<Nanos> p95;  // of response; absent when nothing was answered
};

std::vector<Heard> heard_in(const fleet::Series& series) {
    std::vector<Heard> all;
    for (std::size_t i = 0; i < series.intervals.size(); ++i) {
        const auto& interval = series.intervals[i];
        const Nanos from = static_cast<std::int64_t>(i) * series.width;
        auto& heard = all.emplace_back(Heard{from, from + series.width, false, {}});
        if (interval.response.empty()) {
            heard.idle = interval.in_flight + interval.cached == 0;
        } else if (const auto histogram = stats::unpack(interval.response)) {
            heard.p95 = histogram->percentile(95);
        }
    }
    return all;
}

// When response was back to normal: how long after the end of the fault, or why it never was.
struct Recovery {
    std::optional<Nanos> after;
    std::string why_not;
};

// Looks at the intervals from `end` of the fault on and before `until`; those that are idle do not count.
Recovery recovery_of(const std::vector<Heard>& intervals, Nanos end, Nanos until, Nanos limit) {
    std::vector<Nanos> begins;
    std::vector<bool> good;
    bool answered = false;
    for (const auto& heard : intervals) {
        if (heard.to <= end || heard.from >= until || heard.idle) {
            continue;
        }
        answered = answered || heard.p95;
        begins.push_back(heard.from);
        good.push_back(heard.p95 && *heard.p95 <= limit);
    }
    if (const auto place = settled_from(good)) {
        return {std::max(begins[*place] - end, Nanos{0}), {}};
    }
    return {{}, answered ? "the P95 of response did not stay within the limit" : "nothing was answered after it"};
}

Nanos median_of(std::vector<Nanos> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) {
        return *middle;
    }
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

const report::Phase* phase_of(const std::vector<report::Phase>& phases, unsigned fault, std::string_view part) {
    const auto found = std::find_if(phases.begin(), phases.end(), [&](const report::Phase& phase) {
        return phase.kind == "fault" && phase.fault == fault && phase.part == part;
    });
    return found == phases.end() ? nullptr : &*found;
}

void tell_recovery(report::Fault& fault, const FaultPeriods& around, Nanos total, const std::vector<Heard>& intervals,
                   const report::Phase* before) {
    if (before == nullptr || !before->latency.response) {
        fault.back_to_normal_reason = "nothing is acknowledged";
        return;
    }
    const auto p95 = before->latency.response->percentile(95);
    if (!p95) {
        fault.back_to_normal_reason = "there is no P95 of response before it";
        return;
    }
    std::vector<Nanos> p95_before;
    for (const auto& heard : intervals) {
        if (heard.from >= around.before && heard.to <= around.begin && heard.p95) {
            p95_before.push_back(*heard.p95);
        }
    }
    if (p95_before.empty()) {
        p95_before = {*p95};  // no interval lies wholly before the fault
    }
    const auto normal = *normal_of(std::move(p95_before));
    fault.usual_p95_us = us(normal.usual);
    fault.normal_p95_us = us(normal.limit);
    // After the last fault, the intervals of the drain are looked at, too.
    const auto recovery =
        recovery_of(intervals, around.end, around.after < total ? around.after : Nanos::max(), normal.limit);
    fault.back_to_normal_reason = recovery.why_not;
    if (recovery.after) {
        fault.back_to_normal_s = seconds(*recovery.after);
    }
}

}  // namespace

std::optional<Normal> normal_of(std::vector<Nanos> p95_before) {
    if (p95_before.empty()) {
        return std::nullopt;
    }
    const Nanos usual = median_of(p95_before);
    for (auto& each : p95_before) {
        each = std::chrono::abs(each - usual);
    }
    const double spread = as_deviation * static_cast<double>(median_of(std::move(p95_before)).count());
    const Nanos tolerance = std::max(usual, Nanos{std::llround(deviations * spread)});
    return Normal{usual, std::max(usual + tolerance, least_limit)};
}

// Walks from the last interval to the first and keeps, for the intervals from `place` on, the counts on which the three
// conditions depend. The last `place` that fulfils them is the earliest interval.
std::optional<std::size_t> settled_from(const std::vector<bool>& good) {
    constexpr std::size_t first = 5;
    std::optional<std::size_t> settled;
    std::size_t bad = 0;        // bad intervals from `place` on
    std::size_t bad_first = 0;  // bad intervals among the first five from `place` on
    std::size_t in_a_row = 0;   // bad intervals in a row that begin at `place`
    for (auto place = good.size(); place-- > 0;) {
        in_a_row = good[place] ? 0 : in_a_row + 1;
        if (in_a_row == 3) {
            break;  // three in a row: no earlier interval can be the one
        }
        bad += good[place] ? 0 : 1;
        bad_first += good[place] ? 0 : 1;
        if (place + first < good.size()) {
            bad_first -= good[place + first] ? 0 : 1;
        }
        if (good[place] && bad_first <= 1 && 5 * bad <= good.size() - place + 1) {
            settled = place;
        }
    }
    return settled;
}

std::vector<FaultPeriods> fault_periods_of(const scenario::Scenario& scenario) {
    const auto& faults = scenario.faults;
    if (scenario.lot().traffic.stages.size() + 2 * faults.size() > most_cut_segments) {
        return {};
    }
    const auto stages = stages_of(scenario.lot().traffic);
    const Nanos total = stages.duration();
    const auto windows = stages.measured_windows();
    const Nanos warm = windows.empty() ? Nanos{0} : windows.front().from;
    std::vector<FaultPeriods> all;
    for (const auto& fault : faults) {
        FaultPeriods around;
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
                                     const Effects& effects, const std::vector<report::Phase>& phases, Nanos ended) {
    const auto network = network_faults_of(scenario);
    const auto periods = fault_periods_of(scenario);
    const Nanos total = stages_of(scenario.lot().traffic).duration();
    const auto intervals = heard_in(series);
    std::vector<report::Fault> faults;
    for (std::size_t place = 0; place < scenario.faults.size(); ++place) {
        const auto& planned = scenario.faults[place];
        auto& fault = faults.emplace_back();
        fault.number = static_cast<unsigned>(place + 1);
        fault.kind = name_of(planned.kind);
        fault.what = summary_of(planned);
        fault.at_s = seconds(planned.at);
        fault.to_s = seconds(planned.at + planned.during);
        const auto executed = effects.commands.find(place);
        const bool is_missing = planned.kind == faults::Kind::command && executed == effects.commands.end();
        if (planned.at >= ended || is_missing) {
            fault.happened = false;
            fault.back_to_normal_reason = planned.at >= ended
                                              ? fmt::format("the run was over after {}", humanize(ended))
                                              : "the run was ended before";
            continue;
        }
        if (executed != effects.commands.end()) {
            fault.commands = executed->second;
        }
        if (const auto its = effects.struck.find(place); its != effects.struck.end()) {
            fault.injected = its->second;
        }
        for (std::size_t i = 0; i < network.size(); ++i) {
            if (network[i].number == place) {
                const auto did = i < effects.injected.size() ? effects.injected[i] : net::faults::Injected{};
                name_equipments(scenario, network[i], fault);
                fault.connections = did.connections;
                fault.dials_refused = did.dials_refused;
                fault.dials_hung = did.dials_hung;
            }
        }
        if (place >= periods.size()) {
            fault.back_to_normal_reason = "there are too many faults to keep their figures apart";
            continue;
        }
        const auto& around = periods[place];
        if (planned.at + planned.during < ended) {
            tell_recovery(fault, around, total, intervals, phase_of(phases, fault.number, "before"));
        } else {
            fault.back_to_normal_reason = "it lasted until the end of the run";
        }
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
