#pragma once

// Signals as events of the loop (signalfd(2)), so that no handler interrupts other code.

#include <csignal>
#include <functional>
#include <utility>
#include <vector>

#include "base/units.h"
#include "net/loop.h"

namespace portillon::net {

// While this object lives, its signals have no effect of their own: they are blocked in this thread and in the threads
// that it starts meanwhile. A program that started threads before, or that executes another program, must set those
// signal masks itself.
class Signals final : private Watcher {
public:
    // Called from the loop for each signal received, even if its disposition is "ignore"; several of one kind in a turn
    // may arrive as one. Must not destroy the Signals.
    using Came = std::function<void(int signal)>;

    // Works in real time only. Throws boost::system::system_error if the kernel gives no signalfd.
    Signals(Loop& loop, const std::vector<int>& signals, Came came);
    // Restores the signal mask. A pending signal that was not reported goes to its handler, if it has one, and is
    // dropped otherwise.
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    void ready(Ready now) override;
    int next();  // the next pending signal; 0: none

    Loop& loop_;
    std::vector<int> signals_;
    Came came_;
    sigset_t before_{};  // the thread's signal mask before
    int descriptor_;
};

// The signals that end a long-running command: SIGINT, SIGTERM and SIGHUP. SIGHUP is left out where it is ignored:
// nohup(1) ignores it for programs that shall outlive their terminal.
std::vector<int> stop_signals();

// A stop signal, and when it was received.
struct StopSignal {
    int number = 0;
    Instant at{};
};

// Whether a stop signal after the first one means "at once". SIGTERM and SIGHUP often come twice by themselves:
// timeout(1) sends to the process and then to its group, and when a terminal closes both the shell and the kernel send
// SIGHUP. The same signal again within a second therefore does not insist. SIGINT does: somebody pressed Ctrl-C again.
bool insists(const StopSignal& first, const StopSignal& again);

// Handles stop signals while no loop listens, as between two runs: the first is remembered, an insistent one ends the
// process with 128 + its number. At most one RememberedSignals exists at a time.
class RememberedSignals {
public:
    RememberedSignals();
    ~RememberedSignals();  // restores the signals' former actions
    RememberedSignals(const RememberedSignals&) = delete;
    RememberedSignals& operator=(const RememberedSignals&) = delete;

    // The number of the signal that came first; 0: none came.
    int first() const;
    // Counts a signal that a loop received, too.
    void remember(int signal);

private:
    std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace portillon::net
