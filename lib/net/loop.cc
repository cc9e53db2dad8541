#include "net/loop.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "base/error.h"

namespace portillon::net {

namespace {
// One TLS record, or one HTTP/2 frame; one per shard. Who sends more at once waits for the others' turn: with 64 KiB a
// burst of 300 small requests on one connection tripled the P99 of everybody else.
constexpr std::size_t read_buffer_bytes = 16 * 1024;
}  // namespace

Deferred::~Deferred() {
    if (queue_ != nullptr) {
        (*queue_)[place_] = nullptr;
    }
}

struct Loop::Pump {
    explicit Pump(Loop& owner) : loop(owner), timer(owner.io_) {}

    void arm() {
        if (loop.timers_.next() == never) {
            return;
        }
        timer.expires_at(loop.timers_.next());
        timer.async_wait([this](const error_code& error) {
            if (!error) {
                loop.timers_.run_due(loop.now());
                arm();
            }
        });
    }

    Loop& loop;
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer;
};

struct Loop::Lookout {
    explicit Lookout(Loop& owner) : loop(owner), epoll(owner.io_, owner.readiness_.descriptor()) {}
    ~Lookout() { epoll.release(); }  // it is readiness_'s

    void wait() {
        epoll.async_wait(Epoll::wait_read, [this](const error_code& error) {
            if (!error) {
                loop.readiness_.serve();
                wait();
            }
        });
    }

    using Epoll = asio::posix::basic_stream_descriptor<Executor>;
    Loop& loop;
    Epoll epoll;
};

Loop::Loop(const Clock& clock) : clock_(clock), read_buffer_(read_buffer_bytes) {}

Loop::~Loop() {
    timers_.when_earlier = nullptr;
}

error_code Loop::watch(int descriptor, Watcher& watcher) {
    if (lookout_ == nullptr) {
        if (const auto error = readiness_.open()) {
            return error;
        }
        lookout_ = std::make_unique<Lookout>(*this);
        lookout_->wait();
    }
    return readiness_.watch(descriptor, watcher);
}

void Loop::later(Deferred& work) {
    if (work.queued()) {
        return;
    }
    if (deferred_.empty()) {
        asio::post(io_, [this] { run_deferred(); });
    }
    work.queue_ = &deferred_;
    work.place_ = deferred_.size();
    deferred_.push_back(&work);
}

void Loop::run_deferred() {
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
}

// What has fallen due, and what that wants done: a message that is due now leaves now.
void Loop::catch_up() {
    if (const Instant now = clock_.now(); timers_.next() <= now) {
        timers_.run_due(now);
        run_deferred();
    }
}

void Loop::run() {
    check(pump_ == nullptr, "a loop runs once at a time");
    pump_ = std::make_unique<Pump>(*this);
    timers_.when_earlier = [this] { pump_->arm(); };
    pump_->arm();
    const auto guard = asio::make_work_guard(io_);
    io_.run();
    timers_.when_earlier = nullptr;
    pump_.reset();
    io_.restart();
}

void Loop::stop() {
    io_.stop();
}

bool Loop::poll() {
    io_.restart();
    bool any = io_.poll() > 0;
    while (timers_.next() <= now()) {
        timers_.run_due(now());
        io_.restart();
        io_.poll();
        any = true;
    }
    return any;
}

}  // namespace portillon::net
