#pragma once

// Which of a shard's sockets are ready: one epoll, edge-triggered (epoll(7)). A socket is registered once for its whole
// life, so that a message costs its read and its write and no further system call. Here a shard sleeps.

#include <sys/epoll.h>

#include <array>
#include <functional>

#include "base/error.h"
#include "base/units.h"

namespace portillon::net {

// What waits for a descriptor: a member of the connection or the acceptor.
class Watcher {
public:
    // What has become so since the last call; who leaves something unread or unwritten must come back to it unasked.
    struct Ready {
        bool to_read = false;
        bool to_write = false;
        bool to_end = false;  // read until there is nothing more: the other end is through, or failed, or is urgent
    };
    virtual void ready(Ready now) = 0;

protected:
    ~Watcher() = default;
};

class Readiness {
public:
    // `before_each` is called before each watcher: there the loop does what has fallen due, so that what is to be sent
    // at an instant does not wait for what can be read since. Deadlines ring there, too: an answer that lies unread in
    // its socket at its deadline is late.
    explicit Readiness(std::function<void()> before_each) : before_each_(std::move(before_each)) {}
    ~Readiness();
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    error_code open();  // before anything else; no effect if open

    // `watcher` is called for `descriptor` from serve(), for what is so already, too, until unwatch(), which comes
    // before the descriptor is closed or given away and after which no call follows.
    error_code watch(int descriptor, Watcher& watcher);
    void unwatch(int descriptor, const Watcher& watcher);

    // Tells the watchers what is ready, as much as fits one turn; if nothing is, sleeps until something is, for `most`
    // at most. False if nothing was.
    bool serve(Nanos most);

private:
    int wait(Nanos most);

    std::function<void()> before_each_;
    int epoll_ = -1;
    std::array<epoll_event, 128> events_{};
    std::size_t served_ = 0, count_ = 0;  // of events_
};

}  // namespace portillon::net
