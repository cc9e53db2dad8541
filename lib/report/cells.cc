#include "report/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/units.h"
#include "gate/metric.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

// The value as to_json() writes it: a double in the shortest form that reads back as the same double.
std::string exact(std::optional<double> value) {
    return value && std::isfinite(*value) ? fmt::format("{}", *value) : "null";
}

std::string why_or_unmeasured(std::string why) {
    return why.empty() ? std::string("not measured") : std::move(why);
}

std::string amount_text(double value, account::Amount amount) {
    switch (amount) {
        case account::Amount::per_second:
            return gate::humanize_figure(gate::Kind::number, value) + "/s";
        case account::Amount::seconds:
            return humanize(Nanos{std::llround(std::clamp(value, -9e9, 9e9) * 1e9)});
        case account::Amount::microseconds:
            return gate::humanize_figure(gate::Kind::latency, value);
        case account::Amount::processes:
            return counted(static_cast<Count>(value));
        case account::Amount::bytes:
        case account::Amount::mean_bytes:
            break;
    }
    return gate::humanize_figure(gate::Kind::bytes, value);
}

// ------------------------------------------------------------------------------------------------------- values

// The cell of a row's value; `of` gives the value of a run, or nothing. The row has merged the repeats already. The
// range of the repeats is added for values that are measured, which differ from run to run.
template <class Figure, class Of>
Cell value_of_row(const Row& row, const std::string& path, const Figure& figure, std::string why, Of of) {
    auto cell = value_cell(path + std::string(figure.name), of(row.whole), figure.amount, std::move(why));
    if (figure.is_compared) {
        std::vector<gate::Figure> figures;
        for (const auto& entry : row.counting) {
            figures.push_back({of(*entry.run), {}});
        }
        cell.spread = spread_of(figures);
        if (figures.size() > 1 && cell.spread.least) {
            cell.range = range_text(amount_text(*cell.spread.least, figure.amount),
                                    amount_text(*cell.spread.most, figure.amount));
        }
    }
    cell.runs = places_of(row);
    return cell;
}

std::string why_not_counted(const RunReport& run, const account::CountFigure& figure) {
    switch (figure.section) {
        case account::Section::tally:
            return "this scenario has none";
        case account::Section::ledger:
            return why_no_ledger(run);
        case account::Section::delivery:
            return figure.name == "undelivered" ? why_no_ledger(run) : why_no_promise(run);
        case account::Section::fleet:
            break;
    }
    return "the report does not say";
}

// ---------------------------------------------------------------------------------------------------- latencies

std::optional<double> us_of_nanos(std::optional<Nanos> value) {
    return value ? std::optional(static_cast<double>(value->count()) / 1e3) : std::nullopt;
}

std::optional<double> us_of_ns(std::optional<double> value) {
    return value ? std::optional(std::round(*value) / 1e3) : std::nullopt;
}

bool is_count(std::string_view key) {
    return key == "count" || key == "unanswered" || key == "overflow";
}

Count count_of(const Latency& latency, std::string_view key) {
    return key == "count"        ? latency.histogram.count()
           : key == "unanswered" ? latency.unanswered
                                 : latency.histogram.overflow();
}

std::string why_no_percentile(const Latency& latency, std::string_view kind) {
    return latency.unanswered > 0      ? fmt::format("it falls among the {} never {}", counted(latency.unanswered),
                                                kind == "end_to_end" ? "delivered" : "answered")
           : latency.histogram.empty() ? "no samples"
                                       : "above 24 h";
}

std::string why_not_known(const Latency& latency) {
    return latency.unanswered > 0             ? fmt::format("unknown: {} never came", counted(latency.unanswered))
           : latency.histogram.overflow() > 0 ? "unknown: some took longer than 24 h"
                                              : "no samples";
}

// One figure of a latency, in us.
gate::Figure figure_at(const Latency& latency, std::string_view kind, std::string_view key) {
    const std::string_view word = latency.word_for_absent();
    const std::string beyond(word == "-" ? "" : word);
    const auto percentile = std::find_if(account::percentiles.begin(), account::percentiles.end(),
                                         [key](const auto& each) { return each.key == key; });
    if (percentile != account::percentiles.end()) {
        return {us_of_nanos(latency.percentile(percentile->percent)), why_no_percentile(latency, kind), beyond};
    }
    const auto value = key == "min_us"    ? us_of_nanos(latency.min())
                       : key == "mean_us" ? us_of_ns(latency.mean())
                       : key == "max_us"  ? us_of_nanos(latency.max())
                                          : us_of_ns(latency.stdev());
    return {value, why_not_known(latency), beyond};
}

std::string why_no_latency(const RunReport& run, std::string_view kind) {
    if (kind == "end_to_end" && !run.has_ledger()) {
        return why_no_ledger(run);
    }
    const bool needs_answers = kind == "response" || kind == "service";
    return needs_answers && !run.latency.response ? "nothing is acknowledged here" : "not measured";
}

Cell spread_cell(std::string figure, Spread spread) {
    auto cell = value_cell(std::move(figure), spread.value, account::Amount::microseconds, spread.absent_because);
    cell.why += cell.is_absent() && spread.repeats > 1 ? ", in half of the repeats or more" : "";
    cell.beyond = spread.beyond;
    cell.range = range_text(spread, gate::Kind::latency);
    cell.spread = std::move(spread);
    return cell;
}

}  // namespace

Cell text_cell(std::string text, Form form) {
    return {.text = std::move(text), .form = form};
}

