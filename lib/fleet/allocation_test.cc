// In the steady state a message costs no allocation. Counted with an operator new of this program.

#include <gtest/gtest.h>

#include "fleet/scripted.h"
#include "testing/counted_new.h"

namespace portillon::fleet {
namespace {

TEST(Allocation, NoneForAMessageInTheSteadyState) {
    auto plan = plain_plan({}, {steady(60s, 20)});
    plan.equipments = 100;
    plan.delivery.batch = {.max = 3, .linger = 1s};
    Rehearsal run(plan);
    run.driver.notes = ScriptedDriver::Notes::none;
    std::vector<std::byte> bytes(10'000);
    run.driver.look = [&bytes](const driver::Batch& batch) {
        batch.body->write_to(std::span(bytes).first(batch.body->size()));
    };
    run.driver.reply = [](const driver::Batch& batch, Instant) {
        return batch.attempt == 1 && batch.first % 5 == 0
                   ? ScriptedDriver::Reply{.answer = driver::Answer::try_again, .cause = reset()}
                   : ScriptedDriver::Reply{.after = 20ms};
    };
    run.connect();
    run.start();
    run.run_to(10'100ms);
    const auto before = testing::allocations_so_far();
    const auto acknowledged = run.engine().snapshot().counts.acknowledged;
    const auto snapshot_cost = testing::allocations_so_far() - before;
    run.run_to(10'900ms);  // between two seconds: closing one packs a histogram
    const auto made = testing::allocations_so_far() - before - snapshot_cost;
    EXPECT_GT(run.engine().snapshot().counts.acknowledged, acknowledged + 1'000);
    EXPECT_EQ(made, 0u);
    run.drain();
    run.close();
}

}  // namespace
}  // namespace portillon::fleet
