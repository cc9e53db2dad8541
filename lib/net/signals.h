#pragma once

// Signals as what a loop hears of, like everything else (signalfd(2)): no handler runs between two instructions.

#include <csignal>
#include <functional>
#include <utility>
#include <vector>

#include "base/units.h"
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
    // They are as before. What came and was not told goes to its handler, if there is one, and is forgotten otherwise.
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    void ready(Ready now) override;
    int next();  // 0: there is none

    Loop& loop_;
    std::vector<int> signals_;
    Came came_;
    sigset_t before_{};  // the thread's mask
    int descriptor_;
};

// The signals that end what runs long: SIGINT, SIGTERM and SIGHUP; not the last where it is ignored, as nohup(1) leaves
// it to those that are to outlive their terminal.
std::vector<int> stop_signals();

// A stop signal, and when it came.
struct StopSignal {
    int number = 0;
    Instant at{};
};

// Whether a stop signal after the first one means "at once". SIGTERM and SIGHUP often come twice by themselves:
// timeout(1) sends to the process and then to its group, and of a terminal that is gone both the shell and the kernel
// tell. The same one again within a second is therefore no second wish. SIGINT is: somebody pressed Ctrl-C again.
bool insists(const StopSignal& first, const StopSignal& again);

// Stop signals while no loop listens, as between two runs: the first is remembered, an insistent one ends the process
// with 128 + its number. At most one exists at a time.
class RememberedSignals {
public:
    RememberedSignals();
    ~RememberedSignals();  // they do what they did before
    RememberedSignals(const RememberedSignals&) = delete;
    RememberedSignals& operator=(const RememberedSignals&) = delete;

    // The signal that came first; 0: none did.
    int first() const;
    // One that a loop heard counts, too.
    void remember(int signal);

private:
    std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace portillon::net
