#include "server/stages/hold.h"

#include <gtest/gtest.h>

#include "server/pipeline_scene.h"

namespace portillon::server::stages {
namespace {

TEST(Hold, TakesAsManyValidationsASecondAsTheLimitAllows) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::limit, .length = 10s, .per_s = 100});
    for (Sequence first = 1; first <= 91; first += 10) {
        scene.send(1, first, 10);
    }
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.simulation.run_for(550ms);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 50u);
    scene.simulation.run_for(450ms);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 100u);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 10u);
}

TEST(Hold, HoldsWhatArrivesInAStallAndTakesItInOrderAtItsEnd) {
    PipelineScene scene;
    const Instant begin = scene.simulation.now();
    scene.run.ledger.start(begin);
    scene.pipeline.set({.id = 1, .kind = FaultKind::stall, .at = begin + 1s, .length = 500ms});
    scene.simulation.run_for(999ms);
    scene.send(1, 1, 1);
    EXPECT_EQ(scene.answers.all.size(), 1u);
    scene.simulation.run_for(1ms);
    scene.send(1, 2, 1);
    scene.simulation.run_for(200ms);
    scene.send(1, 3, 1);
    scene.simulation.run_until(begin + 1'500ms - 1ns);
    EXPECT_EQ(scene.answers.all.size(), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 1u);
    scene.simulation.run_for(1ns);
    ASSERT_EQ(scene.answers.all.size(), 3u);
    EXPECT_EQ(scene.answers.all[1].decision.first, 2u);
    EXPECT_EQ(scene.answers.all[2].ticket.exchange, 3u);
    EXPECT_EQ(scene.run.ledger.counts().last_arrival, begin + 1'500ms);
    EXPECT_EQ(scene.run.ledger.counts().reordered, 0u);
    scene.send(1, 4, 1);
    EXPECT_EQ(scene.answers.all.size(), 4u);
}

TEST(Hold, DelaysEachArrival) {
    PipelineScene scene;
    const Instant begin = scene.simulation.now();
    scene.pipeline.set({.id = 1, .kind = FaultKind::delay, .at = begin, .length = 1s, .delay = 30ms});
    for (Sequence sequence = 1; sequence <= 4; ++sequence) {
        scene.send(1, sequence, 1);
        scene.simulation.run_for(10ms);
    }
    EXPECT_EQ(scene.answers.all.size(), 2u);  // those of 0 and 10 ms, at 40 ms
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.answers.all.size(), 4u);
    EXPECT_EQ(scene.run.ledger.counts().last_arrival, begin + 60ms);
}

TEST(Hold, SaysNoWhenItCanHoldNoMore) {
    PipelineScene scene(sample_spec(), 1'000);
    scene.pipeline.set({.id = 1, .kind = FaultKind::stall, .at = scene.simulation.now(), .length = 1s});
    for (Sequence sequence = 1; sequence <= 10; ++sequence) {
        scene.send(1, sequence, 1);
    }
    const auto refused = scene.answers.count(Disposition::refused);
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, 10u);
    EXPECT_EQ(counts_of(scene.figures.refused).at("hold_queue_full"), refused);
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 10 - refused);
}

}  // namespace
}  // namespace portillon::server::stages
