#include "report/page/chart_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "report/figures.h"
#include "report/intervals.h"
#include "report/latency_choice.h"
#include "report/page/series.h"

namespace portillon::report::page {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_columns = 300;  // of a series; a screen can show no more
constexpr std::size_t most_columns_in_all = 1500;
constexpr std::size_t least_columns = 20;
constexpr std::size_t most_repeats_drawn = 24;

// Rounds to four significant digits, which draw the same line in a third of the bytes.
Json rounded(double value) {
    if (value == 0 || !std::isfinite(value)) {
        return 0;
    }
    const double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
    const double near = std::round(value * scale) / scale;
    return std::abs(near) < 1e15 && near == std::floor(near) ? Json(static_cast<std::int64_t>(near)) : Json(near);
}

Json rounded(std::optional<double> value) {
    return value ? rounded(*value) : Json(nullptr);
}

Json spectrum_json(const Latency& latency) {
    Json points = Json::array();
    for (const auto& point : spectrum_of(latency)) {
        points.push_back({rounded(point.x), rounded(point.us)});
    }
    return points;
}

// The spectrum of several repeats: at each rank of all values together, the median of the repeats. It ends where half
// of the repeats have ended.
Json spectrum_json(const Row& row, const account::LatencyFigure& kind) {
    const auto& all = *(row.whole.latency.*kind.member);
    if (row.counting.size() < 2) {
        return spectrum_json(all);
    }
    Json points = Json::array();
    for (const auto& point : spectrum_of(all)) {
        gate::Threshold rank;
        rank.aggregate = gate::Aggregate::percentile;
        rank.percent = 100 * (1 - 1 / point.x);
        std::vector<gate::Figure> figures;
        for (const auto& entry : row.counting) {
            figures.push_back(figure_of(entry.run->latency.*kind.member, rank, {}));
        }
        const auto median = spread_of(figures).value;
        if (!median) {
            break;
        }
        points.push_back({rounded(point.x), rounded(*median)});
    }
    return points;
}

Json spectra_json(const Row& row) {
    Json spectra = Json::object();
    for (const auto& kind : account::latency_figures) {
        const auto& latency = row.whole.latency.*kind.member;
        if (latency && (!latency->histogram.empty() || latency->unanswered > 0)) {
            spectra[std::string(kind.name)] = {{"points", spectrum_json(row, kind)},
                                               {"unanswered", latency->unanswered},
                                               {"overflow", latency->histogram.overflow()},
                                               {"count", latency->histogram.count()}};
        }
    }
    return spectra;
}

Json repeats_json(const Row& row) {
    Json repeats = Json::array();
    if (row.counting.size() < 2 || row.counting.size() > most_repeats_drawn) {
        return repeats;
    }
    const auto& headline = headline_of(row.entrant);
    for (const auto& entry : row.counting) {
        const auto& latency = entry.run->latency.*headline.member;
        repeats.push_back(latency ? spectrum_json(*latency) : Json::array());
    }
    return repeats;
}

Json series_json(const Row& row, std::size_t most) {
    const auto series = series_of(row.counting, most);
    Json json{{"width", series.width_s}};
    const auto column = [&](const char* name, auto ask) {
        auto values = Json::array();
        for (const auto& moment : series.moments) {
            values.push_back(rounded(ask(moment)));
        }
        json[name] = std::move(values);
    };
    auto at = Json::array();
    for (const auto& moment : series.moments) {
        at.push_back(moment.at_s);
    }
    json["at"] = std::move(at);
    column("due", [](const Moment& moment) { return moment.due_per_s; });
    // If nothing is ever acknowledged (MQTT at QoS 0), a line at zero would look like a failure.
    const bool answers = row.whole.latency.response || *row.whole.counts.acknowledged > 0;
    column("acknowledged",
           [answers](const Moment& moment) { return answers ? moment.acknowledged_per_s : std::nullopt; });
    column("delivered", [](const Moment& moment) { return moment.delivered_per_s; });
    column("errors", [](const Moment& moment) { return moment.errors_per_s; });
    column("connected", [](const Moment& moment) { return moment.connected; });
    column("in_flight", [](const Moment& moment) { return moment.in_flight; });
    column("cached", [](const Moment& moment) { return moment.cached; });
    column("pending", [](const Moment& moment) { return moment.pending; });
    column("p50", [](const Moment& moment) { return moment.p50_us; });
    column("p95", [](const Moment& moment) { return moment.p95_us; });
    column("p99", [](const Moment& moment) { return moment.p99_us; });
    column("max", [](const Moment& moment) { return moment.max_us; });
    // A column of the heat map is its first bucket, followed by the counts from there on.
    auto heat = Json::array();
    for (const auto& moment : series.moments) {
        auto counts = Json::array();
        for (const auto& [bucket, count] : moment.heat) {
            if (counts.empty()) {
                counts.push_back(bucket);
            }
            const auto place = static_cast<std::size_t>(bucket - counts[0].get<int>() + 1);
            while (counts.size() < place) {
                counts.push_back(0);
            }
            counts.push_back(count);
        }
        heat.push_back(std::move(counts));
    }
    json["heat"] = std::move(heat);
    return json;
}

Json cost_json(const RunReport& run) {
    auto costs = Json::object();
    for (const auto& side : account::sides) {
        const auto& resources = run.resources.*side.member;
        const bool known = resources && resources->rss_bytes_per_equipment;
        costs[std::string(side.name)] = {{"cpu", rounded(resources ? resources->cpu_us_per_validation : std::nullopt)},
                                         {"memory", known ? Json(*resources->rss_bytes_per_equipment) : Json(nullptr)}};
    }
    return costs;
}

Json stages_json(const RunReport& run) {
    auto stages = Json::array();
    for (const auto& phase : run.phases) {
        if (phase.kind == "stage" && phase.to_s > phase.from_s) {
            stages.push_back(
                {{"name", phase.name}, {"from", phase.from_s}, {"to", phase.to_s}, {"measured", phase.measured}});
        }
    }
    return stages;
}

// The instant from which on nothing was due in any run: the begin of the drain.
std::optional<double> end_of_stages(const std::vector<Row>& rows) {
    std::optional<double> end;
    for (const auto& row : rows) {
        for (const auto& entry : row.runs) {
            if (const auto its = end_of_stages(*entry.run)) {
                end = std::max(end.value_or(*its), *its);
            }
        }
    }
    return end;
}

std::optional<Nanos> duration_at(const nlohmann::json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? parse_duration(found->get_ref<const std::string&>())
                                                     : std::nullopt;
}

}  // namespace

