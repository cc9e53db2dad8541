#pragma once

// The shard's epoll, edge-triggered (epoll(7)). A socket is registered once for its whole life, so that a message costs
// its read and its write and no further system call. Here a shard sleeps.

#include <sys/epoll.h>

#include <array>
#include <functional>

#include "base/error.h"
#include "base/units.h"

namespace portillon::net {

// Receives the readiness of one descriptor: a base of the connection or the acceptor.
class Watcher {
public:
    // Edge-triggered: what became ready since the last call. A watcher that stops before EAGAIN is not called again; it
    // must continue by itself.
    struct Ready {
        bool to_read = false;
        bool to_write = false;
        bool to_end = false;  // read until EOF, an error or EAGAIN: the peer has ended or failed, or sent urgent data
    };
    virtual void ready(Ready now) = 0;

protected:
    ~Watcher() = default;
};

class Readiness {
public:
    // `before_each` is called before each watcher, so that the loop catches up with what has fallen due: a message due
    // now is sent before anything more is read, and a deadline rings before an answer that still lies unread in its
    // socket, which is late.
    explicit Readiness(std::function<void()> before_each) : before_each_(std::move(before_each)) {}
    ~Readiness();
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    error_code open();  // before anything else; no effect if it is open already

    // Calls `watcher` from serve() when `descriptor` becomes ready, and once for what is ready already. Call unwatch()
    // before the descriptor is closed or given away; no call follows it.
    error_code watch(int descriptor, Watcher& watcher);
    void unwatch(int descriptor, const Watcher& watcher);

    // Calls the watchers whose descriptors are ready, as many as fit one turn; if none is, sleeps until one is, for
    // `most` at most. Returns false if none was.
    bool serve(Nanos most);

private:
    int wait(Nanos most);

    std::function<void()> before_each_;
    int epoll_ = -1;
    std::array<epoll_event, 128> events_{};
    std::size_t served_ = 0, count_ = 0;  // of events_
};

}  // namespace portillon::net
