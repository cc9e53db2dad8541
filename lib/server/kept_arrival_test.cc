#include "server/kept_arrival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "server/sample_run.h"
#include "server/stages/decode.h"
#include "server/stages/next_stage.h"

namespace portillon::server {
namespace {

TEST(KeptArrival, KeepsAnUndecodedOneByItsBytes) {
    HeardAnswers answers;
    std::vector<std::byte> bytes(10, std::byte{7});
    KeptArrival kept({.bytes = bytes, .reply = {&answers, {1, 2, 3}}, .at = sample_t0});
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    const Arrival arrival = kept.arrival();
    EXPECT_EQ(arrival.batch, nullptr);
    EXPECT_EQ(std::vector(arrival.bytes.begin(), arrival.bytes.end()), std::vector(10, std::byte{7}));
    EXPECT_EQ(arrival.at, sample_t0);
    arrival.reply.decided({});
    EXPECT_EQ(answers.all.at(0).ticket.exchange, 3u);
}

// Fillers of a JSON batch with an escape are views of the decoder's own text, all others of the message's bytes.
TEST(KeptArrival, KeepsADecodedOneWhenItsBytesAndItsBatchAreUsedAgain) {
    const SampleRun run;
    std::string escaped;
    for (const std::byte each : run.batch(2, 5, 3, wire::Encoding::json)) {
        escaped += static_cast<char>(each);
    }
    const auto filler = escaped.find("\"filler\":\"");
    ASSERT_NE(filler, std::string::npos);
    const auto first_letter = filler + 10;
    escaped.replace(first_letter, 1, "\\u00" + std::string("6") + "1");
    const auto as_bytes = std::as_bytes(std::span(escaped));
    for (std::vector<std::byte> bytes :
         {run.batch(2, 5, 3), run.batch(2, 5, 3, wire::Encoding::json), {as_bytes.begin(), as_bytes.end()}}) {
        Figures figures;
        stages::NextStage next;
        stages::Decode decode(figures, next);
        HeardAnswers answers;
        Arrival arrival{.bytes = bytes, .reply = {&answers, {}}};
        decode.take(arrival);
        ASSERT_EQ(next.taken.size(), 1u);
        const std::vector<wire::Validation> decoded = arrival.batch->validations;
        std::vector<std::string> fillers;
        for (const wire::Validation& validation : decoded) {
            fillers.emplace_back(validation.filler);
        }
        std::deque<KeptArrival> kept;
        kept.push_back(std::move(next.taken[0]));
        const auto other = run.batch(1, 1, 9);
        Arrival another{.bytes = other, .reply = {&answers, {}}};
        decode.take(another);
        std::fill(bytes.begin(), bytes.end(), std::byte{0});
        const Arrival again = kept.front().arrival();
        EXPECT_EQ(again.count, 3u);
        EXPECT_EQ(again.batch->run, run.spec.run);
        EXPECT_EQ(again.batch->equipment, EquipmentId{2});
        EXPECT_EQ(again.batch->first, 5u);
        ASSERT_EQ(again.batch->validations.size(), 3u);
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(again.batch->validations[i].sequence, 5 + i);
            EXPECT_EQ(again.batch->validations[i].filler, fillers[i]);
        }
    }
}

}  // namespace
}  // namespace portillon::server
