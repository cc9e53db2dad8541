#include "server/admin/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/admin/bodies.h"

namespace portillon::server::admin {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_small_body_bytes = 1 << 20;
constexpr std::size_t most_reconcile_body_bytes = 64 << 20;  // counts of 3 million equipments at their longest

AdminAnswer answer(unsigned status, const ordered_json& body) {
    return {status, body.dump()};
}

AdminAnswer refuse(unsigned status, std::string_view why) {
    return answer(status, {{"error", why}});
}

AdminAnswer refuse(const Problems& problems) {
    const Problem& first = problems.front();
    return refuse(400, first.key.empty() ? first.message : fmt::format("{}: {}", first.key, first.message));
}

AdminAnswer no_such_run() {
    return refuse(404, "no such run");
}
AdminAnswer no_such_resource() {
    return refuse(404, "no such resource");
}
AdminAnswer wrong_method(std::string_view allowed) {
    AdminAnswer refusal = refuse(405, fmt::format("method not allowed here (allowed: {})", allowed));
    refusal.allow = allowed;
    return refusal;
}

ordered_json causes_of(const Causes& causes, ordered_json sum = ordered_json::object()) {
    causes.for_each([&](std::string_view name, std::uint64_t count) {
        auto& each = sum[std::string(name)];
        each = (each.is_null() ? 0 : each.get<std::uint64_t>()) + count;
    });
    return sum;
}

ordered_json counters_of(const Figures& figures) {
    return {{"connections", figures.connections.get()},   {"accepted", figures.accepted.get()},
            {"batches", figures.batches.get()},           {"validations", figures.validations.get()},
            {"unregistered", figures.unregistered.get()}, {"bytes_received", figures.bytes_received.get()},
            {"bytes_sent", figures.bytes_sent.get()}};
}

ordered_json host_of(const host::Facts& facts) {
    return {{"machine", facts.machine},
            {"cores", facts.cores},
            {"at_ns", facts.at.time_since_epoch().count()},
            {"cpu_used_ns", facts.cpu_used.count()},
            {"clock_offset_ns", facts.clock_offset.count()},
            {"listen_overflows", facts.listen_overflows}};
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

// "/v1/runs/ID/freeze" -> {"v1", "runs", "ID", "freeze"}
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        parts.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return parts;
}

}  // namespace

std::size_t most_body_bytes(std::string_view target) {
    return path_of(target).ends_with("/reconcile") ? most_reconcile_body_bytes : most_small_body_bytes;
}

Admin::Admin(net::Loop& loop, ShardGroup& shards, SharedFigures shared_figures, About about)
    : loop_(loop),
      shards_(shards),
      shared_figures_(shared_figures),
      about_(std::move(about)),
      runs_(shared_figures.shards()),
      tasks_(loop) {}

// Arguments of coroutines are named variables here: g++ 12 destroys some temporaries of a co_await twice.
net::Task<AdminAnswer> Admin::respond(AdminRequest request) {
    const auto parts = split(path_of(request.target));
    if (parts.size() < 2 || parts[0] != "v1") {
        co_return no_such_resource();
    }
    const std::string& what = parts[1];
    const std::string& method = request.method;
    if (what == "runs" && parts.size() > 2 && parts.size() <= 4) {
        std::string verb = parts.size() == 4 ? parts[3] : std::string();
        co_return co_await respond_to_run(std::move(request), parts[2], std::move(verb));
    }
    if (parts.size() != 2) {
        co_return no_such_resource();
    }
    if (what == "health") {
        co_return method == "GET" ? health() : wrong_method("GET");
    }
    if (what == "figures") {
        co_return method == "GET" ? figures() : wrong_method("GET");
    }
    if (what == "runs") {
        if (method == "POST") {
            co_return co_await open_run(std::move(request.body));
        }
        co_return wrong_method("POST");
    }
    if (what == "faults") {
        if (method == "POST") {
            co_return co_await set_fault(std::move(request.body));
        }
        if (method == "DELETE") {
            co_return co_await clear_faults();
        }
        co_return method == "GET" ? faults() : wrong_method("GET, POST, DELETE");
    }
    co_return no_such_resource();
}

