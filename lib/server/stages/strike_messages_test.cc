#include "server/stages/strike_messages.h"

#include <gtest/gtest.h>

#include "server/pipeline_scene.h"

namespace portillon::server::stages {
namespace {

TEST(StrikeMessages, NeitherRecordsNorAnswersWhatItDrops) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::drop, .count = 1, .one_in = 1});
    scene.send(1, 1, 3);
    ASSERT_EQ(scene.answers.count(Disposition::ignored), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    scene.send(1, 1, 3);  // again
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
    EXPECT_EQ(scene.shares[0].struck, 1u) << "messages are counted, not validations";
}

TEST(StrikeMessages, RecordsWhatItMutesAndCountsTheNextCopyAsADuplicate) {
    PipelineScene scene;
    scene.hurt({.kind = FaultKind::mute, .count = 1, .one_in = 1});
    scene.send(1, 1, 3);
    ASSERT_EQ(scene.answers.count(Disposition::muted), 1u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 3u);
    scene.send(1, 1, 3);
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 1u);
    EXPECT_EQ(scene.run.ledger.counts().duplicated, 3u);
}

TEST(StrikeMessages, SaysNoAsTheFaultHasItAndNamesTheBatch) {
    const struct {
        Fault fault;
        Disposition disposition;
        std::optional<Nanos> retry_after;
    } rows[] = {
        {{.kind = FaultKind::error, .length = 1s, .one_in = 1}, Disposition::failed, std::nullopt},
        {{.kind = FaultKind::throttle, .length = 1s, .retry_after = 2s, .one_in = 1}, Disposition::refused, 2s},
        {{.kind = FaultKind::reject, .length = 1s, .one_in = 1}, Disposition::rejected, std::nullopt},
    };
    for (const auto& row : rows) {
        PipelineScene scene;
        scene.hurt(row.fault);
        scene.send(2, 5, 3);
        ASSERT_EQ(scene.answers.count(row.disposition), 1u) << name_of(row.fault.kind);
        const Decision& decision = scene.answers.all[0].decision;
        EXPECT_EQ(decision.retry_after, row.retry_after);
        EXPECT_EQ(decision.equipment, EquipmentId{2});
        EXPECT_EQ(decision.first, 5u);
        EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
        EXPECT_EQ(counts_of(scene.figures.refused),
                  (std::map<std::string, std::uint64_t>{{std::string(name_of(row.fault.kind)), 1}}));
    }
}

}  // namespace
}  // namespace portillon::server::stages
