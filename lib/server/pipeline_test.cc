#include "server/pipeline.h"

#include <gtest/gtest.h>

#include "server/pipeline_scene.h"
#include "testing/counted_new.h"

namespace portillon::server {
namespace {

TEST(Pipeline, RecordsAndAccepts) {
    for (const auto encoding : {wire::Encoding::protobuf, wire::Encoding::json}) {
        PipelineScene scene;
        scene.send(scene.run.batch(2, 5, 3, encoding));
        ASSERT_EQ(scene.answers.all.size(), 1u);
        const auto& [ticket, decision] = scene.answers.all[0];
        EXPECT_EQ(ticket.exchange, 1u);
        EXPECT_EQ(decision.disposition, Disposition::accepted);
        EXPECT_EQ(decision.equipment, EquipmentId{2});
        EXPECT_EQ(decision.first, 5u);
        EXPECT_EQ(decision.count, 3u);
        EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
        EXPECT_EQ(scene.figures.batches.get(), 1u);
        EXPECT_EQ(scene.figures.validations.get(), 3u);
    }
}

TEST(Pipeline, AcceptsAndForgetsRunsThatNobodyRegistered) {
    PipelineScene scene;
    plan::RunSpec other = sample_spec();
    other.run = RunId{0xB2};
    scene.send(SampleRun(other).batch(1, 1, 4));
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    EXPECT_EQ(scene.figures.unregistered.get(), 4u);
    scene.pipeline.close(scene.run.spec.run);
    scene.send(1, 1, 2);
    EXPECT_EQ(scene.figures.unregistered.get(), 6u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
}

TEST(Pipeline, TakesWhatIsHeldWhenFaultsAreCleared) {
    PipelineScene scene;
    scene.pipeline.set({.id = 1, .kind = FaultKind::stall, .at = scene.simulation.now(), .length = 1h});
    scene.send(1, 1, 1);
    scene.pipeline.clear_faults();
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    scene.simulation.run_to_rest(2h);
    scene.send(1, 2, 1);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 2u);
}

TEST(Pipeline, SaysHowManyArrivalsWaitAndLetsThemGo) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::stall, .length = 1h});
    EXPECT_EQ(scene.pipeline.waiting(), 0u);
    scene.send(1, 1, 3);
    scene.send(2, 1, 3);
    EXPECT_EQ(scene.pipeline.waiting(), 2u);
    scene.pipeline.flush();
    EXPECT_EQ(scene.pipeline.waiting(), 0u);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 2u);
}

TEST(Pipeline, AllocatesNothingForAMessageThatNeedNotWait) {
    PipelineScene scene;
    struct Silent final : Answers {
        void decided(const Ticket&, const Decision&) override {}
    } silent;
    const auto first = scene.run.batch(1, 1, 60);
    const auto second = scene.run.batch(2, 1, 60);
    const auto changed = [&] {
        auto bytes = scene.run.batch(2, 1, 60);
        bytes.back() = static_cast<std::byte>('z');
        return bytes;
    }();
    scene.pipeline.arrived(first, silent, {});
    const auto before = testing::allocations_so_far();
    for (int i = 0; i < 100; ++i) {
        scene.pipeline.arrived(first, silent, {});
        scene.pipeline.arrived(second, silent, {});
        scene.pipeline.arrived(changed, silent, {});
    }
    EXPECT_EQ(testing::allocations_so_far() - before, 0u);
    EXPECT_EQ(scene.run.ledger.counts().unexpected, 100u);
}

}  // namespace
}  // namespace portillon::server
