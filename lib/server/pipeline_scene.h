#pragma once

// For tests: a pipeline on simulated time that ends in a run's ledger, and a receiver of the answers.

#include <array>

#include "server/pipeline.h"
#include "server/reconcile.h"
#include "server/sample_run.h"
#include "testing/simulation.h"

namespace portillon::server {

struct PipelineScene {
    explicit PipelineScene(const plan::RunSpec& spec = sample_spec(),
                           std::size_t hold_limit_bytes = stages::HoldQueue::most_bytes)
        : run(spec), pipeline(simulation.loop(), 0, figures, shares, hold_limit_bytes) {
        pipeline.open(run.ledger);
    }

    void send(std::span<const std::byte> bytes) { pipeline.arrived(bytes, answers, {1, 2, ++exchanges}); }
    void send(std::uint32_t equipment, Sequence first, std::uint32_t count) {
        send(run.batch(equipment, first, count));
    }

    void hurt(FaultKind kind, std::uint64_t count) { hurt({.kind = kind, .count = count}); }
    void hurt(Fault fault) {
        fault.share = used_shares++;
        fault.id = fault.draw = used_shares;
        fault.at = simulation.now();
        shares[fault.share].begin(fault);
        pipeline.set(fault);
    }

    LedgerAccount reconciled(const Generated& generated) {
        pipeline.flush();
        run.ledger.freeze();
        return *reconcile(run.ledger, generated);
    }

    testing::Simulation simulation;
    SampleRun run;
    Figures figures;
    std::array<FaultShare, 8> shares{};
    std::uint32_t used_shares = 0;
    Pipeline pipeline;
    HeardAnswers answers;
    std::uint64_t exchanges = 0;
};

}  // namespace portillon::server
