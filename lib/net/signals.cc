#include "net/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <boost/system/system_error.hpp>
#include <cerrno>

#include "base/clock.h"

namespace portillon::net {

namespace {

sigset_t set_of(const std::vector<int>& signals) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals) {
        ::sigaddset(&set, signal);
    }
    return set;
}

}  // namespace

Signals::Signals(Loop& loop, const std::vector<int>& signals, Came came)
    : loop_(loop), signals_(signals), came_(std::move(came)) {
    const sigset_t set = set_of(signals);
    descriptor_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor_ < 0) {
        throw boost::system::system_error(last_error(), "signals");
    }
    if (const auto error = loop_.watch(descriptor_, *this)) {
        ::close(descriptor_);
        throw boost::system::system_error(error, "signals");
    }
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

// Pending signals whose action is to end the process are read off before the mask is restored, so that they do not end
// it now; those with a handler stay pending and reach it.
Signals::~Signals() {
    sigset_t deadly;
    ::sigemptyset(&deadly);
    for (const int signal : signals_) {
        struct sigaction action {};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler == SIG_DFL) {
            ::sigaddset(&deadly, signal);
        }
    }
    ::signalfd(descriptor_, &deadly, 0);
    while (next() != 0) {
    }
    loop_.unwatch(descriptor_, *this);
    ::close(descriptor_);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::ready(Ready) {
    while (const int signal = next()) {
        came_(signal);
    }
}

int Signals::next() {
    signalfd_siginfo signal{};
    return ::read(descriptor_, &signal, sizeof signal) == sizeof signal ? static_cast<int>(signal.ssi_signo) : 0;
}

std::vector<int> stop_signals() {
    std::vector<int> signals{SIGINT, SIGTERM};
    struct sigaction action {};
    if (::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
        signals.push_back(SIGHUP);
    }
    return signals;
}

bool insists(const StopSignal& first, const StopSignal& again) {
    constexpr Nanos echoes_for = 1s;
    return again.number == SIGINT || again.number != first.number || again.at - first.at > echoes_for;
}

namespace {

// Written by the signal handler, on this thread or on another one that has not blocked the signals.
volatile std::sig_atomic_t remembered_signal = 0;
std::atomic<Instant::rep> remembered_at{0};
static_assert(std::atomic<Instant::rep>::is_always_lock_free);

extern "C" void remember_signal(int signal) {
    const Instant now = MonotonicClock{}.now();
    if (remembered_signal == 0) {
        remembered_at = now.time_since_epoch().count();
        remembered_signal = signal;
    } else if (insists({remembered_signal, Instant{Nanos{remembered_at}}}, {signal, now})) {
        ::_exit(128 + signal);
    }
}

}  // namespace

RememberedSignals::RememberedSignals() {
    remembered_signal = 0;
    for (const int signal : stop_signals()) {
        // Without SA_RESTART, so that the first signal interrupts the open(2) of a pipe that nobody reads.
        struct sigaction action {};
        action.sa_handler = remember_signal;
        ::sigaction(signal, &action, &before_.emplace_back(signal, action).second);
    }
}

RememberedSignals::~RememberedSignals() {
    for (const auto& [signal, action] : before_) {
        ::sigaction(signal, &action, nullptr);
    }
}

int RememberedSignals::first() const {
    return remembered_signal;
}

void RememberedSignals::remember(int signal) {
    if (remembered_signal == 0) {
        remembered_at = MonotonicClock{}.now().time_since_epoch().count();
        remembered_signal = signal;
    }
}

}  // namespace portillon::net
