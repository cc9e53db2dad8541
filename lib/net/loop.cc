#include "net/loop.h"

#include <sys/prctl.h>

#include <boost/system/system_error.hpp>

#include "base/error.h"

namespace portillon::net {

namespace {

// One TLS record, or one HTTP/2 frame; one per shard. Who sends more at once waits for the others' turn: with 64 KiB a
// burst of 300 small requests on one connection tripled the P99 of everybody else.
constexpr std::size_t read_buffer_bytes = 16 * 1024;

// Coroutines in one turn: those that never rest do not keep the sockets waiting.
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

bool Loop::run_deferred() {
    if (deferred_.empty()) {
        return false;
    }
    running_.swap(deferred_);
    for (Deferred* work : running_) {
        if (work != nullptr) {
            work->queue_ = &running_;  // a Deferred destroyed by an earlier one strikes itself out here
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

// What has fallen due, and what that wants done: a message that is due now leaves now.
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

bool Loop::turn() {
    const bool rang = ring();
    const bool went_on = go_on();
    if (!run_deferred()) {
        return rang || went_on;
    }
    go_on();
    return true;
}

// The kernel may lengthen a sleep by up to a two-hundredth: a long one is cut short, and the rest slept again.
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
