#include "run/verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace portillon::run {

namespace {

constexpr double saturated_share = 0.95;
constexpr Nanos clock_step_limit = 100ms;
constexpr double late_share_limit = 0.01;

}  // namespace

Judgement judge(const Observed& observed) {
    std::vector<std::string> invalid, suspect;
    for (const auto& shard : observed.lost_shards) {
        invalid.push_back("a process was lost: " + shard);
    }
    if (observed.no_descriptors > 0) {
        invalid.push_back(
            fmt::format("{} failed because a generator process had no file descriptors left: raise --shards",
                        counted(observed.no_descriptors, "connection")));
    }
    if (observed.turned_away > 0) {
        invalid.push_back(fmt::format("the embedded server turned {} away because it had no file descriptors left",
                                      counted(observed.turned_away, "connection")));
    }
    if (observed.no_ports > 0) {
        invalid.push_back(
            fmt::format("{} failed because no local ports were left: add source addresses (--source-address)",
                        counted(observed.no_ports, "connection")));
    }
    if (!observed.unread_ledger.empty()) {
        invalid.push_back("the server's record could not be read: " + observed.unread_ledger);
    }
    for (const auto& identity : observed.unbalanced) {
        invalid.push_back("the delivery account does not add up: " + identity);
    }
    if (observed.lag_p99) {
        const Nanos lag = *observed.lag_p99;
        if (observed.response_p99 && lag > *observed.response_p99 / 2 && lag > 1ms) {
            invalid.push_back(
                fmt::format("the generator itself was late, so response measures the tool and not the target: "
                            "its scheduling delay (generator_lag) has a P99 of {}, above half of response P99 {}",
                            humanize(lag), humanize(*observed.response_p99)));
        } else if (lag > std::max(Nanos{1ms}, observed.response_p99.value_or(0ns) / 20)) {
            suspect.push_back(
                fmt::format("the generator was late: its scheduling delay (generator_lag) has a P99 of {}, above {} (5 "
                            "% of response P99, 1 ms at least)",
                            humanize(lag), humanize(std::max(Nanos{1ms}, observed.response_p99.value_or(0ns) / 20))));
        }
    }
    if (observed.measured > 0 &&
        static_cast<double>(observed.late_unhindered) > late_share_limit * static_cast<double>(observed.measured)) {
        suspect.push_back(fmt::format(
            "{} of {} validations were first sent a second or more after they were due, though nothing held "
            "them back but the generator: the rate was not reached",
            observed.late_unhindered, observed.measured));
    }
    for (const auto& command : observed.failed_commands) {
        suspect.push_back("a command of a fault failed: " + command);
    }
    if (observed.nothing_due) {
        suspect.push_back("nothing was due in a measured stage: there is nothing to judge");
    }
    if (observed.cpu_share > saturated_share) {
        suspect.push_back(
            fmt::format("the machine's processors were {:.0f} % busy: timers and answers may have been late",
                        observed.cpu_share * 100));
    }
    if (std::chrono::abs(observed.clock_step) > clock_step_limit) {
        suspect.push_back(fmt::format("the machine's wall clock was changed by {} during the run",
                                      humanize(Nanos{std::chrono::abs(observed.clock_step)})));
    }
    if (observed.listen_overflows > 0) {
        suspect.push_back(
            fmt::format("a listen queue was full for {}, which delayed them: see accept backlog in portillon doctor",
                        counted(observed.listen_overflows, "connection")));
    }
    Judgement judgement;
    judgement.measurement = !invalid.empty()   ? Measurement::invalid
                            : !suspect.empty() ? Measurement::suspect
                                               : Measurement::valid;
    judgement.reasons = std::move(invalid);
    judgement.reasons.insert(judgement.reasons.end(), suspect.begin(), suspect.end());
    return judgement;
}

}  // namespace portillon::run
