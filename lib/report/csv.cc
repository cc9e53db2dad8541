#include "report/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>
#include <vector>

#include "escape/formats.h"
#include "report/intervals.h"
#include "report/latency_choice.h"

namespace portillon::report {

namespace {

// One line of a table: each field with the column it belongs to, so that the heading cannot drift from the rows.
class Row {
public:
    void text(const std::string& column, const std::string& value) {
        headings_.push_back(column);
        fields_.push_back(escape::csv(value));
    }

    // Integers, or doubles in their shortest exact form.
    template <class Number>
    void number(const std::string& column, const std::optional<Number>& value) {
        headings_.push_back(column);
        fields_.push_back(value ? fmt::format("{}", *value) : std::string{});
    }

    static std::string line(const std::vector<std::string>& fields) {
        std::string text;
        for (const auto& field : fields) {
            text += (text.empty() && &field == &fields.front() ? "" : ",") + field;
        }
        return text + '\n';
    }

    const std::vector<std::string>& headings() const { return headings_; }
    const std::vector<std::string>& fields() const { return fields_; }

private:
    std::vector<std::string> headings_, fields_;
};

using Whole = std::optional<Count>;
using Real = std::optional<double>;

std::string table_of(const std::vector<Row>& rows, const Row& empty) {
    std::string text = Row::line(empty.headings());
    for (const auto& row : rows) {
        text += Row::line(row.fields());
    }
    return text;
}

std::vector<Turn> turns_of(const Report& report) {
    if (const auto* comparison = std::get_if<Comparison>(&report)) {
        return comparison->runs;
    }
    return {{1, 1, std::get<RunReport>(report)}};
}

void add_identity(Row& row, const Turn& turn) {
    const auto& run = turn.run;
    row.text("scenario.name", run.scenario.name);
    row.text("name", turn.name);
    row.text("protocol", run.protocol);
    row.text("variant", run.variant);
    row.text("target", run.target);
    row.number("repeat", Whole(turn.repeat));
    row.number("order", Whole(turn.order));
    row.text("superseded", turn.superseded ? "true" : "false");
    row.text("run", run.run);
    row.number("seed", Whole(run.seed));
    row.text("context.started_at", run.context.started_at);
}

Real us_cell(std::optional<Nanos> value) {
    return value ? Real(static_cast<double>(value->count()) / 1e3) : std::nullopt;
}

Real us_cell(std::optional<double> ns) {
    return ns ? Real(*ns / 1e3) : std::nullopt;
}

struct Percentile {
    const char* column;
    double percent;
};
constexpr std::array<Percentile, 7> percentiles{{{"p50_us", 50},
                                                 {"p75_us", 75},
                                                 {"p90_us", 90},
                                                 {"p95_us", 95},
                                                 {"p99_us", 99},
                                                 {"p99_9_us", 99.9},
                                                 {"p99_99_us", 99.99}}};

void add_latency(Row& row, const std::string& prefix, const std::optional<Latency>& latency) {
    static const Latency none;
    const auto& figures = latency ? *latency : none;
    const auto& histogram = figures.histogram;
    const auto known = [&latency](Count count) { return latency ? Whole(count) : std::nullopt; };
    row.number(prefix + "count", known(histogram.count()));
    row.number(prefix + "unanswered", known(figures.unanswered));
    row.number(prefix + "min_us", us_cell(figures.min()));
    row.number(prefix + "mean_us", us_cell(figures.mean()));
    row.number(prefix + "stdev_us", us_cell(figures.stdev()));
    for (const auto& each : percentiles) {
        row.number(prefix + each.column, us_cell(figures.percentile(each.percent)));
    }
    row.number(prefix + "max_us", us_cell(figures.max()));
    row.number(prefix + "overflow", known(histogram.overflow()));
}

void add_latencies(Row& row, const Latencies& latencies) {
    for (const auto& [name, member] : latency_names()) {
        add_latency(row, fmt::format("latency.{}.", name), latencies.*member);
    }
}

Whole sum_of(const std::map<std::string, Count>& counts) {
    return std::accumulate(counts.begin(), counts.end(), Count{0},
                           [](Count sum, const auto& entry) { return sum + entry.second; });
}

std::string by_cause(const std::map<std::string, Count>& counts) {
    std::string text;
    for (const auto& [cause, count] : counts) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", cause, count);
    }
    return text;
}

void add_resources(Row& row, const std::string& prefix, const std::optional<Resources>& side) {
    const Resources none;
    const auto& resources = side ? *side : none;
    row.number(prefix + "cpu_s", resources.cpu_s);
    row.number(prefix + "connect_cpu_s", resources.connect_cpu_s);
    row.number(prefix + "cpu_us_per_validation", resources.cpu_us_per_validation);
    row.number(prefix + "rss_bytes", resources.rss_bytes);
    row.number(prefix + "rss_growth_bytes", resources.rss_growth_bytes);
    row.number(prefix + "rss_bytes_per_equipment", resources.rss_bytes_per_equipment);
    row.number(prefix + "shards", resources.shards);
}

// What is told of a run and of a phase alike.
struct Common {
    Count generated = 0, acknowledged = 0, rejected = 0, unacknowledged = 0, cached = 0, discarded = 0;
    Whole delivered, duplicated, reordered, lost, undelivered, unconfirmed;
    Throughput throughput;
    const Latencies* latency = nullptr;
};

void add_common(Row& row, const Common& figures) {
    row.number("tally.generated", Whole(figures.generated));
    row.number("tally.acknowledged", Whole(figures.acknowledged));
    row.number("tally.rejected", Whole(figures.rejected));
    row.number("tally.unacknowledged", Whole(figures.unacknowledged));
    row.number("tally.cached", Whole(figures.cached));
    row.number("tally.discarded", Whole(figures.discarded));
    row.number("ledger.delivered", figures.delivered);
    row.number("ledger.duplicated", figures.duplicated);
    row.number("ledger.reordered", figures.reordered);
    row.number("delivery.lost", figures.lost);
    row.number("delivery.undelivered", figures.undelivered);
    row.number("delivery.unconfirmed", figures.unconfirmed);
    row.number("throughput.due_per_s", figures.throughput.due_per_s);
    row.number("throughput.acknowledged_per_s", figures.throughput.acknowledged_per_s);
    row.number("throughput.delivered_per_s", figures.throughput.delivered_per_s);
    add_latencies(row, *figures.latency);
}

Common common_of(const RunReport& run) {
    const auto of_ledger = [&run](Count Ledger::*count) {
        return run.ledger ? Whole((*run.ledger).*count) : std::nullopt;
    };
    return {.generated = run.tally.generated,
            .acknowledged = run.tally.acknowledged,
            .rejected = run.tally.rejected,
            .unacknowledged = run.tally.unacknowledged,
            .cached = run.tally.cached,
            .discarded = run.tally.discarded,
            .delivered = of_ledger(&Ledger::delivered),
            .duplicated = of_ledger(&Ledger::duplicated),
            .reordered = of_ledger(&Ledger::reordered),
            .lost = run.delivery.lost,
            .undelivered = run.delivery.undelivered,
            .unconfirmed = run.delivery.unconfirmed,
            .throughput = run.throughput,
            .latency = &run.latency};
}

Common common_of(const Phase& phase) {
    return {.generated = phase.generated,
            .acknowledged = phase.acknowledged,
            .rejected = phase.rejected,
            .unacknowledged = phase.unacknowledged,
            .cached = phase.cached,
            .discarded = phase.discarded,
            .delivered = phase.delivered,
            .duplicated = phase.duplicated,
            .reordered = phase.reordered,
            .lost = phase.lost,
            .undelivered = phase.undelivered,
            .unconfirmed = phase.unconfirmed,
            .throughput = phase.throughput,
            .latency = &phase.latency};
}

// What is told of whole runs only: all of it empty for a phase.
void add_whole(Row& row, const RunReport* run) {
    const auto when = [run](auto ask) {
        return run != nullptr ? decltype(ask(*run))(ask(*run)) : decltype(ask(*run)){};
    };
    const auto text = [&](const char* column, auto ask) { row.text(column, when(ask)); };
    const auto number = [&](const char* column, auto ask) { row.number(column, when(ask)); };
    text("verdict.measurement", [](const RunReport& r) { return std::string(name_of(r.verdict.measurement)); });
    text("verdict.complete", [](const RunReport& r) { return std::string(r.verdict.complete ? "true" : "false"); });
    text("verdict.reasons", [](const RunReport& r) {
        std::string all;
        for (const auto& reason : r.verdict.reasons) {
            all += (all.empty() ? "" : "; ") + reason;
        }
        return all;
    });
    number("thresholds.passed", [](const RunReport& r) {
        const auto passed = std::count_if(r.thresholds.begin(), r.thresholds.end(),
                                          [](const auto& t) { return t.passed && !t.skipped; });
        return Whole(static_cast<Count>(passed));
    });
    number("thresholds.failed", [](const RunReport& r) {
        const auto failed =
            std::count_if(r.thresholds.begin(), r.thresholds.end(), [](const auto& t) { return !t.passed; });
        return Whole(static_cast<Count>(failed));
    });
    number("thresholds.skipped", [](const RunReport& r) {
        const auto skipped =
            std::count_if(r.thresholds.begin(), r.thresholds.end(), [](const auto& t) { return t.skipped; });
        return Whole(static_cast<Count>(skipped));
    });
    number("tally.retries", [](const RunReport& r) { return Whole(r.tally.retries); });
    number("tally.sent_batches", [](const RunReport& r) { return Whole(r.tally.sent_batches); });
    number("ledger.unexpected",
           [](const RunReport& r) { return r.ledger ? Whole(r.ledger->unexpected) : std::nullopt; });
    number("fleet.equipments", [](const RunReport& r) { return Whole(r.fleet.equipments); });
    number("fleet.connected_max", [](const RunReport& r) { return Whole(r.fleet.connected_max); });
    number("fleet.connects", [](const RunReport& r) { return Whole(r.fleet.connects); });
    number("fleet.connect_failures", [](const RunReport& r) { return sum_of(r.fleet.connect_failures); });
    number("fleet.reconnects", [](const RunReport& r) { return Whole(r.fleet.reconnects); });
    number("fleet.unaccounted", [](const RunReport& r) { return r.fleet.unaccounted; });
    number("fleet.never_connected", [](const RunReport& r) { return r.fleet.never_connected; });
    add_resources(row, "resources.generator.", run != nullptr ? run->resources.generator : std::nullopt);
    add_resources(row, "resources.server.", run != nullptr ? run->resources.server : std::nullopt);
    number("wire.bytes_sent", [](const RunReport& r) { return r.wire.bytes_sent; });
    number("wire.bytes_received", [](const RunReport& r) { return r.wire.bytes_received; });
    number("wire.bytes_per_validation", [](const RunReport& r) { return r.wire.bytes_per_validation; });
    text("wire.encoding", [](const RunReport& r) { return r.wire.encoding; });
    number("wire.payload_bytes", [](const RunReport& r) { return Whole(r.wire.payload_bytes); });
    number("errors", [](const RunReport& r) { return sum_of(failures_of(r)); });
    text("errors.by_cause", [](const RunReport& r) { return by_cause(failures_of(r)); });
    text("server_said", [](const RunReport& r) {
        std::string all;
        for (const auto& [cause, words] : r.server_said) {
            all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", cause, words);
        }
        return all;
    });
    text("scenario.workload_digest", [](const RunReport& r) { return r.scenario.workload_digest; });
    text("context.version", [](const RunReport& r) { return r.context.version; });
    text("context.commit", [](const RunReport& r) { return r.context.commit; });
    text("context.kernel", [](const RunReport& r) { return r.context.kernel; });
    text("context.cpu_model", [](const RunReport& r) { return r.context.cpu_model; });
    number("context.cores", [](const RunReport& r) { return Whole(r.context.cores); });
    number("context.shards", [](const RunReport& r) { return Whole(r.context.shards); });
}

Row figures_row(const Turn& turn, const Phase* phase) {
    Row row;
    add_identity(row, turn);
    row.text("phase", phase != nullptr ? phase->name : "");
    row.text("phase.kind", phase != nullptr ? phase->kind : "");
    row.number("phase.from_s", phase != nullptr ? Real(phase->from_s) : std::nullopt);
    row.number("phase.to_s", phase != nullptr ? Real(phase->to_s) : std::nullopt);
    row.text("phase.measured", phase == nullptr ? "" : phase->measured ? "true" : "false");
    add_common(row, phase != nullptr ? common_of(*phase) : common_of(turn.run));
    add_whole(row, phase != nullptr ? nullptr : &turn.run);
    return row;
}

Row interval_row(const Turn& turn, const Interval& interval) {
    Row row;
    add_identity(row, turn);
    row.number("at_s", Real(interval.at_s));
    row.number("duration_s", Real(width_of(turn.run, interval)));
    row.number("due", Whole(interval.due));
    row.number("acknowledged", Whole(interval.acknowledged));
    row.number("delivered", interval.delivered);
    row.number("connected", Whole(interval.connected));
    row.number("in_flight", Whole(interval.in_flight));
    row.number("cached", Whole(interval.cached));
    // None where nothing is ever acknowledged; of 0 values where nothing was in this interval.
    const auto histogram = response_of(turn.run, interval).value_or(stats::Histogram{});
    row.number("response.count", turn.run.latency.response ? Whole(histogram.count()) : std::nullopt);
    for (const double percent : {50.0, 95.0, 99.0}) {
        row.number(fmt::format("response.p{}_us", percent), us_cell(histogram.percentile(percent)));
    }
    row.number("response.max_us", us_cell(histogram.max()));
    return row;
}

}  // namespace

std::string figures_csv(const Report& report) {
    std::vector<Row> rows;
    for (const auto& turn : turns_of(report)) {
        rows.push_back(figures_row(turn, nullptr));
        for (const auto& phase : turn.run.phases) {
            rows.push_back(figures_row(turn, &phase));
        }
    }
    return table_of(rows, figures_row(Turn{}, nullptr));
}

std::string intervals_csv(const Report& report) {
    std::vector<Row> rows;
    for (const auto& turn : turns_of(report)) {
        for (const auto& interval : turn.run.intervals) {
            rows.push_back(interval_row(turn, interval));
        }
    }
    return table_of(rows, interval_row(Turn{}, Interval{}));
}

}  // namespace portillon::report
