#pragma once

// A shard's event loop: one epoll, one clock, one heap of timers, the coroutines that are ready to run, and the
// Deferred work of the turn. It belongs to one thread; nothing of it may be called from another.
//
// In real time run() sleeps in the kernel until a descriptor is ready or an alarm is due. In simulated time
// (testing/simulation.h) the same loop is polled and the clock jumps to the next alarm.
//
// Asio contributes only its queue of ready coroutines: sockets and timers of Asio's own would never be polled.

#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/timers.h"
#include "net/moderation.h"
#include "net/processor_wait.h"
#include "net/readiness.h"
#include "net/task.h"

namespace portillon::net {

// Work to be done once, soon, however often it is asked for: a member of the object that needs it. `later()` queues it;
// the loop runs it after the coroutines that are ready now, never from inside the call that queued it.
class Deferred {
public:
    Deferred() = default;
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;
    virtual ~Deferred();

    bool queued() const { return queue_ != nullptr; }
    virtual void run() = 0;

private:
    friend class Loop;
    std::vector<Deferred*>* queue_ = nullptr;
    std::size_t place_ = 0;
};

class Loop {
public:
    explicit Loop(const Clock& clock);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    Executor executor() { return io_.get_executor(); }
    Instant now() const { return clock_.now(); }
    Timers& timers() { return timers_; }

    // Queues `work` for this turn; no effect if it is queued already.
    void later(Deferred& work);

    // Registers `watcher` for `descriptor`, a socket, as described in readiness.h.
    error_code watch(int descriptor, Watcher& watcher);
    void unwatch(int descriptor, const Watcher& watcher) { readiness_.unwatch(descriptor, watcher); }

    // The buffer into which every connection of this thread reads: valid until the next read, so during one callback.
    std::span<std::byte> read_buffer() { return read_buffer_; }

    // Runs in real time; returns in the turn in which stop() is called. Alarms ring at their instant, as near as the
    // kernel allows; on a crowded machine they ring a little later, several at once (moderation.h). Throws
    // boost::system::system_error when the kernel cannot make an epoll.
    void run();
    void stop() { stopped_ = true; }

    // Runs one turn in simulated time; alarms due at `now` or before ring. Returns true if anything ran.
    bool poll();

private:
    bool turn();
    bool ring();
    bool go_on();
    bool run_deferred();
    void catch_up();
    void sleep_and_serve();

    const Clock& clock_;
    Timers timers_;
    Readiness readiness_{[this] { catch_up(); }};
    ProcessorWait processor_wait_;
    Moderation moderation_;
    std::vector<Deferred*> deferred_;
    std::vector<Deferred*> running_;
    std::vector<std::byte> read_buffer_;
    asio::io_context io_;  // coroutines stored in it may refer to any member above, so it is destroyed before them
    asio::executor_work_guard<Executor> open_;
    bool more_ = false;  // the turn's limit of coroutines was reached: more may be ready
    bool stopped_ = false;
};

}  // namespace portillon::net
