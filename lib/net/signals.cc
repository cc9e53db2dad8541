#include "net/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>
#include <cerrno>

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

error_code last_error() {
    return {errno, boost::system::system_category()};
}

}  // namespace

Signals::Signals(Loop& loop, const std::vector<int>& signals, Came came) : loop_(loop), came_(std::move(came)) {
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

Signals::~Signals() {
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

}  // namespace portillon::net
