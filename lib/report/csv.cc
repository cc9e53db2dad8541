#include "report/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>
#include <vector>

#include "escape/formats.h"
#include "report/intervals.h"
#include "report/schema_keys.h"

namespace portillon::report {

namespace {

// One line of a table. Each field is added together with its column's name, so that heading and rows always agree.
class CsvRow {
public:
    void text(const std::string& column, const std::string& value) {
        headings_.push_back(column);
        fields_.push_back(escape::csv(value));
    }

    // Adds an integer, or a double in its shortest exact form.
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

std::string table_of(const std::vector<CsvRow>& rows, const CsvRow& empty) {
    std::string text = CsvRow::line(empty.headings());
    for (const auto& row : rows) {
        text += CsvRow::line(row.fields());
    }
    return text;
}

std::vector<Turn> turns_of(const Report& report) {
    if (const auto* comparison = std::get_if<Comparison>(&report)) {
        return comparison->runs;
    }
    return {{1, 1, std::get<RunReport>(report)}};
}

void add_identity(CsvRow& row, const Turn& turn) {
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

void add_latency(CsvRow& row, const std::string& prefix, const std::optional<Latency>& latency) {
    static const Latency none;
    const auto& figures = latency ? *latency : none;
    const auto& histogram = figures.histogram;
    const auto known = [&latency](Count count) { return latency ? Whole(count) : std::nullopt; };
    row.number(prefix + "count", known(histogram.count()));
    row.number(prefix + "unanswered", known(figures.unanswered));
    row.number(prefix + "min_us", us_cell(figures.min()));
    row.number(prefix + "mean_us", us_cell(figures.mean()));
    row.number(prefix + "stdev_us", us_cell(figures.stdev()));
    for (const auto& each : account::percentiles) {
        row.number(prefix + std::string(each.key), us_cell(figures.percentile(each.percent)));
    }
    row.number(prefix + "max_us", us_cell(figures.max()));
    row.number(prefix + "overflow", known(histogram.overflow()));
}

void add_latencies(CsvRow& row, const Latencies& latencies) {
    for (const auto& figure : account::latency_figures) {
        add_latency(row, fmt::format("latency.{}.", figure.name), latencies.*figure.member);
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

// Adds a field for each figure of a table of the account; they are empty if that part of the report is absent.
template <class Figures, class Owner>
void add_values(CsvRow& row, const std::string& prefix, const Figures& figures, const Owner* owner) {
    for (const auto& figure : figures) {
        const auto value = owner != nullptr ? owner->*figure.member : std::nullopt;
        row.number(prefix + std::string(figure.name), value);
    }
}

void add_count(CsvRow& row, const account::CountFigure& figure, std::optional<Count> count) {
    row.number(fmt::format("{}.{}", account::name_of(figure.section), figure.name), count);
}

// Adds the columns that runs and phases have.
void add_common(CsvRow& row, const Account& account) {
    for (const auto section : account::sections) {
        for (const auto* figure : counts_of(section)) {
            if (figure->reach == account::Reach::stages) {
                add_count(row, *figure, account.counts.*figure->known_count);
            }
        }
    }
    add_values(row, "throughput.", account::throughput_figures, &account.throughput);
    add_latencies(row, account.latency);
}

// Adds the columns that only whole runs have. `run`: nullptr for a phase, whose fields are empty.
void add_whole(CsvRow& row, const RunReport* run) {
    const auto when = [run](auto ask) {
        return run != nullptr ? decltype(ask(*run))(ask(*run)) : decltype(ask(*run)){};
    };
    const auto text = [&](const char* column, auto ask) { row.text(column, when(ask)); };
    const auto number = [&](const char* column, auto ask) { row.number(column, when(ask)); };
    text("verdict.measurement", [](const RunReport& r) { return std::string(name_of(r.verdict.measurement)); });
    text("verdict.complete", [](const RunReport& r) { return std::string(r.verdict.complete ? "true" : "false"); });
    text("verdict.aborted_by", [](const RunReport& r) { return r.verdict.aborted_by; });
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
    for (const auto section : account::sections) {
        if (section != account::Section::fleet) {
            for (const auto* figure : counts_of(section)) {
                if (figure->reach == account::Reach::run) {
                    add_count(row, *figure, run != nullptr ? run->counts.*figure->known_count : std::nullopt);
                }
            }
        }
    }
    for (const auto& key : SchemaKeys::of("run").at("fleet").keys()) {
        if (const auto* figure = account::find_count(key)) {
            add_count(row, *figure, run != nullptr ? run->counts.*figure->known_count : std::nullopt);
        } else if (const auto* value = account::find_value(account::fleet_figures, key)) {
            row.number("fleet." + key, run != nullptr ? run->fleet.*value->member : std::nullopt);
        } else {
            number("fleet.connect_failures", [](const RunReport& r) { return sum_of(r.fleet.connect_failures); });
        }
    }
    for (const auto& side : account::sides) {
        const auto* resources =
            run != nullptr && run->resources.*side.member ? &*(run->resources.*side.member) : nullptr;
        add_values(row, fmt::format("resources.{}.", side.name), account::resource_figures, resources);
    }
    for (const auto& key : SchemaKeys::of("run").at("wire").keys()) {
        if (const auto* value = account::find_value(account::wire_figures, key)) {
            row.number("wire." + key, run != nullptr ? run->wire.*value->member : std::nullopt);
        } else {
            text("wire.encoding", [](const RunReport& r) { return r.wire.encoding; });
        }
    }
    number("errors", [](const RunReport& r) { return Whole(errors_of(r)); });
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

CsvRow figures_row(const Turn& turn, const Phase* phase) {
    CsvRow row;
    add_identity(row, turn);
    row.text("phase", phase != nullptr ? phase->name : "");
    row.text("phase.kind", phase != nullptr ? phase->kind : "");
    row.number("phase.from_s", phase != nullptr ? Real(phase->from_s) : std::nullopt);
    row.number("phase.to_s", phase != nullptr ? Real(phase->to_s) : std::nullopt);
    row.text("phase.measured", phase == nullptr ? "" : phase->measured ? "true" : "false");
    add_common(row, phase != nullptr ? static_cast<const Account&>(*phase) : turn.run);
    add_whole(row, phase != nullptr ? nullptr : &turn.run);
    return row;
}

CsvRow interval_row(const Turn& turn, const Interval& interval) {
    CsvRow row;
    add_identity(row, turn);
    row.number("at_s", Real(interval.at_s));
    row.number("duration_s", Real(width_of(turn.run, interval)));
    row.number("due", Whole(interval.due));
    row.number("acknowledged", Whole(interval.acknowledged));
    row.number("delivered", interval.delivered);
    row.number("connected", Whole(interval.connected));
    row.number("in_flight", Whole(interval.in_flight));
    row.number("cached", Whole(interval.cached));
    // The count is empty if the protocol acknowledges nothing, and 0 if nothing was answered in this interval.
    const auto histogram = response_of(turn.run, interval).value_or(stats::Histogram{});
    row.number("response.count", turn.run.latency.response ? Whole(histogram.count()) : std::nullopt);
    for (const double percent : {50.0, 95.0, 99.0}) {
        row.number(fmt::format("response.p{}_us", percent), us_cell(histogram.percentile(percent)));
    }
    row.number("response.max_us", us_cell(histogram.max()));
    row.number("errors", interval.errors);
    return row;
}

}  // namespace

std::string figures_csv(const Report& report) {
    std::vector<CsvRow> rows;
    for (const auto& turn : turns_of(report)) {
        rows.push_back(figures_row(turn, nullptr));
        for (const auto& phase : turn.run.phases) {
            rows.push_back(figures_row(turn, &phase));
        }
    }
    return table_of(rows, figures_row(Turn{}, nullptr));
}

std::string intervals_csv(const Report& report) {
    std::vector<CsvRow> rows;
    for (const auto& turn : turns_of(report)) {
        for (const auto& interval : turn.run.intervals) {
            rows.push_back(interval_row(turn, interval));
        }
    }
    return table_of(rows, interval_row(Turn{}, Interval{}));
}

}  // namespace portillon::report
