#include "server/stages/decode.h"

#include <gtest/gtest.h>

#include "server/pipeline_scene.h"

namespace portillon::server::stages {
namespace {

TEST(Decode, RefusesWhatIsNoBatchAndGoesOn) {
    PipelineScene scene;
    const auto good = scene.run.batch(1, 1, 2);
    const std::string json = "{\"run\":";
    scene.send(std::span(good).first(good.size() - 1));
    scene.send(std::span<const std::byte>());
    scene.send(std::as_bytes(std::span(json)));
    EXPECT_EQ(scene.answers.count(Disposition::malformed), 3u);
    EXPECT_TRUE(scene.answers.all[0].decision.cause);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
    EXPECT_EQ(scene.figures.batches.get(), 0u);
    std::uint64_t refused = 0;
    for (const auto& [cause, count] : counts_of(scene.figures.refused)) {
        refused += count;
    }
    EXPECT_EQ(refused, 3u);
    scene.send(good);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 2u);
}

}  // namespace
}  // namespace portillon::server::stages
