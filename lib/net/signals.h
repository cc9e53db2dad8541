#pragma once

// Signals as what a loop hears of, like everything else (signalfd(2)): no handler runs between two instructions.

#include <csignal>
#include <functional>
#include <vector>

#include "net/loop.h"

namespace portillon::net {

// While it lives its signals do nothing of their own: they are blocked in this thread and in those that it starts
// meanwhile; who has started threads before, or becomes another program, sees to those masks.
class Signals final : private Watcher {
public:
    // Called from the loop for each signal that came, one that is ignored included; several of one kind in a turn may
    // be one. Must not destroy the Signals.
    using Came = std::function<void(int signal)>;

    // Real time. Throws boost::system::system_error if the kernel has nothing to hear them by.
    Signals(Loop& loop, const std::vector<int>& signals, Came came);
    // They are as before. What came and was not told is forgotten.
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    void ready(Ready now) override;
    int next();  // 0: there is none

    Loop& loop_;
    Came came_;
    sigset_t before_{};  // the thread's mask
    int descriptor_;
};

}  // namespace portillon::net
