#include "run/generators.h"

#include <fmt/format.h>

#include <algorithm>

#include "generator/plan_message.h"
#include "generator/result_message.h"
#include "link/host_message.h"
#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

namespace v1 = link::v1;

std::uint64_t count_ns(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

}  // namespace

std::string Generators::start(const generator::Plan& plan, unsigned shards, Lost lost) {
    lost_ = std::move(lost);
    so_far_.resize(plan.lots.size());
    for (unsigned number = 0; number < shards; ++number) {
        auto worker = start_(number);
        if (!worker) {
            return "cannot start a generator process: " + worker.error().message();
        }
        Shard& shard = *shards_.emplace_back(std::make_unique<Shard>());
        shard.number = number;
        shard.worker = std::move(*worker);
        shard.lots.resize(plan.lots.size());
        shard.worker->link().start([this, &shard](const v1::LinkMessage& message) { heard(shard, message); },
                                   [this, &shard](const error_code& cause) { ended(shard, cause); });
        for (const auto& piece : generator::write_plan(plan, number, shards)) {
            shard.worker->link().send(piece);
        }
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
            shard->worker->link().send(message);
        }
    }
}

void Generators::heard(Shard& shard, const v1::LinkMessage& message) {
    switch (message.what_case()) {
        case v1::LinkMessage::kReady:
            machines_.prepared(link::read_host(message.ready().host()));
            shard.problem = message.ready().problem();
            // A shard that was told to close while it connected may send this after its result: never go back.
            shard.stage = shard.stage == Stage::started ? Stage::prepared : std::max(shard.stage, Stage::connected);
            break;
        case v1::LinkMessage::kSnapshot:
        case v1::LinkMessage::kResult:
            heard_of_lot(shard, message);
            break;
        case v1::LinkMessage::kDrained:
            shard.stage = Stage::drained;
            break;
        case v1::LinkMessage::kReported:
            shard.usage = message.reported().usage();
            shard.stage = Stage::reported;
            break;
        default:
            break;  // messages that a generator's shard does not send
    }
    changed_.wake();
}

void Generators::heard_of_lot(Shard& shard, const v1::LinkMessage& message) {
    const std::size_t lot = message.has_result() ? message.result().lot() : message.snapshot().lot();
    if (lot >= shard.lots.size()) {
        return;
    }
    if (message.has_result()) {
        shard.lots[lot].result.MergeFrom(message.result());
        return;
    }
    if (message.snapshot().has_host()) {
        machines_.running(link::read_host(message.snapshot().host()));
    }
    shard.lots[lot].snapshot = message.snapshot();
    so_far_[lot].heard(shard.number, message.snapshot());
}

void Generators::ended(Shard& shard, const error_code& cause) {
    if (!dismissed_ && shard.stage != Stage::reported && shard.lost.empty()) {
        lose(shard, link::describe_end(*shard.worker, cause));
    }
    changed_.wake();
}

void Generators::lose(Shard& shard, const std::string& how) {
    shard.lost = fmt::format("generator process {} (pid {}) {}", shard.number, shard.worker->pid(), how);
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
        for (const auto& lot : shard->lots) {
            const auto& one = lot.snapshot;
            if (account::Counts counts; generator::read_counts(one.counts(), counts)) {
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
    }
    return sum;
}

stats::Histogram Generators::last_second() const {
    stats::Histogram sum;
    for (const auto& shard : shards_) {
        for (const auto& lot : shard->lots) {
            if (const auto one = stats::unpack(lot.snapshot.response()); shard->lost.empty() && one) {
                sum.merge(*one);
            }
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

std::vector<const v1::Result*> Generators::results(std::size_t lot) const {
    std::vector<const v1::Result*> results;
    for (const auto& shard : shards_) {
        if (shard->lost.empty() && shard->stage == Stage::reported) {
            results.push_back(&shard->lots.at(lot).result);
        }
    }
    return results;
}

std::vector<const v1::Usage*> Generators::usages() const {
    std::vector<const v1::Usage*> usages;
    for (const auto& shard : shards_) {
        if (shard->lost.empty() && shard->stage == Stage::reported) {
            usages.push_back(&shard->usage);
        }
    }
    return usages;
}

void Generators::kill_before(Stage stage) {
    for (const auto& shard : shards_) {
        if (shard->lost.empty() && shard->stage < stage) {
            shard->worker->kill();
            shard->worker->wait();
            lose(*shard, "did not answer and was killed");
        }
    }
}

}  // namespace portillon::run
