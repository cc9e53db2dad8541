#include "run/command_faults.h"

#include <gmock/gmock.h>

#include "testing/simulation.h"

namespace portillon::run {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Listener final : public Progress {
public:
    void live(const Live&) override {}
    void announce(std::string_view line) override { announced.emplace_back(line); }
    void warn(std::string_view line) override { warned.emplace_back(line); }
    std::vector<std::string> announced, warned;
};

// Commands that take as long as the test says and are only written down.
class CommandFaultsTest : public ::testing::Test {
protected:
    ~CommandFaultsTest() override {
        faults.finish();
        tasks.spawn(faults.join());
        simulation.run_for(1h);
    }

    net::Task<CommandEnd> pretend(std::vector<std::string> words, Nanos limit) {
        started.push_back(fmt_of(words));
        net::Wakeup pause(simulation.loop());
        co_await pause.until(simulation.now() + takes);
        limits.push_back(limit);
        co_return end;
    }
    static std::string fmt_of(const std::vector<std::string>& words) {
        std::string text;
        for (const auto& word : words) {
            text += "[" + word + "]";
        }
        return text;
    }

    testing::Simulation simulation;
    Listener listener;
    std::vector<std::string> started;
    std::vector<Nanos> limits;
    Nanos takes = 1s;
    CommandEnd end{.ended = "exited with 0", .exit_status = 0, .last_line = "done\x1b"};
    CommandFaults faults{simulation.loop(), listener, [this](std::vector<std::string> words, Nanos limit) {
                             return pretend(std::move(words), limit);
                         }};
    net::TaskGroup tasks{simulation.loop()};
    std::vector<scenario::Fault> scenario{{.kind = faults::Kind::stall, .at = 1s, .during = 1s},
                                          {.kind = faults::Kind::command,
                                           .at = 5s,
                                           .during = 10s,
                                           .run = "stop 'the broker'",
                                           .until = "start",
                                           .time_limit = 7s}};
};

TEST_F(CommandFaultsTest, AreExecutedAtTheirTimes) {
    const Instant t0 = simulation.now();
    faults.begin(scenario, t0);
    simulation.run_until(t0 + 4999ms);
    EXPECT_THAT(started, IsEmpty());
    EXPECT_THAT(faults.owed(), IsEmpty());
    simulation.run_until(t0 + 5500ms);
    EXPECT_THAT(started, ElementsAre("[stop][the broker]"));
    EXPECT_THAT(faults.owed(), ElementsAre("start"));
    EXPECT_THAT(faults.executed(), IsEmpty()) << "it is not over";
    simulation.run_until(t0 + 14999ms);
    EXPECT_THAT(started, SizeIs(1));
    simulation.run_until(t0 + 16s);
    EXPECT_THAT(started, ElementsAre("[stop][the broker]", "[start]"));
    EXPECT_THAT(faults.owed(), IsEmpty());
    EXPECT_THAT(limits, ElementsAre(7s, 7s));
    const report::ExecutedCommand run{.key = "run",
                                      .command = "stop 'the broker'",
                                      .at_s = 5,
                                      .took_s = 1,
                                      .exit_status = 0,
                                      .ended = "exited with 0",
                                      .last_line = "done\\x1b"};
    auto until = run;
    until.key = "until";
    until.command = "start";
    until.at_s = 15;
    ASSERT_THAT(faults.executed(), SizeIs(1));
    EXPECT_THAT(faults.executed().at(1), ElementsAre(run, until));
    EXPECT_THAT(listener.announced, ElementsAre("fault 2: stop 'the broker' exited with 0 after 1.00 s",
                                                "fault 2: start exited with 0 after 1.00 s"));
}

TEST_F(CommandFaultsTest, EndAtOnceWithTheRun) {
    scenario.push_back({.kind = faults::Kind::command, .at = 9s, .run = "late", .time_limit = 1s});
    const Instant t0 = simulation.now();
    faults.begin(scenario, t0);
    simulation.run_until(t0 + 8s);
    faults.finish();
    simulation.run_until(t0 + 20s);
    EXPECT_THAT(started, ElementsAre("[stop][the broker]", "[start]"));
    EXPECT_EQ(faults.executed().at(1)[1].at_s, 8);
    EXPECT_FALSE(faults.executed().contains(2)) << "it was never begun";
}

TEST_F(CommandFaultsTest, AreEndedOnlyAfterTheyHaveBegun) {
    takes = 30s;
    const Instant t0 = simulation.now();
    faults.begin(scenario, t0);
    simulation.run_until(t0 + 6s);
    faults.finish();
    simulation.run_until(t0 + 36s);
    EXPECT_THAT(started, ElementsAre("[stop][the broker]", "[start]"));
    simulation.run_until(t0 + 66s);
    EXPECT_EQ(faults.executed().at(1)[1].at_s, 35);
}

TEST_F(CommandFaultsTest, WarnOfFailures) {
    end = {.ended = "could not be started: no such file", .exit_status = {}, .last_line = {}};
    takes = 0s;
    faults.begin(scenario, simulation.now());
    simulation.run_for(20s);
    EXPECT_THAT(listener.warned, ElementsAre("fault 2: stop 'the broker' could not be started: no such file",
                                             "fault 2: start could not be started: no such file"));
    EXPECT_FALSE(faults.executed().at(1)[0].succeeded());
}

}  // namespace
}  // namespace portillon::run