Cell absent_cell(std::string why) {
    return {.why = std::move(why)};
}

Cell moment_cell(double seconds) {
    return {.text = in_seconds(seconds)};
}

Cell count_cell(std::string figure, std::optional<Count> count, std::string why) {
    return {.text = count ? counted(*count) : "",
            .figure = std::move(figure),
            .value = count ? std::to_string(*count) : "null",
            .why = count ? "" : why_or_unmeasured(std::move(why))};
}

Cell value_cell(std::string figure, std::optional<double> value, account::Amount amount, std::string why) {
    const bool known = value && std::isfinite(*value);
    return {.text = known ? amount_text(*value, amount) : "",
            .figure = std::move(figure),
            .value = exact(value),
            .why = known ? "" : why_or_unmeasured(std::move(why))};
}

Cell count_cell(const Row& row, const account::CountFigure& figure) {
    const auto& run = row.whole;
    // If a section is absent as a whole, the report has no key inside it, only the section's own.
    const bool in_ledger = figure.section == account::Section::ledger && !run.has_ledger();
    auto cell = count_cell(
        in_ledger ? std::string("ledger") : fmt::format("{}.{}", account::name_of(figure.section), figure.name),
        run.counts.*figure.known_count, why_not_counted(run, figure));
    cell.runs = places_of(row);
    return cell;
}

Cell throughput_cell(const Row& row, const account::ValueFigure<Throughput>& figure) {
    auto why = figure.name == "delivered_per_s" ? why_no_ledger(row.whole) : "nothing is acknowledged here";
    return value_of_row(row, "throughput.", figure, std::move(why),
                        [&figure](const RunReport& run) { return run.throughput.*figure.member; });
}

Cell wire_cell(const Row& row, const account::ValueFigure<Wire>& figure) {
    return value_of_row(row, "wire.", figure, {}, [&figure](const RunReport& run) { return run.wire.*figure.member; });
}

Cell fleet_cell(const Row& row, const account::ValueFigure<Fleet>& figure) {
    return value_of_row(row, "fleet.", figure, "one never was, or nobody looked",
                        [&figure](const RunReport& run) { return run.fleet.*figure.member; });
}

Cell resource_cell(const Row& row, const account::Side& side, const account::ValueFigure<Resources>& figure) {
    const auto path = fmt::format("resources.{}", side.name);
    if (!(row.whole.resources.*side.member)) {
        auto cell =
            value_cell(path, std::nullopt, figure.amount,
                       side.name == "server" ? "the server is not ours: what it costs is not known" : "not measured");
        cell.runs = places_of(row);
        return cell;
    }
    return value_of_row(row, path + ".", figure, {}, [&](const RunReport& run) {
        const auto& resources = run.resources.*side.member;
        return resources ? (*resources).*figure.member : std::nullopt;
    });
}

Cell verdict_cell(const Verdict& verdict) {
    Cell cell{.text = name_of(verdict.measurement),
              .mood = verdict.measurement == Measurement::valid     ? Mood::good
                      : verdict.measurement == Measurement::suspect ? Mood::fair
                                                                    : Mood::bad};
    if (!verdict.complete) {
        cell.remarks.push_back({"incomplete", Mood::bad});
    }
    return cell;
}

const std::vector<LatencyColumn>& latency_columns() {
    static const auto columns = [] {
        std::vector<LatencyColumn> all{{"min_us", "min"}, {"mean_us", "mean"}, {"stdev_us", "stdev"}};
        for (const auto& each : account::percentiles) {
            all.push_back({std::string(each.key), fmt::format("P{:g}", each.percent)});
        }
        all.insert(all.end(),
                   {{"max_us", "max"}, {"count", "values"}, {"unanswered", "never came"}, {"overflow", "> 24 h"}});
        return all;
    }();
    return columns;
}

const LatencyColumn& latency_column(std::string_view key) {
    const auto& all = latency_columns();
    const auto found = std::find_if(all.begin(), all.end(), [key](const auto& each) { return each.key == key; });
    check(found != all.end(), "a figure that every latency has");
    return *found;
}

LatencyRepeats latencies_of(const Row& row) {
    LatencyRepeats of{.run = &row.whole};
    for (const auto& entry : row.counting) {
        of.repeats.push_back(&entry.run->latency);
    }
    return of;
}

Cell latency_cell(const LatencyRepeats& of, const account::LatencyFigure& kind, std::string_view key) {
    const auto path = of.prefix + std::string(kind.name);
    const auto figure = fmt::format("{}.{}", path, key);
    std::vector<gate::Figure> figures;
    Count sum = 0;
    for (const auto* repeat : of.repeats) {
        const auto& latency = repeat->*kind.member;
        if (!latency) {
            return value_cell(path, std::nullopt, account::Amount::microseconds, why_no_latency(*of.run, kind.name));
        }
        if (is_count(key)) {
            sum += count_of(*latency, key);
        } else {
            figures.push_back(figure_at(*latency, kind.name, key));
        }
    }
    return is_count(key) ? count_cell(figure, sum) : spread_cell(figure, spread_of(figures));
}

std::string why_no_ledger(const RunReport& run) {
    return run.has_ledger() ? "" : "the target has no record of what arrived";
}

std::string why_no_promise(const RunReport& run) {
    return run.has_ledger() ? "nothing is acknowledged here, so there is no promise to break" : why_no_ledger(run);
}

}  // namespace portillon::report
