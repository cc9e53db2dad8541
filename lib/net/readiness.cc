#include "net/readiness.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"

namespace portillon::net {

Readiness::~Readiness() {
    if (epoll_ >= 0) {
        ::close(epoll_);
    }
}

error_code Readiness::open() {
    if (epoll_ < 0) {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    }
    return epoll_ < 0 ? error_code(errno, boost::system::system_category()) : error_code{};
}

error_code Readiness::watch(int descriptor, Watcher& watcher) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    event.data.ptr = &watcher;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        return {errno, boost::system::system_category()};
    }
    return {};
}

// The events that epoll_wait() returned and that are not served yet may name this watcher, which may be destroyed next:
// they are struck out.
void Readiness::unwatch(int descriptor, const Watcher& watcher) {
    epoll_event ignored{};
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &ignored);
    for (std::size_t i = served_; i < count_; ++i) {
        if (events_[i].data.ptr == &watcher) {
            events_[i].data.ptr = nullptr;
        }
    }
}

// Waits with a resolution of nanoseconds: by epoll_pwait2(2) (Linux 5.11), or by ppoll(2) on the epoll's descriptor
// where that is missing.
int Readiness::wait(Nanos most) {
    const auto room = static_cast<int>(events_.size());
    if (most <= Nanos{0}) {
        return ::epoll_wait(epoll_, events_.data(), room, 0);
    }
    const timespec until{.tv_sec = most / 1s, .tv_nsec = (most % 1s).count()};
    if (const int got = ::epoll_pwait2(epoll_, events_.data(), room, &until, nullptr); got >= 0 || errno == EINTR) {
        return got;
    }
    pollfd whole{.fd = epoll_, .events = POLLIN, .revents = 0};
    ::ppoll(&whole, 1, &until, nullptr);
    return ::epoll_wait(epoll_, events_.data(), room, 0);
}

bool Readiness::serve(Nanos most) {
    if (epoll_ < 0) {
        return false;
    }
    check(served_ == count_, "served from inside a watcher");
    const int got = wait(most);
    count_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    for (served_ = 0; served_ < count_;) {
        before_each_();
        const epoll_event& event = events_[served_++];
        if (auto* watcher = static_cast<Watcher*>(event.data.ptr); watcher != nullptr) {
            const auto is = [&](std::uint32_t bits) { return (event.events & bits) != 0; };
            watcher->ready({.to_read = is(EPOLLIN),
                            .to_write = is(EPOLLOUT),
                            .to_end = is(EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)});
        }
    }
    return count_ > 0;
}

}  // namespace portillon::net
