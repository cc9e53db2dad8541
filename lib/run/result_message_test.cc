#include "run/result_message.h"

#include <gtest/gtest.h>

namespace portillon::run {
namespace {

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
        v1::Result message;
        write_result(result, message);
        const auto read = read_result(message);
        ASSERT_TRUE(read);
        EXPECT_TRUE(*read == result);
    }
}

TEST(ResultMessage, IsRefusedWhenItIsOfAnotherMake) {
    v1::Result message;
    write_result(sample(1), message);
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
}  // namespace portillon::run
