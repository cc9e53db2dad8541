#include "server/stages/strike_validations.h"

#include <gtest/gtest.h>

#include "server/pipeline_scene.h"

namespace portillon::server::stages {
namespace {

class StrikeValidationsCounts : public ::testing::TestWithParam<std::uint32_t> {};

// The self-test asks for 137 lost, 20 duplicated, 11 swapped, whatever the batches.
TEST_P(StrikeValidationsCounts, AreExact) {
    const std::uint32_t batch = GetParam();
    constexpr Sequence per_equipment = 700;
    PipelineScene scene(sample_spec(3, per_equipment));
    scene.hurt(FaultKind::lose, 137);
    scene.hurt(FaultKind::duplicate, 20);
    scene.hurt(FaultKind::swap, 11);
    for (Sequence first = 1; first <= per_equipment; first += batch) {
        for (std::uint32_t equipment = 1; equipment <= 3; ++equipment) {
            scene.send(equipment, first, batch);
            scene.simulation.run_for(1ms);
        }
    }
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 3 * per_equipment / batch);
    const auto found = scene.reconciled({per_equipment, per_equipment, per_equipment});
    EXPECT_EQ(found.counts.delivered, 3 * per_equipment - 137);
    EXPECT_EQ(found.counts.duplicated, 20u);
    EXPECT_EQ(found.counts.reordered, 11u);
    EXPECT_EQ(found.counts.unexpected, 0u);
    std::uint64_t missing = 0;
    for (const Range& range : found.missing) {
        missing += range.last - range.first + 1;
    }
    EXPECT_EQ(missing, 137u);
    EXPECT_GT(found.missing.size(), 60u) << "spread, from within batches too";
    EXPECT_EQ(scene.run.ledger.counts().duplicated, 20u);
}

INSTANTIATE_TEST_SUITE_P(Batches, StrikeValidationsCounts, ::testing::Values(1u, 7u, 100u));

TEST(StrikeValidations, AnswersASwappedOneAtOnceAndRecordsItAfterTheNext) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::swap, .count = 1, .one_in = 1});
    scene.send(1, 1, 1);
    scene.send(2, 1, 1);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 2u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.send(1, 2, 1);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 2u);
    scene.send(2, 2, 1);  // too late for a second swap
    const auto found = scene.reconciled({2, 2});
    EXPECT_EQ(found.counts.delivered, 4u);
    EXPECT_EQ(found.reordered_ranges, (std::vector<Range>{{EquipmentId{1}, 1, 1}}));
}

TEST(StrikeValidations, RecordsASwappedOneInOrderWhenNoNextOneComes) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::swap, .count = 5, .one_in = 1});
    scene.send(1, 1, 1);
    scene.send(1, 1, 1);  // its own copy is not the next validation
    EXPECT_EQ(scene.run.ledger.counts().delivered, 1u);
    EXPECT_EQ(scene.run.ledger.counts().duplicated, 1u);
    scene.send(2, 1, 1);
    const auto found = scene.reconciled({1, 1});
    EXPECT_EQ(found.counts.delivered, 2u);
    EXPECT_EQ(found.counts.reordered, 0u);
    EXPECT_EQ(scene.shares[0].left, 5u);
}

TEST(StrikeValidations, ForgetsWhatASwapKeepsWhenTheRunIsClosed) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::swap, .count = 1, .one_in = 1});
    scene.send(1, 1, 1);
    scene.pipeline.close(scene.run.spec.run);
    scene.pipeline.flush();
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
}

}  // namespace
}  // namespace portillon::server::stages