net::Task<AdminAnswer> Admin::respond_to_run(AdminRequest request, std::string run, std::string verb) {
    const auto id = parse_run(run);
    Run* const known = id ? runs_.find(*id, loop_.now()) : nullptr;
    if (known == nullptr) {
        co_return no_such_run();
    }
    if (verb.empty()) {
        if (request.method == "DELETE") {
            co_return co_await close_run(*id);
        }
        co_return request.method == "GET" ? describe(*known) : wrong_method("GET, DELETE");
    }
    if (verb != "start" && verb != "freeze" && verb != "reconcile") {
        co_return no_such_resource();
    }
    if (request.method != "POST") {
        co_return wrong_method("POST");
    }
    if (verb == "start") {
        co_return start(*known, request.body);
    }
    if (verb == "reconcile") {
        co_return reconcile(*known, request.body);
    }
    const auto within = read_freeze(request.body);
    if (!within) {
        co_return refuse(within.problems());
    }
    co_return co_await freeze(*id, *within);
}

net::Task<AdminAnswer> Admin::open_run(std::string body) {
    const auto spec = read_run(body);
    if (!spec) {
        co_return refuse(spec.problems());
    }
    if (runs_.find(spec->run, loop_.now()) != nullptr) {
        co_return refuse(409, "the run is known already");
    }
    for (const RunId idle : runs_.idle(loop_.now())) {
        co_await close_run(idle);
    }
    if (runs_.full()) {
        co_return refuse(409, fmt::format("too many runs (at most {}): delete one", Runs::most_runs));
    }
    if (runs_.find(spec->run, loop_.now()) != nullptr) {  // another request was quicker
        co_return refuse(409, "the run is known already");
    }
    const auto opened = runs_.open(*spec, loop_.now());
    if (!opened) {
        co_return refuse(507, "no memory for the run's ledger: " + opened.error().message());
    }
    Instruction instruction = OpenRun{(*opened)->memory.path()};
    const Obeyed obeyed = co_await shards_.tell(std::move(instruction));
    if (!obeyed.problem.empty()) {
        co_await close_run(spec->run);
        co_return refuse(500, obeyed.problem);
    }
    co_return answer(201, {{"run", format_run(spec->run)}});
}

AdminAnswer Admin::start(Run& run, std::string_view body) const {
    const auto t0 = read_start(body);
    if (!t0) {
        return refuse(t0.problems());
    }
    if (run.ledger.frozen()) {
        return refuse(409, "the run is frozen");
    }
    run.ledger.start(*t0);
    return answer(200, {{"t0_ns", t0->time_since_epoch().count()}});
}

AdminAnswer Admin::describe(const Run& run) const {
    const LedgerCounts counts = run.ledger.counts();
    const auto ns = [](std::optional<Instant> at) {
        return at ? ordered_json(at->time_since_epoch().count()) : ordered_json();
    };
    return answer(200, {{"run", format_run(run.ledger.run())},
                        {"delivered", counts.delivered},
                        {"duplicated", counts.duplicated},
                        {"reordered", counts.reordered},
                        {"unexpected", counts.unexpected},
                        {"after_freeze", counts.after_freeze},
                        {"frozen", run.ledger.frozen()},
                        {"t0_ns", ns(run.ledger.t0())},
                        {"last_arrival_ns", ns(counts.last_arrival)}});
}

net::Task<AdminAnswer> Admin::freeze(RunId id, Nanos within) {
    Run* run = runs_.find(id, loop_.now());
    Obeyed obeyed;
    if (!run->ledger.frozen()) {
        Instruction instruction = DrainRun{id, loop_.now() + within};
        obeyed = co_await shards_.tell(std::move(instruction));
        run = runs_.find(id, loop_.now());
        if (run == nullptr) {
            co_return no_such_run();
        }
        run->ledger.freeze();
    }
    ordered_json body{{"frozen", true}, {"connections_left", obeyed.connections_left}};
    if (!obeyed.problem.empty()) {
        body["problem"] = obeyed.problem;
    }
    co_return answer(200, body);
}

