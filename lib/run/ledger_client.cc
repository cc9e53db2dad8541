#include "run/ledger_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

using nlohmann::json;

constexpr int bad_request = 400;

// The server may be a foreign one, so its answer is checked before it is used.
std::optional<std::vector<account::Range>> ranges_of(const json& list) {
    std::vector<account::Range> ranges;
    if (!list.is_array()) {
        return std::nullopt;
    }
    ranges.reserve(list.size());
    for (const json& item : list) {
        if (!item.is_array() || item.size() != 3 || !item[0].is_number_unsigned() || !item[1].is_number_unsigned() ||
            !item[2].is_number_unsigned()) {
            return std::nullopt;
        }
        const account::Range range{EquipmentId{item[0].get<std::uint32_t>()}, item[1].get<Sequence>(),
                                   item[2].get<Sequence>()};
        if (range.first == 0 || range.last < range.first) {
            return std::nullopt;
        }
        ranges.push_back(range);
    }
    return ranges;
}

// Nothing if a member is missing or of another type.
std::optional<host::Facts> host_of(const json& from) {
    try {
        host::Facts facts;
        from.at("machine").get_to(facts.machine);
        facts.cores = std::max(1U, from.at("cores").get<unsigned>());
        facts.at = Instant{Nanos{from.at("at_ns").get<std::int64_t>()}};
        facts.cpu_used = Nanos{from.at("cpu_used_ns").get<std::int64_t>()};
        facts.clock_offset = Nanos{from.at("clock_offset_ns").get<std::int64_t>()};
        from.at("listen_overflows").get_to(facts.listen_overflows);
        return facts;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

json windows_json(const std::vector<arrival::Window>& windows) {
    json list = json::array();
    for (const auto& window : windows) {
        list.push_back({window.from.count(), window.to.count()});
    }
    return list;
}

// Returns what is wrong with `latency`, or an empty text.
std::string read_latency(const json& latency, stats::Histogram& histogram) {
    auto decoded = stats::decode_deflated(latency.at("histogram").get<std::string>());
    if (!decoded) {
        return "the ledger's end_to_end histogram: " + decoded.problems().front().message;
    }
    histogram = std::move(*decoded);
    if (latency.at("count").get<std::uint64_t>() > 0 &&
        !histogram.restore(latency.at("overflow").get<std::uint64_t>(), Nanos{latency.at("min_ns").get<std::int64_t>()},
                           Nanos{latency.at("max_ns").get<std::int64_t>()})) {
        return "the ledger's end_to_end histogram contradicts its overflow, min_ns or max_ns";
    }
    return {};
}

// Returns what is wrong with the answer, or an empty text. `wanted`: how many segments the ledger was opened with.
std::string read_account(const json& body, std::size_t wanted, LedgerAccount& into) {
    try {
        for (const auto& figure : account::count_figures) {
            if (figure.section == account::Section::ledger) {
                into.counts.*figure.count = body.at(std::string(figure.name)).get<std::uint64_t>();
            }
        }
        auto missing = ranges_of(body.at("missing"));
        auto duplicated = ranges_of(body.at("duplicated_ranges"));
        auto reordered = ranges_of(body.at("reordered_ranges"));
        if (!missing || !duplicated || !reordered) {
            return "the ledger's ranges are not lists of [equipment, first, last]";
        }
        into.missing = std::move(*missing);
        into.duplicated_ranges = std::move(*duplicated);
        into.reordered_ranges = std::move(*reordered);
        into.delivered_per_s = body.at("delivered_per_s").get<std::vector<std::uint64_t>>();
        if (const json& latency = body.at("end_to_end"); !latency.is_null()) {
            if (auto problem = read_latency(latency, into.end_to_end); !problem.empty()) {
                return problem;
            }
        }
        const auto segments = body.find("segments");
        if (segments == body.end() || !segments->is_array() || segments->size() != wanted) {
            return {};
        }
        for (const json& segment : *segments) {
            auto& part = into.segments.emplace_back();
            part.duplicated = segment.at("duplicated").get<std::uint64_t>();
            if (auto problem = read_latency(segment.at("end_to_end"), part.end_to_end); !problem.empty()) {
                return problem;
            }
        }
        return {};
    } catch (const json::exception& error) {
        return fmt::format("the ledger's answer is not as lib/server/README.md describes it: {}", error.what());
    }
}

}  // namespace

LedgerClient::LedgerClient(net::Loop& loop, net::Located admin, std::string token, RunId run)
    : admin_(loop, std::move(admin), std::move(token)), run_(run) {}

std::string LedgerClient::path(const char* action) const {
    return fmt::format("/v1/runs/{}{}{}", format_run(run_), *action == '\0' ? "" : "/", action);
}

net::Task<std::string> LedgerClient::open(plan::RunSpec spec) {
    json body{{"run", format_run(spec.run)},         {"seed", spec.payload.seed},
              {"payload_bytes", spec.payload.bytes}, {"equipments", spec.equipments},
              {"sequences", spec.sequences},         {"measured", windows_json(spec.measured)}};
    json with_segments = body;
    with_segments["segments"] = windows_json(spec.segments);
    segments_ = spec.segments.size();
    auto answer = co_await admin_.call("POST", "/v1/runs", std::move(with_segments));
    if (answer.status == bad_request) {
        segments_ = 0;
        answer = co_await admin_.call("POST", "/v1/runs", std::move(body));
    }
    co_return answer.problem;
}

net::Task<std::string> LedgerClient::start(Instant t0) {
    json body{{"t0_ns", t0.time_since_epoch().count()}};
    co_return (co_await admin_.call("POST", path("start"), std::move(body))).problem;
}

net::Task<std::string> LedgerClient::set_fault(scenario::Fault fault, std::size_t place, Instant t0) {
    json body{{"kind", name_of(fault.kind)},
              {"at_ns", (t0 + fault.at).time_since_epoch().count()},
              {"run", format_run(run_)}};
    const auto add = [&body](const char* key, auto value) {
        if (value > 0) {
            body[key] = value;
        }
    };
    add("for_ns", fault.during.count());
    add("delay_ns", fault.delay.count());
    add("retry_after_ns", fault.retry_after.count());
    add("every_ns", fault.every.count());
    add("per_s", fault.validations_per_s);
    add("count", fault.count);
    add("one_in", fault.one_in);
    add("draw", place + 1);  // makes the fault strike the same validations, whatever faults the server had before
    const auto answer = co_await admin_.call("POST", "/v1/faults", std::move(body));
    if (answer.ok() && answer.body.contains("id") && answer.body["id"].is_number_unsigned()) {
        places_.emplace(answer.body["id"].get<std::uint64_t>(), place);
    }
    co_return answer.problem;
}

net::Task<std::map<std::size_t, report::Injected>> LedgerClient::struck() {
    std::map<std::size_t, report::Injected> all;
    if (places_.empty()) {
        co_return all;
    }
    const auto answer = co_await admin_.call("GET", "/v1/faults");
    try {
        for (const json& fault : answer.ok() ? answer.body.at("faults") : json::array()) {
            const auto place = places_.find(fault.at("id").get<std::uint64_t>());
            if (place == places_.end() || !fault.contains("struck")) {
                continue;
            }
            for (const auto& [what, count] : fault["struck"].items()) {
                all[place->second] = {what, count.get<std::uint64_t>()};
            }
        }
    } catch (const json::exception&) {
        all.clear();  // this server describes its faults differently
    }
    co_return all;
}

net::Task<std::optional<ServerFigures>> LedgerClient::figures() {
    const auto answer = co_await admin_.call("GET", "/v1/figures");
    co_return answer.ok() ? figures_of(answer.body) : std::nullopt;
}

std::optional<ServerFigures> figures_of(const json& body) {
    try {
        ServerFigures figures;
        unsigned index = 0;
        for (const json& shard : body.at("shards")) {
            figures.cpu_s += shard.at("cpu_s").get<double>();
            figures.rss_bytes += shard.at("rss_bytes").get<std::uint64_t>();
            if (figures.private_bytes && shard.contains("private_bytes")) {
                *figures.private_bytes += shard.at("private_bytes").get<std::uint64_t>();
            } else {
                figures.private_bytes.reset();
            }
            ++figures.shards;
            figures.turned_away +=
                shard.value("closed", json::object()).value("too_many_connections", std::uint64_t{0});
            figures.living += shard.at("alive").get<bool>() ? 1 : 0;
            if (!shard.at("alive").get<bool>() && !shard.value("planned", false)) {
                figures.dead_shards.push_back(
                    fmt::format("server process {} (pid {})", index, shard.at("pid").get<std::int64_t>()));
            }
            ++index;
        }
        if (const auto host = body.find("host"); host != body.end()) {
            figures.host = host_of(*host);
        }
        return figures;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

net::Task<std::optional<std::uint64_t>> LedgerClient::arrived() {
    const auto answer = co_await admin_.call("GET", path(""));
    if (!answer.ok()) {
        co_return std::nullopt;
    }
    try {
        co_return answer.body.at("delivered").get<std::uint64_t>() + answer.body.at("duplicated").get<std::uint64_t>();
    } catch (const json::exception&) {
        co_return std::nullopt;
    }
}

net::Task<std::string> LedgerClient::freeze(Nanos within) {
    json body{{"within_ms", within / 1ms}};
    co_return (co_await admin_.call("POST", path("freeze"), std::move(body), within + 10s)).problem;
}

net::Task<std::optional<LedgerAccount>> LedgerClient::reconcile(account::Generated generated, std::string& problem) {
    json list = json::array();
    for (const auto& count : generated) {
        list.push_back(count ? json(*count) : json(nullptr));
    }
    json body{{"generated", std::move(list)}};
    const auto answer = co_await admin_.call("POST", path("reconcile"), std::move(body), 120s);
    LedgerAccount account;
    problem = answer.ok() ? read_account(answer.body, segments_, account) : answer.problem;
    if (!problem.empty()) {
        co_return std::nullopt;
    }
    co_return account;
}

net::Task<std::string> LedgerClient::close() {
    co_return (co_await admin_.call("DELETE", path(""))).problem;
}

}  // namespace portillon::run
