// These tests start real processes, in real time.
#include "run/command_runner.h"

#include <gmock/gmock.h>

#include "net/task_group.h"

namespace portillon::run {
namespace {

class CommandRunnerTest : public ::testing::Test {
protected:
    CommandEnd execute(std::vector<std::string> words, Nanos limit = 30s) {
        tasks.spawn(live(std::move(words), limit));
        loop.run();
        return end;
    }
    CommandEnd sh(std::string script, Nanos limit = 30s) { return execute({"sh", "-c", std::move(script)}, limit); }
    net::Task<void> live(std::vector<std::string> words, Nanos limit) {
        end = co_await runner.execute(std::move(words), limit);
        loop.stop();
    }

    MonotonicClock clock;
    net::Loop loop{clock};
    CommandRunner runner{loop};
    CommandEnd end;
    net::TaskGroup tasks{loop};
};

TEST_F(CommandRunnerTest, SaysHowACommandEnded) {
    EXPECT_EQ(execute({"true"}).exit_status, 0);
    EXPECT_EQ(end.ended, "exited with 0");
    EXPECT_EQ(sh("exit 7").exit_status, 7);
    EXPECT_EQ(end.ended, "exited with 7");
    EXPECT_EQ(sh("kill -9 $$").exit_status, std::nullopt);
    EXPECT_EQ(end.ended, "was killed by signal 9");
    EXPECT_EQ(execute({"/no/such program"}).exit_status, std::nullopt);
    EXPECT_EQ(end.ended, "could not be started: No such file or directory");
}

TEST_F(CommandRunnerTest, PassesTheWordsOnAsTheyAre) {
    EXPECT_EQ(execute({"printf", "%s|", "a  b", "$HOME", ""}).last_line, "a  b|$HOME||");
}

TEST_F(CommandRunnerTest, KeepsTheLastLineOfAllThatIsPrinted) {
    EXPECT_EQ(sh("echo one; echo two >&2; echo; echo").last_line, "two");
    EXPECT_EQ(sh("echo one; printf two").last_line, "two");
    EXPECT_EQ(sh("true").last_line, "");
    EXPECT_EQ(sh("yes | head -c 5000000; echo; echo end").last_line, "end") << "more than a pipe holds";
    EXPECT_EQ(sh("head -c 5000000 /dev/zero | tr '\\0' a").last_line, std::string(500, 'a'));
}

TEST_F(CommandRunnerTest, KillsACommandAndItsChildrenWhenTheirTimeIsUp) {
    const Instant began = loop.now();
    EXPECT_EQ(sh("echo here; sleep 1000 & sleep 1000", 100ms).exit_status, std::nullopt);
    EXPECT_EQ(end.ended, "took longer than 100 ms and was killed");
    EXPECT_EQ(end.last_line, "here");
    EXPECT_LT(loop.now() - began, 4s);
}

TEST_F(CommandRunnerTest, LeavesWhatACommandStartedInTheBackground) {
    const Instant began = loop.now();
    EXPECT_EQ(sh("sleep 5 & echo $!").exit_status, 0);
    EXPECT_LT(loop.now() - began, 4s) << "it was not waited for";
    EXPECT_EQ(execute({"kill", end.last_line}).exit_status, 0) << "it was still there";
}

TEST_F(CommandRunnerTest, GivesACommandNoTerminalAndNoInput) {
    EXPECT_NE(sh("read line").exit_status, 0);
    EXPECT_EQ(sh("exec 2>&1; : < /dev/tty && echo a terminal").exit_status.value_or(0) == 0, false);
    EXPECT_EQ(sh("ls /proc/self/fd | wc -l").last_line, "4") << "0, 1, 2 and the directory";
}

}  // namespace
}  // namespace portillon::run
