#pragma once

// Structured concurrency: every coroutine has a parent that joins it. spawn() starts a child, join() completes when all
// have ended. A group asserts that it is empty when destroyed. An exception that leaves a child is a programmer error
// and ends the program.

#include "net/loop.h"
#include "net/wakeup.h"

namespace portillon::net {

class TaskGroup {
public:
    explicit TaskGroup(Loop& loop) : loop_(loop), changed_(loop) {}
    ~TaskGroup();

    void spawn(Task<void> child);  // starts in the next turn
    std::size_t running() const { return running_; }
    Task<void> join();

private:
    Loop& loop_;
    Wakeup changed_;
    std::size_t running_ = 0;
};

}  // namespace portillon::net
