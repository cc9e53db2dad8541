#include "run/verdict.h"

#include <gtest/gtest.h>

#include <functional>

namespace portillon::run {
namespace {

Observed good() {
    Observed observed;
    observed.lag_p99 = 200us;
    observed.response_p99 = 5ms;
    observed.measured = 1000;
    observed.late_unhindered = 10;
    observed.cpu_share = 0.5;
    return observed;
}

TEST(Verdict, JudgesEachReasonByItself) {
    struct Row {
        const char* what;
        std::function<void(Observed&)> change;
        Measurement expected;
        const char* says;
    };
    const Row rows[] = {
        {"nothing", [](Observed&) {}, Measurement::valid, ""},
        {"a shard", [](Observed& o) { o.lost_shards = {"generator process 1"}; }, Measurement::invalid,
         "generator process 1"},
        {"descriptors", [](Observed& o) { o.no_descriptors = 1; }, Measurement::invalid, "descriptors"},
        {"a full server", [](Observed& o) { o.turned_away = 1; }, Measurement::invalid, "turned 1 connection away"},
        {"ports", [](Observed& o) { o.no_ports = 1; }, Measurement::invalid, "ports"},
        {"an unread ledger", [](Observed& o) { o.unread_ledger = "no answer"; }, Measurement::invalid, "no answer"},
        {"a command", [](Observed& o) { o.failed_commands = {"fault 2: stop exited with 5"}; }, Measurement::suspect,
         "a command of a fault failed: fault 2: stop exited with 5"},
        {"books", [](Observed& o) { o.unbalanced = {"a + b = c"}; }, Measurement::invalid, "a + b = c"},
        {"lag above half", [](Observed& o) { o.lag_p99 = 2600us; }, Measurement::invalid, "half"},
        {"lag above half of next to nothing is no harm",
         [](Observed& o) {
             o.lag_p99 = 200us;
             o.response_p99 = 300us;
         },
         Measurement::valid, ""},
        {"lag above a millisecond", [](Observed& o) { o.lag_p99 = 1001us; }, Measurement::suspect, "late"},
        {"a millisecond is nothing beside slow answers",
         [](Observed& o) {
             o.lag_p99 = 4ms;
             o.response_p99 = 100ms;
         },
         Measurement::valid, ""},
        {"late unhindered", [](Observed& o) { o.late_unhindered = 11; }, Measurement::suspect, "rate"},
        {"nothing due", [](Observed& o) { o.nothing_due = true; }, Measurement::suspect, "nothing was due"},
        {"cpu", [](Observed& o) { o.cpu_share = 0.96; }, Measurement::suspect, "96 %"},
        {"clock", [](Observed& o) { o.clock_step = -101ms; }, Measurement::suspect, "clock"},
        {"overflows", [](Observed& o) { o.listen_overflows = 3; }, Measurement::suspect, "listen"},
    };
    for (const Row& row : rows) {
        Observed observed = good();
        row.change(observed);
        const auto judgement = judge(observed);
        EXPECT_EQ(judgement.measurement, row.expected) << row.what;
        EXPECT_EQ(judgement.reasons.empty(), row.expected == Measurement::valid) << row.what;
        if (!judgement.reasons.empty()) {
            EXPECT_NE(judgement.reasons[0].find(row.says), std::string::npos) << judgement.reasons[0];
        }
    }
}

// A starved generator turns to an equipment late, and the response holds all of it: so P99 of the response is at least
// that of the lag, whatever the server does.
TEST(Verdict, NeverCallsAStarvedGeneratorValid) {
    for (const Nanos lag : {Nanos{1001us}, Nanos{2ms}, Nanos{10ms}, Nanos{1s}, Nanos{60s}}) {
        for (const Nanos server : {Nanos{0}, Nanos{100us}, Nanos{1ms}, Nanos{10ms}}) {
            for (const double cpu_share : {0.1, 0.5, 0.96, 1.0}) {
                Observed observed = good();
                observed.lag_p99 = lag;
                observed.response_p99 = lag + server;
                observed.cpu_share = cpu_share;
                const auto judgement = judge(observed);
                EXPECT_NE(judgement.measurement, Measurement::valid)
                    << humanize(lag) << " of " << humanize(lag + server);
                EXPECT_EQ(judgement.measurement == Measurement::invalid, server < lag) << judgement.reasons[0];
            }
        }
    }
}

TEST(Verdict, NamesTheGravestFirst) {
    Observed observed = good();
    observed.cpu_share = 1;
    observed.no_ports = 2;
    const auto judgement = judge(observed);
    ASSERT_EQ(judgement.reasons.size(), 2u);
    EXPECT_NE(judgement.reasons[0].find("ports"), std::string::npos);
}

}  // namespace
}  // namespace portillon::run
