// The result does not depend on the number of shards.

#include <gtest/gtest.h>

#include "base/random.h"
#include "fleet/scripted.h"

namespace portillon::fleet {
namespace {

// The script's answers depend only on the equipment and the instant.
Result merged(const plan::Lot& plan, std::uint32_t shards) {
    std::vector<std::unique_ptr<Rehearsal>> runs;
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
        plan::Lot slice = plan;
        slice.shard = shard;
        slice.shards = shards;
        auto& run = *runs.emplace_back(std::make_unique<Rehearsal>(slice));
        run.driver.notes = ScriptedDriver::Notes::none;
        run.driver.dial = [](EquipmentId id, Instant now) -> ScriptedDriver::Dial {
            const auto dice = scatter(number_of(id), static_cast<std::uint64_t>(now.time_since_epoch().count()));
            return {.failure = dice % 4 == 0 ? refused() : error_code{}, .takes = Nanos{dice % 50'000'000}};
        };
        run.driver.reply = [](const driver::Batch& batch, Instant) {
            const auto dice = scatter(scatter(number_of(batch.equipment), batch.first), batch.attempt);
            ScriptedDriver::Reply reply{.after = Nanos{dice / 16 % 300'000'000}};
            switch (dice % 16) {
                case 0:
                    reply = {.answer = driver::Answer::rejected, .cause = refused()};
                    break;
                case 1:
                    reply = {.answer = driver::Answer::try_again, .after = reply.after, .cause = reset()};
                    break;
                case 2:
                    reply.after = ScriptedDriver::never_answered;
                    break;
                default:
                    break;
            }
            return reply;
        };
        run.engine().connect(run.now());
    }
    const Instant t0 = runs[0]->now() + 3s;
    for (auto& run : runs) {
        run->simulation.run_until(t0 - 1s);
        run->t0 = t0;
        run->engine().start(t0);
        for (const auto& [id, at] : {std::pair(EquipmentId{2}, 4s), std::pair(EquipmentId{7}, 6s)}) {
            run->run_to(at);
            if ((number_of(id) - 1) % shards == static_cast<std::uint32_t>(&run - runs.data())) {
                run->driver.break_connection(id, reset());
            }
        }
        run->drain();
    }
    Result all;
    Nanos last{};
    for (auto& run : runs) {
        last = std::max(last, run->since_t0());
    }
    for (auto& run : runs) {
        run->run_to(last);
    }
    for (auto& run : runs) {
        const auto result = run->close();
        if (run == runs.front()) {
            all = result;
        } else {
            merge(all, result);
        }
    }
    return all;
}

TEST(Shards, MakeTheSameResultWhateverTheirNumber) {
    for (const auto kind : {arrival::Kind::periodic, arrival::Kind::poisson, arrival::Kind::closed}) {
        auto plan = plain_plan({.kind = kind}, {steady(3s, 4, arrival::Measure::off), steady(9s, 20)});
        plan.equipments = 13;
        plan.delivery.batch = {.max = 5, .linger = 300ms};
        plan.delivery.in_flight = 2;
        plan.delivery.timeout = 700ms;
        plan.delivery.cache = Bytes{(12) * plan.payload_bytes};
        plan.delivery.drain = 10s;
        const auto one = merged(plan, 1);
        EXPECT_GT(one.counts.acknowledged, 1'000u);
        EXPECT_GT(one.counts.retries, 50u);
        EXPECT_EQ(one.counts.reconnects, 2u);
        for (const std::uint32_t shards : {2u, 3u}) {
            const auto many = merged(plan, shards);
            EXPECT_EQ(many.counts, one.counts);
            EXPECT_EQ(many.exceptions, one.exceptions);
            EXPECT_EQ(many.errors, one.errors);
            EXPECT_EQ(many.series, one.series);
            EXPECT_TRUE(many == one) << shards << " shards";
        }
    }
}

TEST(Shards, DealEquipmentsInTurn) {
    auto plan = plain_plan({}, {});
    plan.equipments = 11;
    plan.shards = 3;
    const std::vector<std::vector<std::uint32_t>> expected{{1, 4, 7, 10}, {2, 5, 8, 11}, {3, 6, 9}};
    for (plan.shard = 0; plan.shard < 3; ++plan.shard) {
        std::vector<std::uint32_t> dealt;
        for (std::uint32_t place = 0; place < plan.slice().count; ++place) {
            dealt.push_back(number_of(plan.slice().at(place)));
        }
        EXPECT_EQ(dealt, expected[plan.shard]);
    }
    plan.equipments = 2;
    plan.shard = 2;
    EXPECT_EQ(plan.slice().count, 0u);
}

TEST(Shards, AnEmptySliceIsDoneAtOnce) {
    auto plan = plain_plan({}, {steady(1s, 1)});
    plan.shards = 3;
    plan.shard = 2;
    Rehearsal run(plan);
    const auto result = run.whole();
    EXPECT_EQ(result.counts.generated, 0u);
    EXPECT_TRUE(result.generated.empty());
}

}  // namespace
}  // namespace portillon::fleet
