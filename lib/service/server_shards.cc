#include "service/server_shards.h"

#include <fmt/format.h>
#include <signal.h>
#include <time.h>

#include <algorithm>

#include "host/machine.h"
#include "service/instruction_message.h"
#include "service/plan_message.h"

namespace portillon::service {

namespace {

constexpr Nanos start_patience = 20s;
constexpr Nanos answer_patience = 10s;
constexpr Nanos look_every = 1ms;   // how often to look at shards that a fault kills or starts again
constexpr Nanos drain_margin = 2s;  // beyond the drain's own deadline

double cpu_of(pid_t pid, double otherwise_s) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
        return otherwise_s;
    }
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

net::Task<std::string> ServerShards::start(Plan plan) {
    plan_ = std::move(plan);
    for (unsigned number = 0; number < plan_.shards; ++number) {
        Shard& shard = *shards_.emplace_back(std::make_unique<Shard>());
        shard.number = number;
        if (std::string problem = launch(shard, plan_); !problem.empty()) {
            co_return problem;
        }
    }
    const Instant deadline = loop_.now() + start_patience;
    while (!all(Shard::Stage::serving) && loop_.now() < deadline) {
        co_await changed_.until(deadline);
    }
    for (const auto& shard : shards_) {
        if (!shard->problem.empty()) {
            co_return shard->problem;
        }
        if (shard->stage != Shard::Stage::serving) {
            co_return fmt::format("server process {} did not come up", shard->number);
        }
    }
    co_return std::string();
}

std::string ServerShards::launch(Shard& shard, Plan plan) {
    auto worker = link::start_process(loop_, {"server-shard"});
    if (!worker) {
        return "cannot start a server shard: " + worker.error().message();
    }
    shard.worker = std::move(*worker);
    shard.stage = Shard::Stage::started;
    shard.death = Shard::Death::unplanned;
    shard.problem.clear();
    shard.last_seen.pid = shard.worker->pid();
    shard.last_seen.life = server::ShardStatus::Life::alive;
    shard.worker->link().start([this, &shard](const link::v1::LinkMessage& message) { heard(shard, message); },
                               [this, &shard](const error_code& cause) { ended(shard, cause); });
    plan.shard = shard.number;
    shard.worker->link().send(write_plan(plan));
    return {};
}

net::Task<void> ServerShards::kill(unsigned number) {
    Shard& shard = *shards_.at(number);
    if (shard.stage == Shard::Stage::ended) {
        co_return;
    }
    shard.death = Shard::Death::planned;
    shard.worker->kill();
    const Instant deadline = loop_.now() + answer_patience;
    net::Wakeup pause(loop_);
    while (shard.stage != Shard::Stage::ended && loop_.now() < deadline) {
        co_await pause.until(loop_.now() + look_every);
    }
}

net::Task<void> ServerShards::revive(std::vector<unsigned> numbers, Inheritance inheritance) {
    auto plan = plan_;
    const auto is_revived = [&](unsigned number) {
        return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    };
    for (const auto& shard : shards_) {
        if (shard->stage == Shard::Stage::ended && !is_revived(shard->number)) {
            plan.dead.push_back(shard->number);
        }
    }
    for (const auto& run : inheritance.runs) {
        plan.runs.push_back(run.memory);
    }
    plan.faults = std::move(inheritance.faults);
    for (const unsigned number : numbers) {
        Shard& shard = *shards_.at(number);
        if (shard.stage != Shard::Stage::ended) {
            continue;
        }
        shard.cpu_s_before = shard.last_seen.cpu_s;
        if (shard.problem = launch(shard, plan); !shard.problem.empty()) {
            lost_(shard.problem);
        }
    }
    const Instant deadline = loop_.now() + start_patience;
    const auto all_serve = [&] {
        return std::all_of(numbers.begin(), numbers.end(),
                           [&](unsigned number) { return shards_.at(number)->stage != Shard::Stage::started; });
    };
    net::Wakeup pause(loop_);
    while (!all_serve() && loop_.now() < deadline) {
        co_await pause.until(loop_.now() + look_every);
    }
    for (const unsigned number : numbers) {
        Shard& shard = *shards_.at(number);
        if (shard.stage != Shard::Stage::ended && (shard.stage == Shard::Stage::started || !shard.problem.empty())) {
            shard.worker->kill();  // its end is then reported like that of any lost shard
        }
    }
}

net::Task<void> ServerShards::dismiss(Instant deadline) {
    purpose_ = Purpose::ending;
    link::v1::LinkMessage message;
    message.mutable_bye();
    for (const auto& shard : shards_) {
        if (shard->stage != Shard::Stage::ended) {
            shard->worker->link().send(message);
        }
    }
    while (!all(Shard::Stage::ended) && loop_.now() < deadline) {
        co_await changed_.until(deadline);
    }
    shards_.clear();
}

std::vector<server::ShardStatus> ServerShards::status() {
    std::vector<server::ShardStatus> all;
    for (const auto& shard : shards_) {
        server::ShardStatus& seen = shard->last_seen;
        if (shard->stage != Shard::Stage::ended) {
            const double before = shard->cpu_s_before;
            seen.cpu_s = before + cpu_of(static_cast<pid_t>(shard->worker->pid()), seen.cpu_s - before);
            seen.rss_bytes = host::resident(static_cast<pid_t>(shard->worker->pid())).count;
            seen.private_bytes = host::resident_alone(static_cast<pid_t>(shard->worker->pid())).count;
        }
        all.push_back(seen);
    }
    return all;
}

net::Task<server::Obeyed> ServerShards::tell(server::Instruction instruction) {
    Pending pending(loop_);
    const std::uint64_t request = ++requests_;
    const auto message = message_of(instruction, request);
    for (const auto& shard : shards_) {
        // A shard that is still starting obeys the instruction before it accepts any connection.
        if (shard->stage != Shard::Stage::ended) {
            shard->worker->link().send(message);
            pending.awaited.insert(shard->number);
        }
    }
    if (pending.awaited.empty()) {
        co_return server::Obeyed{.problem = "no server shard is alive", .connections_left = 0};
    }
    pending_.emplace(request, &pending);
    const auto* const drain = std::get_if<server::DrainRun>(&instruction);
    const Instant deadline = drain != nullptr ? drain->deadline + drain_margin : loop_.now() + answer_patience;
    while (!pending.awaited.empty() && loop_.now() < deadline) {
        co_await pending.changed.until(deadline);
    }
    pending_.erase(request);
    if (!pending.awaited.empty()) {
        pending.obeyed.problem = fmt::format("server process {} does not answer", *pending.awaited.begin());
    }
    co_return pending.obeyed;
}

void ServerShards::heard(Shard& shard, const link::v1::LinkMessage& message) {
    if (message.has_ready()) {
        shard.problem = message.ready().problem();
        shard.stage = Shard::Stage::serving;
        changed_.wake();
    } else if (message.has_done()) {
        done(shard, message.done());
    }
}

void ServerShards::ended(Shard& shard, const error_code& cause) {
    const std::string how = link::describe_end(*shard.worker, cause);
    shard.stage = Shard::Stage::ended;
    const bool planned = shard.death == Shard::Death::planned;
    shard.last_seen.life = planned ? server::ShardStatus::Life::killed : server::ShardStatus::Life::dead;
    if (purpose_ == Purpose::serving && !planned) {
        if (shard.problem.empty()) {
            shard.problem = fmt::format("server process {} (pid {}) {}", shard.number, shard.worker->pid(), how);
        }
        lost_(shard.problem);
    }
    for (const auto& [request, pending] : pending_) {
        pending->awaited.erase(shard.number);
        pending->changed.wake();
    }
    changed_.wake();
}

void ServerShards::done(Shard& shard, const link::v1::Done& message) {
    const auto found = pending_.find(message.request());
    if (found == pending_.end()) {
        return;  // too late: nothing waits for this answer any more
    }
    Pending& pending = *found->second;
    pending.awaited.erase(shard.number);
    pending.obeyed.connections_left += message.connections_left();
    if (pending.obeyed.problem.empty()) {
        pending.obeyed.problem = message.problem();
    }
    pending.changed.wake();
}

bool ServerShards::all(Shard::Stage stage) const {
    for (const auto& shard : shards_) {
        if (shard->stage < stage) {
            return false;
        }
    }
    return true;
}

}  // namespace portillon::service
