#include "server/stages/genuine.h"

#include <gtest/gtest.h>

#include "server/pipeline_scene.h"
#include "server/stages/next_stage.h"

namespace portillon::server::stages {
namespace {

TEST(Genuine, TakesBytesThatTheSeedDoesNotMakeForUnexpected) {
    PipelineScene scene;
    auto changed = scene.run.batch(1, 1, 1);
    changed.back() = static_cast<std::byte>('z');
    scene.send(changed);
    plan::RunSpec other = sample_spec();
    other.payload.bytes = 101;  // every byte right, but one too many
    scene.send(SampleRun(other).batch(1, 1, 1));
    other = sample_spec();
    other.payload.seed = 8;
    scene.send(SampleRun(other).batch(1, 1, 1));
    EXPECT_EQ(scene.answers.count(Disposition::accepted), 3u);
    EXPECT_EQ(scene.run.ledger.counts().unexpected, 3u);
    EXPECT_EQ(scene.run.ledger.counts().delivered, 0u);
}

TEST(Genuine, TakesOutOfABatchWhatTheSeedDoesNotMake) {
    SampleRun run;
    Figures figures;
    OpenLedgers ledgers;
    NextStage next;
    Genuine genuine(ledgers, next);
    Decode decode(figures, genuine);
    HeardAnswers answers;
    auto bytes = run.batch(1, 4, 3);
    bytes.back() = static_cast<std::byte>('z');  // in the last validation's filler
    Arrival arrival{.bytes = bytes, .reply = {&answers, {}}};
    decode.take(arrival);
    ledgers.open(run.ledger);
    arrival = {.bytes = bytes, .reply = {&answers, {}}};
    decode.take(arrival);
    ASSERT_EQ(next.taken.size(), 2u);
    const Arrival unregistered = next.taken[0].arrival();
    EXPECT_EQ(unregistered.unexpected, 0u) << "there was no seed to compare with";
    EXPECT_EQ(unregistered.batch->validations.size(), 3u);
    const Arrival compared = next.taken[1].arrival();
    EXPECT_EQ(compared.unexpected, 1u);
    EXPECT_EQ(compared.count, 3u);
    ASSERT_EQ(compared.batch->validations.size(), 2u);
    EXPECT_EQ(compared.batch->validations[0].sequence, 4u);
    EXPECT_EQ(compared.batch->validations[1].sequence, 5u);
}

}  // namespace
}  // namespace portillon::server::stages
