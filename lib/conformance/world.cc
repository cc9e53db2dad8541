#include "conformance/world.h"

#include <algorithm>
#include <utility>

namespace portillon::conformance {

arrival::Schedule World::steady(Nanos duration, double rate) {
    return {{}, arrival::Stages({{duration, rate, rate, arrival::Measure::on}}), seed};
}

plan::Lot World::plan(const Candidate& candidate, const arrival::Schedule& schedule, std::uint32_t batch) {
    return {.run = run,
            .seed = seed,
            .equipments = equipments,
            .schedule = schedule,
            .start = {},
            .encoding = candidate.encoding,
            .delivery = {.batch = {batch, batch > 1 ? Nanos{5s} : Nanos{0}}, .in_flight = 100, .timeout = 15s}};
}

World::World(const Candidate& candidate, const plan::Lot& its_plan, std::vector<faults::NetworkFault> on_the_way,
             Nanos latency)
    : candidate_(candidate),
      plan_(its_plan),
      pipes_(simulation_.loop(), latency,
             [this](EquipmentId, std::unique_ptr<net::Transport> transport) {
                 listener_->accepted(std::move(transport));
             }),
      faults_(std::move(on_the_way), seed),
      dialer_(simulation_.loop(), pipes_, faults_) {
    const plan::RunSpec spec{run, {seed, plan_.payload_bytes}, equipments, 10'000, {}};
    ledger_bytes_.resize(server::Ledger::bytes_needed(spec, 1) / 64 + 1);
    ledger_.emplace(server::Ledger::create(std::as_writable_bytes(std::span(ledger_bytes_)), spec, 1));
    shared_bytes_.resize(server::SharedFigures::bytes_needed(1) / 64 + 1);
    shared_figures_.emplace(std::as_writable_bytes(std::span(shared_bytes_)), 1);
    ingest_.emplace(simulation_.loop(), 0, shared_figures_->figures(0), shared_figures_->shares());
    ingest_->open(*ledger_);
    listener_ = candidate_.peer.make({simulation_.loop(), *ingest_, limits_, shared_figures_->figures(0)});
    driver_ = candidate_.driver.make(
        {simulation_.loop(), dialer_, target_, candidate_.options, candidate_.encoding, plan_.delivery.in_flight, run});
    engine_.emplace(simulation_.loop(), *driver_, plan_);
}

World::~World() = default;

void World::set_fault(server::Fault fault) {
    fault.share = next_share_;
    fault.draw = fault.id;
    shared_figures_->shares()[next_share_++].begin(fault);
    ingest_->set(fault);
}

fleet::Result World::live() {
    engine_->connect(simulation_.now());
    engine_->start(t0_);
    ledger_->start(t0_);
    dialer_.start(t0_);
    tasks_.spawn(finish());
    simulation_.run_for(1s + plan_.schedule.stages().duration() + plan_.delivery.drain + 30s);
    EXPECT_TRUE(result_) << "the fleet did not come to its end";
    EXPECT_EQ(listener_->connections(), 0u);
    ingest_->flush();
    ledger_->freeze();

    const fleet::Result result = result_.value_or(fleet::Result{});
    server::Generated generated;
    for (const auto& each : result.generated) {
        generated.emplace_back(each.count);
    }
    account_ = server::reconcile(*ledger_, generated).value_or(server::LedgerAccount{});
    EXPECT_TRUE(account::is_balanced(result.counts));
    EXPECT_EQ(account_->counts.delivered + missing(), result.counts.generated);
    EXPECT_EQ(account_->counts.delivered, ledger_->counts().delivered);
    EXPECT_EQ(account_->counts.unexpected, 0u);
    return result;
}

net::Task<void> World::finish() {
    co_await engine_->drained();
    co_await engine_->close(simulation_.now() + 10s);
    result_.emplace(engine_->result());
}

std::uint64_t World::missing() const {
    std::uint64_t count = 0;
    for (const auto& range : account_->missing) {
        count += range.last - range.first + 1;
    }
    return count;
}

std::uint64_t World::lost(const fleet::Result& result) const {
    std::uint64_t excused = 0;
    for (const auto& range : account_->missing) {
        for (const auto& exception : result.exceptions) {
            if (exception.equipment == range.equipment) {
                const Sequence first = std::max(exception.first, range.first);
                const Sequence last = std::min(exception.last, range.last);
                excused += first <= last ? last - first + 1 : 0;
            }
        }
    }
    return missing() - excused;
}

}  // namespace portillon::conformance