AdminAnswer Admin::reconcile(const Run& run, std::string_view body) const {
    const auto generated = read_generated(body);
    if (!generated) {
        return refuse(generated.problems());
    }
    if (!run.ledger.frozen()) {
        return refuse(409, "freeze the run first");
    }
    const auto account = server::reconcile(run.ledger, *generated);
    if (!account) {
        return refuse(507, "too many exceptions to name");
    }
    return {200, write_reconciliation(*account)};
}

net::Task<AdminAnswer> Admin::close_run(RunId id) {
    Instruction instruction = CloseRun{id};
    const Obeyed obeyed = co_await shards_.tell(std::move(instruction));
    runs_.close(id);
    std::erase_if(faults_, [&](const Fault& fault) { return fault.run == id; });
    for (const auto& [fault, changed] : breaking_) {
        changed->wake();
    }
    co_return obeyed.problem.empty() ? answer(200, ordered_json::object()) : refuse(500, obeyed.problem);
}

net::Task<AdminAnswer> Admin::set_fault(std::string body) {
    auto fault = read_fault(body, loop_.now());
    if (!fault) {
        co_return refuse(fault.problems());
    }
    if (faults_.size() >= most_faults) {
        co_return refuse(409, fmt::format("too many faults (at most {}): clear them", most_faults));
    }
    fault->id = ++fault_ids_;
    fault->draw = fault->draw > 0 ? fault->draw : fault->id;
    fault->share = free_share();
    shared_figures_.shares()[fault->share].begin(*fault);
    faults_.push_back(*fault);
    if (victim_of(fault->kind) == Victim::shards) {
        tasks_.spawn(break_shards(*fault));
        co_return answer(201, {{"id", fault->id}});
    }
    Instruction instruction = SetFault{*fault};
    const Obeyed obeyed = co_await shards_.tell(std::move(instruction));
    if (!obeyed.problem.empty()) {
        co_return refuse(500, obeyed.problem);
    }
    co_return answer(201, {{"id", fault->id}});
}

net::Task<AdminAnswer> Admin::clear_faults() {
    faults_.clear();
    for (const auto& [id, changed] : breaking_) {
        changed->wake();
    }
    Instruction instruction = ClearFaults{};
    const Obeyed obeyed = co_await shards_.tell(std::move(instruction));
    co_return obeyed.problem.empty() ? answer(200, ordered_json::object()) : refuse(500, obeyed.problem);
}

// Kills, waits, and starts again; starts again at once when the fault is cleared.
net::Task<void> Admin::break_shards(Fault fault) {
    net::Wakeup changed(loop_);
    breaking_.emplace(fault.id, &changed);
    while (stands(fault.id) && loop_.now() < fault.at) {
        co_await changed.until(fault.at);
    }
    if (stands(fault.id)) {
        const auto shards = to_kill(fault.kind);
        for (const unsigned shard : shards) {
            co_await shards_.kill(shard);
            shared_figures_.shares()[fault.share].take();
        }
        while (stands(fault.id) && loop_.now() < fault.end()) {
            co_await changed.until(fault.end());
        }
        if (!shards.empty() && state_ == State::serving) {
            auto heritage = inheritance();
            co_await shards_.revive(shards, std::move(heritage));
        }
    }
    breaking_.erase(fault.id);
}

bool Admin::stands(std::uint64_t fault) const {
    return state_ == State::serving &&
           std::any_of(faults_.begin(), faults_.end(), [&](const Fault& each) { return each.id == fault; });
}