std::vector<FaultWindow> faults_of(const Scenario& scenario) {
    std::vector<FaultWindow> windows;
    const auto resolved = nlohmann::json::parse(scenario.resolved, nullptr, false);
    if (!resolved.is_object() || !resolved.contains("faults") || !resolved["faults"].is_array()) {
        return windows;
    }
    for (const auto& fault : resolved["faults"]) {
        if (!fault.is_object() || !fault.contains("kind") || !fault["kind"].is_string()) {
            continue;
        }
        const auto at = duration_at(fault, "at").value_or(Nanos{0});
        const auto during = duration_at(fault, "for").value_or(Nanos{0});
        auto label = fault["kind"].get<std::string>();
        if (fault.contains("delay") && fault["delay"].is_string()) {
            label += " " + fault["delay"].get<std::string>();
        }
        if (fault.contains("count") && fault["count"].is_number_unsigned()) {
            label += fmt::format(" {}", fault["count"].get<std::uint64_t>());
        }
        windows.push_back({.label = std::move(label), .from_s = seconds(at), .to_s = seconds(at + during)});
    }
    return windows;
}

std::vector<FaultWindow> faults_of(const RunReport& run) {
    auto windows = faults_of(run.scenario);
    if (windows.size() == run.faults.size()) {
        for (std::size_t i = run.faults.size(); i-- > 0;) {
            if (!run.faults[i].happened) {
                windows.erase(windows.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
    }
    return windows;
}

std::string chart_data(const std::vector<Row>& rows) {
    Json json{{"rows", Json::array()}, {"faults", Json::array()}, {"stages", Json::array()}};
    const auto most =
        rows.empty() ? most_columns : std::clamp(most_columns_in_all / rows.size(), least_columns, most_columns);
    for (const auto& row : rows) {
        json["rows"].push_back({{"label", row.label},
                                {"headline", headline_of(row.entrant).name},
                                {"repeats", repeats_json(row)},
                                {"spectra", spectra_json(row)},
                                {"series", series_json(row, most)},
                                {"costs", cost_json(row.whole)}});
    }
    if (!rows.empty()) {
        const auto& run = *rows.front().runs.front().run;
        for (const auto& fault : faults_of(run)) {
            json["faults"].push_back({{"label", fault.label}, {"from", fault.from_s}, {"to", fault.to_s}});
        }
        json["stages"] = stages_json(run);
        if (const auto end = end_of_stages(rows)) {
            json["drain"] = *end;
        }
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portillon::report::page
