#pragma once

// A shard's thread: one epoll, one clock, one heap of timers, the coroutines that can go on, and what is to be done
// once per turn. Nothing of it may be called from another thread.
//
// Real: run() sleeps in the kernel until a descriptor is ready or an alarm is due. Simulated (testing/simulation.h):
// the same loop is polled and the clock jumps to the next alarm.
//
// Of Asio there is the queue of coroutines that can go on, and no more: its sockets and timers would not be heard.

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

// Work that is wanted once, soon, however often it is asked for: a member of what needs it. `later()` queues it; it
// runs from the loop after the coroutines that can go on now, never from inside the call that asked.
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

    // `watcher` hears of `descriptor`, a socket, as in readiness.h.
    error_code watch(int descriptor, Watcher& watcher);
    void unwatch(int descriptor, const Watcher& watcher) { readiness_.unwatch(descriptor, watcher); }

    // Where any connection of this thread reads into: valid until the next read, that is, during one callback.
    std::span<std::byte> read_buffer() { return read_buffer_; }

    // Real time: returns in the turn in which stop() is called. Alarms ring at their instant, as near as the kernel
    // allows; on a crowded machine by a little later, several at once (moderation.h). Throws
    // boost::system::system_error when the kernel has no epoll to give.
    void run();
    void stop() { stopped_ = true; }

    // Simulated time: one turn; alarms not past `now` ring. True if anything ran.
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
    asio::io_context io_;  // what waits in it may hold any of the above
    asio::executor_work_guard<Executor> open_;
    bool more_ = false;  // coroutines can go on that had no place in this turn
    bool stopped_ = false;
};

}  // namespace portillon::net
