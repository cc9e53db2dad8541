#include "server/drains.h"

#include <algorithm>
#include <utility>

namespace portillon::server {

namespace {

constexpr Nanos drain_step = 5ms;
constexpr int enough_quiet_turns = 2;  // another connection may be accepted in the turn after the last one has gone

}  // namespace

void Drains::begin(Instant deadline, Done done) {
    draining_.push_back({deadline, 0, std::move(done)});
    loop_.timers().set(*this, loop_.now());
}

// Polls: a drain is quiet after some turns without connections. Before the first drain ends the pipeline is flushed,
// and a quiet drain also waits until the pipeline is empty; one whose deadline has come does not.
void Drains::ring(Instant now) {
    const std::size_t left = connections_();
    for (Drain& each : draining_) {
        each.quiet_turns = left == 0 ? each.quiet_turns + 1 : 0;
    }
    const auto is_due = [now](const Drain& each) { return now >= each.deadline; };
    const auto is_quiet = [](const Drain& each) { return each.quiet_turns >= enough_quiet_turns; };
    if (std::any_of(draining_.begin(), draining_.end(),
                    [&](const Drain& each) { return is_due(each) || is_quiet(each); })) {
        pipeline_.flush();
    }
    const bool is_empty = pipeline_.waiting() == 0;
    const auto over = std::stable_partition(draining_.begin(), draining_.end(), [&](const Drain& each) {
        return !is_due(each) && !(is_quiet(each) && is_empty);
    });
    std::vector<Drain> ended(std::make_move_iterator(over), std::make_move_iterator(draining_.end()));
    draining_.erase(over, draining_.end());
    if (!draining_.empty()) {
        loop_.timers().set(*this, now + drain_step);
    }
    for (const Drain& each : ended) {
        each.done(left);
    }
}

}  // namespace portillon::server
