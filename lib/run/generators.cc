#include "run/generators.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "run/result_message.h"
#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

std::uint64_t count_ns(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

}  // namespace

std::string Generators::start(v1::GeneratorPlan plan) {
    for (unsigned number = 0; number < plan.shards(); ++number) {
        auto process = Process::start({"generator-shard"});
        if (!process) {
            return "cannot start a generator shard: " + process.error().message();
        }
        auto shard = std::make_unique<Shard>();
        shard->number = number;
        shard->process.emplace(std::move(*process));
        shard->link = std::make_unique<Link>(loop_, shard->process->take_link());
        Shard& it = *shard;
        shard->link->start([this, &it](const v1::LinkMessage& message) { heard(it, message); },
                           [this, &it](const error_code& cause) { ended(it, cause); });
        v1::LinkMessage message;
        *message.mutable_plan() = plan;
        message.mutable_plan()->set_shard(number);
        shard->link->send(message);
        shards_.push_back(std::move(shard));
    }
    return {};
}

void Generators::connect(Instant from) {
    v1::LinkMessage message;
    message.mutable_connect()->set_from_ns(count_ns(from));
    tell(message);
}

void Generators::begin(Instant t0) {
    v1::LinkMessage message;
    message.mutable_start()->set_t0_ns(count_ns(t0));
    tell(message);
}

void Generators::stop(Instant at) {
    v1::LinkMessage message;
    message.mutable_stop()->set_at_ns(count_ns(at));
    tell(message);
}

void Generators::end_drain() {
    v1::LinkMessage message;
    message.mutable_drain_over();
    tell(message);
}

void Generators::close_sessions(Instant deadline) {
    v1::LinkMessage message;
    message.mutable_close()->set_deadline_ns(count_ns(deadline));
    tell(message);
}

void Generators::dismiss() {
    dismissed_ = true;
    v1::LinkMessage message;
    message.mutable_bye();
    tell(message);
}

void Generators::tell(const v1::LinkMessage& message) {
    for (const auto& shard : shards_) {
        if (shard->lost.empty()) {
            shard->link->send(message);
        }
    }
}

void Generators::heard(Shard& shard, const v1::LinkMessage& message) {
    switch (message.what_case()) {
        case v1::LinkMessage::kHello:
            break;
        case v1::LinkMessage::kReady:
            shard.problem = message.ready().problem();
            // "Connected" may come after the result of a shard that was told to close before.
            shard.stage = shard.stage == Stage::started ? Stage::prepared : std::max(shard.stage, Stage::connected);
            break;
        case v1::LinkMessage::kSnapshot:
            shard.snapshot = message.snapshot();
            so_far_.heard(shard.number, message.snapshot());
            break;
        case v1::LinkMessage::kDrained:
            shard.stage = Stage::drained;
            break;
        case v1::LinkMessage::kResult:
            shard.result = message.result();
            shard.stage = Stage::reported;
            break;
        default:
            break;  // nothing that a generator's shard says
    }
    changed_.wake();
}

void Generators::ended(Shard& shard, const error_code& cause) {
    if (!dismissed_ && shard.stage != Stage::reported && shard.lost.empty()) {
        if (spoke_nonsense(cause)) {
            shard.process->kill(SIGKILL);
            shard.process->wait();
            lose(shard, "spoke nonsense: " + cause.message());
        } else {
            lose(shard, shard.process->wait());  // its end of the link closes a moment before it can be reaped
        }
    }
    changed_.wake();
}

void Generators::lose(Shard& shard, const std::string& how) {
    shard.lost = fmt::format("generator shard {} (pid {}) {}", shard.number, shard.process->pid(), how);
    lost_(shard.lost);
}

bool Generators::all_at(Stage stage) const {
    for (const auto& shard : shards_) {
        if (shard->lost.empty() && shard->stage < stage) {
            return false;
        }
    }
    return true;
}

bool Generators::all_prepared() const {
    return all_at(Stage::prepared);
}
bool Generators::all_connected() const {
    return all_at(Stage::connected);
}
bool Generators::all_drained() const {
    return all_at(Stage::drained);
}
bool Generators::all_reported() const {
    return all_at(Stage::reported);
}

std::string Generators::problem() const {
    for (const auto& shard : shards_) {
        if (!shard->problem.empty()) {
            return shard->problem;
        }
    }
    return {};
}

fleet::Snapshot Generators::snapshot() const {
    fleet::Snapshot sum;
    for (const auto& shard : shards_) {
        const auto& one = shard->snapshot;
        if (account::Counts counts; read_counts(one.counts(), counts)) {
            account::add(sum.counts, counts);
        }
        sum.errors += one.errors();
        sum.connect_failures += one.connect_failures();
        if (shard->lost.empty()) {
            sum.in_flight += one.in_flight();
            sum.cached += one.cached();
            sum.connected += one.connected();
        }
    }
    return sum;
}

stats::Histogram Generators::last_second() const {
    stats::Histogram sum;
    for (const auto& shard : shards_) {
        if (const auto one = stats::unpack(shard->snapshot.response()); shard->lost.empty() && one) {
            sum.merge(*one);
        }
    }
    return sum;
}

std::vector<Generators::Loss> Generators::losses() const {
    std::vector<Loss> losses;
    for (const auto& shard : shards_) {
        if (!shard->lost.empty()) {
            losses.push_back({shard->number, shard->lost});
        }
    }
    return losses;
}

std::vector<const v1::Result*> Generators::results() const {
    std::vector<const v1::Result*> results;
    for (const auto& shard : shards_) {
        if (shard->lost.empty() && shard->stage == Stage::reported) {
            results.push_back(&shard->result);
        }
    }
    return results;
}

void Generators::kill_before(Stage stage) {
    for (const auto& shard : shards_) {
        if (shard->lost.empty() && shard->stage < stage) {
            shard->process->kill(SIGKILL);
            shard->process->wait();
            lose(*shard, "did not answer and was killed");
        }
    }
}

}  // namespace portillon::run
