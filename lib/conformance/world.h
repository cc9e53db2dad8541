#pragma once

// A fleet, a driver, its listener and the ledger in one process, on simulated time: whole runs, whose books are
// compared at both ends.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "conformance/candidate.h"
#include "faults/network_faults.h"
#include "fleet/engine.h"
#include "net/faults/faulty_dialer.h"
#include "net/task_group.h"
#include "server/pipeline.h"
#include "server/reconcile.h"
#include "server/shared_figures.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::conformance {

class World {
public:
    static constexpr std::uint32_t equipments = 20;
    static constexpr std::uint64_t seed = 11;
    static constexpr RunId run{0x1234};

    static arrival::Schedule steady(Nanos duration, double rate);
    // An ordinary plan; tests change what they are about.
    static plan::Lot plan(const Candidate& candidate, const arrival::Schedule& schedule, std::uint32_t batch = 1);

    // T0 is a second after construction.
    World(const Candidate& candidate, const plan::Lot& plan, std::vector<faults::NetworkFault> on_the_way = {},
          Nanos latency = 0ns);
    ~World();
    World(const World&) = delete;

    void set_fault(server::Fault fault);  // of the server

    // Connects, runs to the end of the drain, closes. The test fails unless the books balance at both ends.
    fleet::Result live();

    // These are valid after live().
    const server::LedgerAccount& account() const { return *account_; }
    std::uint64_t missing() const;                          // generated, not delivered
    std::uint64_t lost(const fleet::Result& result) const;  // acknowledged, not delivered
    stats::Histogram end_to_end() const { return ledger_->end_to_end(); }
    const std::vector<net::faults::Injected>& injected() const { return dialer_.injected(); }

    Instant t0() const { return t0_; }

private:
    struct alignas(64) Line {
        std::byte bytes[64]{};
    };
    net::Task<void> finish();

    const Candidate& candidate_;
    testing::Simulation simulation_;
    net::TaskGroup tasks_{simulation_.loop()};
    Instant t0_ = simulation_.now() + 1s;
    plan::Lot plan_;
    std::vector<Line> ledger_bytes_, shared_bytes_;
    std::optional<server::Ledger> ledger_;
    std::optional<server::SharedFigures> shared_figures_;
    std::optional<server::Pipeline> ingest_;
    server::Limits limits_;
    std::unique_ptr<server::Listener> listener_;
    testing::PipeDialer pipes_;
    faults::NetworkFaults faults_;
    net::faults::FaultyDialer dialer_;
    net::Url target_{"test", "localhost", 1, ""};
    std::unique_ptr<driver::Driver> driver_;
    std::optional<fleet::Engine> engine_;
    std::optional<fleet::Result> result_;
    std::optional<server::LedgerAccount> account_;
    std::uint32_t next_share_ = 0;
};

}  // namespace portillon::conformance
