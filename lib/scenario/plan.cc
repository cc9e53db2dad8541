#include "scenario/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/check.h"
#include "scenario/warnings.h"

namespace portillon::scenario {

namespace {

// The most validations of Poisson schedules that are drawn: at 45 ns each this takes about a second.
constexpr double most_draws = 2e7;

// Rules of thumb, measured on loopback: the CPU time of both sides for a batch, and for each validation in it.
constexpr double cpu_s_per_batch = 20e-6;
constexpr double cpu_s_per_validation = 0.3e-6;

// A busy server needs about so long for an answer. If the window is full sooner, the plan warns.
constexpr double hasty_answer_s = 0.020;

constexpr Nanos max_connecting = 24h * 366;  // so that the arithmetic cannot overflow

constexpr std::uint64_t grpc_message_bytes = 4'000'000;  // the largest message that gRPC receivers take by default
constexpr std::uint64_t large_ledger_bytes = 1'000'000'000;

Nanos row_width(Nanos duration, std::size_t most_rows) {
    constexpr std::array<Nanos, 16> widths{1s,   2s,    5s,    10s,   15s, 30s, 1min, 2min,
                                           5min, 10min, 15min, 30min, 1h,  2h,  6h,   24h};
    for (const auto width : widths) {
        if (duration <= width * most_rows) {
            return width;
        }
    }
    Nanos width = widths.back();
    while (duration > width * most_rows) {
        width *= 2;
    }
    return width;
}

// Equipments that start together.
struct Wave {
    Nanos at{};
    std::uint32_t first = 1;
    std::uint32_t count = 0;
};

std::vector<Wave> waves_of(const Fleet& fleet) {
    const auto* steps = std::get_if<plan::StartBySteps>(&fleet.start);
    if (steps == nullptr) {
        return {{Nanos{0}, 1, fleet.equipments}};
    }
    std::vector<Wave> waves;
    for (std::uint32_t first = 1; first <= fleet.equipments; first += steps->step) {
        waves.push_back({plan::start_of(fleet.start, EquipmentId{first}), first,
                         std::min(steps->step, fleet.equipments - first + 1)});
        if (fleet.equipments - first < steps->step) {
            break;
        }
    }
    return waves;
}

PlanRow* row_at(std::vector<PlanRow>& rows, Nanos t) {
    const auto after =
        std::upper_bound(rows.begin(), rows.end(), t, [](Nanos at, const PlanRow& row) { return at < row.from; });
    return after == rows.begin() ? nullptr : &*std::prev(after);
}

void lay_rows(Plan& plan, const Scenario& scenario, const std::vector<Wave>& waves, std::size_t most_rows) {
    check(most_rows >= 2, "room for rows");
    if (const auto* start = std::get_if<plan::StartByRate>(&scenario.lot().fleet.start)) {
        const double connecting_s = scenario.lot().fleet.equipments / start->rate.per_second;
        plan.connecting =
            std::min(start->within, Nanos{std::llround(std::min(connecting_s, seconds(max_connecting)) * 1e9)});
        const auto dialled = std::llround(std::ceil(seconds(plan.connecting) * start->rate.per_second));
        plan.rows.push_back({-plan.connecting,
                             Nanos{0},
                             0,
                             static_cast<std::uint32_t>(std::min<long long>(dialled, scenario.lot().fleet.equipments)),
                             0,
                             {}});
        --most_rows;
    }
    const auto width = row_width(plan.duration, most_rows);
    for (Nanos from{0}; from < plan.duration; from += width) {
        plan.rows.push_back({from, std::min(from + width, plan.duration), 0, 0, 0, {}});
    }
    for (const auto& wave : waves) {
        auto* row = row_at(plan.rows, wave.at);
        if (row != nullptr && wave.at < row->to) {
            row->started += wave.count;
            row->dialled += plan.connecting > Nanos{0} ? 0 : wave.count;
        }
    }
}

void count_each(Plan& plan, const arrival::Schedule& schedule, const std::vector<Wave>& waves) {
    plan.fewest = UINT64_MAX;
    for (const auto& wave : waves) {
        for (std::uint32_t id = wave.first; id < wave.first + wave.count; ++id) {
            std::uint64_t before = 0;
            for (auto& row : plan.rows) {
                if (row.to <= Nanos{0}) {
                    continue;
                }
                const auto until = schedule.count_before(EquipmentId{id}, wave.at, row.to);
                row.validations += until - before;
                before = until;
            }
            plan.fewest = std::min(plan.fewest, before);
            plan.most = std::max(plan.most, before);
        }
    }
}

void draw_each(Plan& plan, const arrival::Schedule& schedule, const std::vector<Wave>& waves) {
    plan.fewest = UINT64_MAX;
    for (const auto& wave : waves) {
        for (std::uint32_t id = wave.first; id < wave.first + wave.count; ++id) {
            auto cursor = schedule.begin(EquipmentId{id}, wave.at);
            auto* row = plan.rows.data();
            for (; !cursor.ended(); schedule.advance(cursor)) {
                while (row->to <= cursor.due()) {
                    ++row;
                }
                ++row->validations;
            }
            plan.fewest = std::min(plan.fewest, cursor.sequence() - 1);
            plan.most = std::max(plan.most, cursor.sequence() - 1);
        }
    }
}

void expect_each(Plan& plan, const arrival::Stages& stages, const std::vector<Wave>& waves) {
    for (auto& row : plan.rows) {
        double expected = 0;
        for (const auto& wave : waves) {
            expected += wave.count * (stages.count_at(row.to) - stages.count_at(std::max(row.from, wave.at))) *
                        (wave.at < row.to ? 1 : 0);
        }
        row.validations = static_cast<std::uint64_t>(std::llround(expected));
    }
}

double expected_total(const arrival::Stages& stages, const std::vector<Wave>& waves) {
    double total = 0;
    for (const auto& wave : waves) {
        total += wave.count * (stages.total() - stages.count_at(wave.at));
    }
    return total;
}

void count(Plan& plan, const Scenario& scenario, const std::vector<Wave>& waves) {
    const auto schedule = schedule_of(scenario);
    switch (scenario.lot().traffic.arrival.kind) {
        case arrival::Kind::closed:
            plan.counting = Counting::unknown;
            return;
        case arrival::Kind::poisson:
            if (expected_total(schedule.stages(), waves) > most_draws) {
                plan.counting = Counting::expected;
                expect_each(plan, schedule.stages(), waves);
            } else {
                draw_each(plan, schedule, waves);
            }
            break;
        default:
            count_each(plan, schedule, waves);
    }
    for (auto& row : plan.rows) {
        row.payload.count = row.validations * scenario.lot().traffic.payload.bytes.count;
        plan.validations += row.validations;
        plan.payload.count += row.payload.count;
    }
    plan.ledger.count = plan.validations / 8;
}

// Finds the highest rate of the fleet: the equipments that have started times the rate of each. Within a stage the rate
// is a straight line, and the fleet only grows, so the product is highest at the end of a stage or when a wave starts.
void find_peak(Plan& plan, const Scenario& scenario, const arrival::Stages& stages, const std::vector<Wave>& waves) {
    // At `at` one stage ends and another begins. before: the rate of the ending stage, without equipments that start at
    // `at`.
    enum class Side : std::uint8_t { before, from };
    const auto offer = [&](Nanos at, Side side, double rate) {
        const auto instant = side == Side::before ? at - Nanos{1} : at;
        double started = scenario.lot().fleet.equipments;
        if (const auto* steps = std::get_if<plan::StartBySteps>(&scenario.lot().fleet.start)) {
            started = std::min(started, (static_cast<double>(instant / steps->every) + 1) * steps->step);
        }
        const double per_s = started * rate;
        if (per_s > plan.peak_per_s || (per_s == plan.peak_per_s && at < plan.peak_at)) {
            plan.peak_per_s = per_s;
            plan.peak_at = at;
        }
    };
    if (const auto& trace = scenario.lot().traffic.arrival.trace) {
        const auto [second, count] = trace->busiest_second();
        plan.peak_per_s = static_cast<double>(count);
        plan.peak_at = second;
        plan.peak_batches_per_s = plan.peak_per_s;  // the worst case: each validation is a batch of its own
        return;
    }
    Nanos begin{0};
    for (const auto& stage : stages.list()) {
        offer(begin, Side::from, stage.rate_from);
        begin += stage.duration;
        offer(begin, Side::before, stage.rate_to);
    }
    for (const auto& wave : waves) {
        offer(wave.at, Side::from, stages.rate_at(wave.at));
    }
    // The expected size of a batch: the validation that begins it, and those that become due while it lingers.
    const auto& batch = scenario.lot().delivery.batch;
    const double each =
        std::max<double>(scenario.lot().traffic.arrival.burst_size, 1 + stages.peak_rate() * seconds(batch.linger));
    plan.peak_batches_per_s = plan.peak_per_s / std::clamp(each, 1.0, static_cast<double>(batch.max));
}

void warn_of_the_traffic(Plan& plan, const Scenario& scenario, const arrival::Stages& stages) {
    const auto& delivery = scenario.lot().delivery;
    const auto kind = scenario.lot().traffic.arrival.kind;
    if (kind == arrival::Kind::closed || kind == arrival::Kind::trace) {
        return;
    }
    const double rate = stages.peak_rate();
    if (rate == 0) {
        return;
    }
    const double window_s = delivery.in_flight * static_cast<double>(delivery.batch.max) / rate;
    if (window_s < hasty_answer_s) {
        plan.warnings.push_back(fmt::format(
            "at {}/s an equipment's window ({} batches of {}) is full after {}: the server must answer sooner, or "
            "validations have to wait",
            rate, delivery.in_flight, delivery.batch.max, humanize(Nanos{std::llround(std::ceil(window_s * 1e9))})));
    }
    const auto batch_bytes = delivery.batch.max * scenario.lot().traffic.payload.bytes.count;
    if (batch_bytes > grpc_message_bytes) {
        plan.warnings.push_back(
            fmt::format("a full batch has {}: gRPC receivers take 4 MB by default", humanize(Bytes{batch_bytes})));
    }
}

void warn_of_the_machine(Plan& plan, const plan::Machine& machine) {
    const double busy = plan.busy_cores;
    if (busy > machine.cores * busiest_useful_share) {
        plan.warnings.push_back(fmt::format(
            "the peak of {} validations/s in {} batches/s is about {:.1f} cores of work, both sides together; this "
            "machine has {}",
            humanize_count(plan.peak_per_s), humanize_count(plan.peak_batches_per_s), busy, machine.cores));
    }
    if (plan.ledger.count > large_ledger_bytes) {
        plan.warnings.push_back(fmt::format("the record of what arrives needs {} of memory", humanize(plan.ledger)));
    }
}

}  // namespace

Plan plan(const Scenario& scenario, unsigned descriptors_per_session, plan::Server server, const plan::Machine& machine,
          std::size_t most_rows) {
    const auto stages = stages_of(scenario.lot().traffic);
    const auto waves = waves_of(scenario.lot().fleet);
    Plan plan;
    plan.duration = stages.duration();
    for (const auto& window : stages.measured_windows()) {
        plan.measured += window.to - window.from;
    }
    lay_rows(plan, scenario, waves, most_rows);
    count(plan, scenario, waves);
    find_peak(plan, scenario, stages, waves);
    plan.busy_cores = plan.peak_batches_per_s * cpu_s_per_batch + plan.peak_per_s * cpu_s_per_validation;
    plan.sizing = plan::size_for(scenario.lot().fleet.equipments, descriptors_per_session, server, machine,
                                 fewest_server_shards(scenario));
    for (const auto& problem : warnings_of(scenario)) {
        plan.warnings.push_back(format_problem(problem));
    }
    warn_of_the_traffic(plan, scenario, stages);
    warn_of_the_machine(plan, machine);
    return plan;
}

std::string fault_lines(const Scenario& scenario) {
    if (scenario.faults.empty()) {
        return {};
    }
    std::vector<std::size_t> order(scenario.faults.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return scenario.faults[a].at < scenario.faults[b].at; });
    const auto network = network_faults_of(scenario);
    std::string text = fmt::format("\n{:>17}   fault\n", "from .. to");
    for (const auto place : order) {
        const auto& fault = scenario.faults[place];
        const auto when = format_duration(fault.at) +
                          (fault.during > Nanos{0} ? " .. " + format_duration(fault.at + fault.during) : "");
        const auto of_network =
            std::find_if(network.begin(), network.end(), [place](const auto& each) { return each.number == place; });
        const auto whom =
            fault.kind == FaultKind::command ? std::string("on this machine")
            : of_network == network.end()
                ? std::string("on the server")
                : fmt::format("{} of {} equipments", count_hit(scenario, *of_network), scenario.lot().fleet.equipments);
        text += fmt::format("{:>17}   {}, {}\n", when, summary_of(fault), whom);
    }
    return text;
}

}  // namespace portillon::scenario