// The living shards to kill: all, or the last.
std::vector<unsigned> Admin::to_kill(FaultKind kind) const {
    std::vector<unsigned> living;
    const auto statuses = shards_.status();
    for (unsigned shard = 0; shard < statuses.size(); ++shard) {
        if (statuses[shard].life == ShardStatus::Life::alive) {
            living.push_back(shard);
        }
    }
    if (kind == FaultKind::kill && living.size() > 1) {
        living.erase(living.begin(), living.end() - 1);
    }
    return living;
}

ShardGroup::Inheritance Admin::inheritance() const {
    ShardGroup::Inheritance all;
    runs_.for_each([&](const Run& run) { all.runs.push_back({run.memory.path()}); });
    for (const Fault& fault : faults_) {
        if (victim_of(fault.kind) != Victim::shards) {
            all.faults.push_back(fault);
        }
    }
    return all;
}

net::Task<void> Admin::stop() {
    state_ = State::stopping;
    for (const auto& [id, changed] : breaking_) {
        changed->wake();
    }
    co_await tasks_.join();
}

std::uint32_t Admin::free_share() const {
    std::vector<bool> used(most_faults);
    for (const Fault& fault : faults_) {
        used[fault.share] = true;
    }
    return static_cast<std::uint32_t>(std::find(used.begin(), used.end(), false) - used.begin());
}

AdminAnswer Admin::faults() const {
    ordered_json list = ordered_json::array();
    for (const Fault& fault : faults_) {
        ordered_json each = ordered_json::parse(write_fault(fault));
        const FaultShare& share = shared_figures_.shares()[fault.share];
        each.erase("share");
        each.erase("draw");
        if (fault.count > 0) {
            each["left"] = share.left.load();
        }
        each["struck"] = {{std::string(name_of(victim_of(fault.kind))), share.struck.load()}};
        list.push_back(std::move(each));
    }
    return answer(200, {{"faults", list}});
}

AdminAnswer Admin::health() const {
    return answer(200, {{"status", "ok"},
                        {"version", about_.version},
                        {"listeners", about_.listeners},
                        {"shards", shared_figures_.shards()}});
}

AdminAnswer Admin::figures() const {
    ordered_json list = ordered_json::array();
    ordered_json totals = ordered_json::object();
    ordered_json closed = ordered_json::object();
    ordered_json refused = ordered_json::object();
    double cpu_s = 0;
    std::uint64_t rss_bytes = 0;
    std::uint64_t private_bytes = 0;
    const auto statuses = shards_.status();
    for (unsigned shard = 0; shard < shared_figures_.shards(); ++shard) {
        const ShardStatus& status = statuses.at(shard);
        const Figures& counted = shared_figures_.figures(shard);
        ordered_json each{{"pid", status.pid},
                          {"alive", status.life == ShardStatus::Life::alive},
                          {"planned", status.life == ShardStatus::Life::killed},
                          {"cpu_s", status.cpu_s},
                          {"rss_bytes", status.rss_bytes},
                          {"private_bytes", status.private_bytes}};
        const ordered_json counters = counters_of(counted);
        for (const auto& [name, count] : counters.items()) {
            totals[name] = totals.value(name, std::uint64_t{0}) + count.get<std::uint64_t>();
        }
        each.update(counters);
        each["closed"] = causes_of(counted.closed);
        each["refused"] = causes_of(counted.refused);
        closed = causes_of(counted.closed, std::move(closed));
        refused = causes_of(counted.refused, std::move(refused));
        cpu_s += status.cpu_s;
        rss_bytes += status.rss_bytes;
        private_bytes += status.private_bytes;
        list.push_back(std::move(each));
    }
    totals["cpu_s"] = cpu_s;
    totals["rss_bytes"] = rss_bytes;
    totals["private_bytes"] = private_bytes;
    totals["closed"] = closed;
    totals["refused"] = refused;
    const auto unregistered = totals["unregistered"];
    return answer(
        200, {{"shards", list}, {"totals", totals}, {"unregistered", unregistered}, {"host", host_of(about_.look())}});
}

}  // namespace portillon::server::admin
