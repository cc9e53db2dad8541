#include "report/fault_text.h"

#include <gtest/gtest.h>

#include "report/samples.h"

namespace portillon::report {
namespace {

TEST(FaultLine, SaysHowItsCommandsEnded) {
    RunReport run;
    run.faults = {{.number = 3,
                   .kind = "command",
                   .what = "command stop, then start",
                   .at_s = 4,
                   .to_s = 9,
                   .back_to_normal_s = 2}};
    auto& fault = run.faults[0];
    fault.commands = {{.key = "run",
                       .command = "stop",
                       .took_s = 1.25,
                       .exit_status = 0,
                       .ended = "exited with 0",
                       .last_line = "stopped"},
                      {.key = "until",
                       .command = "start",
                       .took_s = 0.5,
                       .exit_status = 5,
                       .ended = "exited with 5",
                       .last_line = "no such unit"}};
    EXPECT_EQ(fault_line(run, fault),
              "3 command stop, then start, at 4 s to 9 s: back to normal after 2 s; run exited with 0 after 1.25 s; "
              "until exited with 5 after 500 ms (no such unit)");
}

}  // namespace
}  // namespace portillon::report
