#include "net/loop.h"

#include <sys/prctl.h>

#include <boost/system/system_error.hpp>

#include "base/error.h"

namespace portillon::net {

namespace {

// One TLS record, or one HTTP/2 frame; one buffer per shard. A connection with more bytes waits for its next turn: with
// 64 KiB a burst of 300 small requests on one connection tripled the P99 of all the others.
constexpr std::size_t read_buffer_bytes = 16 * 1024;

// The limit of coroutines in one turn: those that never pause do not starve the sockets.
constexpr int most_at_once = 256;

}  // namespace

Deferred::~Deferred() {
    if (queue_ != nullptr) {
        (*queue_)[place_] = nullptr;
    }
}

Loop::Loop(const Clock& clock)
    : clock_(clock), read_buffer_(read_buffer_bytes), io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE), open_(executor()) {}

error_code Loop::watch(int descriptor, Watcher& watcher) {
    if (const auto error = readiness_.open()) {
        return error;
    }
    return readiness_.watch(descriptor, watcher);
}

void Loop::later(Deferred& work) {
    if (!work.queued()) {
        work.queue_ = &deferred_;
        work.place_ = deferred_.size();
        deferred_.push_back(&work);
    }
}

// Work that is queued while this runs waits for the next call: it goes to `deferred_`, which is empty after the swap.
bool Loop::run_deferred() {
    if (deferred_.empty()) {
        return false;
    }
    running_.swap(deferred_);
    for (Deferred* work : running_) {
        if (work != nullptr) {
            work->queue_ = &running_;  // its destructor, called by an earlier one, clears its place here
        }
    }
    for (std::size_t i = 0; i < running_.size(); ++i) {
        if (Deferred* work = running_[i]; work != nullptr) {
            work->queue_ = nullptr;
            running_[i] = nullptr;
            work->run();
        }
    }
    running_.clear();
    return true;
}

bool Loop::ring() {
    const Instant now = clock_.now();
    if (timers_.next() > now) {
        return false;
    }
    timers_.run_due(now);
    return true;
}

// Rings due alarms and runs the work that they queued: a message that is due now leaves now.
void Loop::catch_up() {
    if (ring()) {
        run_deferred();
    }
}

bool Loop::go_on() {
    int coroutines = 0;
    while (coroutines < most_at_once && io_.poll_one() > 0) {
        ++coroutines;
    }
    more_ = coroutines == most_at_once;
    return coroutines > 0;
}

// Alarms first, then ready coroutines, then deferred work (such as the sending of all that was queued), and then the
// coroutines that this work resumed.
bool Loop::turn() {
    const bool rang = ring();
    const bool went_on = go_on();
    if (!run_deferred()) {
        return rang || went_on;
    }
    go_on();
    return true;
}

// The kernel may lengthen a sleep by up to half a percent, so a long sleep is cut short by 1/128 and the rest is slept
// again.
void Loop::sleep_and_serve() {
    const Instant now = clock_.now();
    if (more_ || !deferred_.empty() || timers_.next() <= now) {
        readiness_.serve(Nanos{0});
        return;
    }
    if (moderation_.wants_to_know(now)) {
        moderation_.tell(processor_wait_.total().value_or(Nanos{0}), now);
    }
    const Nanos wanted = timers_.next() - now;
    readiness_.serve(wanted > 1ms ? wanted - wanted / 128 : wanted + moderation_.allowance());
}

void Loop::run() {
    if (const auto error = readiness_.open()) {
        throw boost::system::system_error(error, "no epoll");
    }
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    while (turn(), !stopped_) {
        sleep_and_serve();
    }
    stopped_ = false;
}

bool Loop::poll() {
    const bool any = turn();
    return readiness_.serve(Nanos{0}) || any;
}

}  // namespace portillon::net
