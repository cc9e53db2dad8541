#include "generator/result_message.h"

#include <gtest/gtest.h>

#include "link/link.h"

namespace portillon::generator {
namespace {

link::v1::Result merged_result(const std::vector<link::v1::LinkMessage>& pieces) {
    link::v1::Result whole;
    for (const auto& piece : pieces) {
        whole.MergeFrom(piece.result());
    }
    return whole;
}

fleet::Result sample(std::uint64_t count) {
    fleet::Result result;
    result.parts.resize(3);
    result.parts[0].measure = arrival::Measure::off;
    for (auto& part : result.parts) {
        part.counts.generated = 6 * count;
        part.counts.acknowledged = 2 * count;
        part.counts.rejected = part.counts.discarded = part.counts.cached = count;
        part.response.record(3ms, 2 * count);
        part.service.record(2ms, 2 * count);
        part.lateness.record(1ms, 3 * count);
        count += 2;
    }
    fleet::add_up(result);
    result.counts = {
        .generated = 1, .acknowledged = 2, .rejected = 3, .unacknowledged = 5, .cached = 6, .discarded = 4};
    result.connect.record(5ms);
    result.generator_lag.record(5us, 9);
    result.generated = {{EquipmentId{1}, 12, {4, 0, 8}}, {EquipmentId{4}, 3, {1, 1, 1}}};
    result.exceptions = {{EquipmentId{4}, 1, 2, fleet::State::rejected}};
    result.errors = {{"deliver.reset", 1}};
    result.server_said = {{"reset", std::string("any \xff bytes\0", 12)}};
    result.connecting = 7s;
    result.series.intervals = {{1, 2, 3, 4, 5, "packed"}};
    result.series.end = 700ms;
    return result;
}

TEST(ResultMessage, ComesBackAsItWasSent) {
    auto result = sample(1);
    for (const bool closed : {true, false}) {
        for (auto& generated : result.generated) {
            if (!closed) {
                generated.by_segment.clear();
            }
        }
        const auto read = read_result(merged_result(write_result(result, {})));
        ASSERT_TRUE(read);
        EXPECT_TRUE(*read == result);
    }
}

TEST(ResultMessage, TravelsInPiecesThatALinkCarries) {
    auto result = sample(1);
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        result.exceptions.push_back({EquipmentId{5 + i}, i + 1, i + 2'000'000'000, fleet::State::unacknowledged});
        result.series.intervals.push_back({i, i, i, i, i, std::string(i % 100, 'x'), i + 1});
    }
    result.parts.resize(400, result.parts[1]);
    for (auto& part : result.parts) {
        for (Nanos value = 1ms; value < 1h; value += value / 100) {
            part.response.record(value);
        }
    }
    result.generated.clear();
    for (std::uint32_t i = 1; i <= 2'000; ++i) {
        result.generated.push_back({EquipmentId{i}, std::uint64_t{1} << 60, std::vector<std::uint64_t>(400, 1U << 30)});
    }
    fleet::add_up(result);
    const std::vector<net::faults::Injected> injected(3, {1, 2, 3});
    const auto pieces = write_result(result, injected);
    EXPECT_GT(pieces.size(), 10u);
    for (const auto& piece : pieces) {
        EXPECT_LT(piece.ByteSizeLong(), link::max_message_bytes);
    }
    const auto read = read_result(merged_result(pieces));
    ASSERT_TRUE(read);
    EXPECT_TRUE(*read == result);
    std::vector<net::faults::Injected> sum;
    add_injected(merged_result(pieces), sum);
    EXPECT_EQ(sum.size(), 3u);
}

TEST(SnapshotMessage, TellsAllThatHasChangedInMessagesThatALinkCarries) {
    fleet::Changes changes;
    for (std::uint32_t segment = 0; segment < 1'000; ++segment) {
        changes.parts.push_back(
            {.segment = segment, .counts = {.generated = segment}, .packed = {std::string(900, 'r')}});
    }
    changes.connect = "c";
    changes.generator_lag = "l";
    const auto messages = write_snapshot({.counts = {.generated = 7}, .in_flight = 3}, changes);
    EXPECT_GT(messages.size(), 1u);
    std::uint32_t segment = 0;
    for (const auto& message : messages) {
        EXPECT_LT(message.ByteSizeLong(), link::max_message_bytes);
        EXPECT_EQ(message.snapshot().in_flight(), 3u);
        for (const auto& part : message.snapshot().changed()) {
            EXPECT_EQ(part.segment(), segment++);
        }
    }
    EXPECT_EQ(segment, 1'000u);
    EXPECT_EQ(messages.back().snapshot().connect(), "c");
    EXPECT_EQ(messages.back().snapshot().generator_lag(), "l");
}

TEST(ResultMessage, IsRefusedWhenItIsOfAnotherMake) {
    const auto message = merged_result(write_result(sample(1), {}));
    auto broken = message;
    broken.mutable_parts(1)->set_timings(1, "no histogram");
    EXPECT_FALSE(read_result(broken));
    broken = message;
    broken.add_closed_generated(1);
    EXPECT_FALSE(read_result(broken));
    broken = message;
    broken.add_counts(1);
    EXPECT_FALSE(read_result(broken)) << "a count that this version does not know";
    broken = message;
    broken.add_equipments(1);
    EXPECT_FALSE(read_result(broken));
}

}  // namespace
}  // namespace portillon::generator
