#include "net/wakeup.h"

#include "base/check.h"

namespace portillon::net {

Task<void> Wakeup::until(Instant deadline) {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
        [this, deadline](Waiter waiter) {
            check(!waiter_, "a wakeup has one waiter");
            waiter_.emplace(std::move(waiter));
            if (state_ == State::woken || deadline <= loop_.now()) {
                loop_.later(*this);
            } else if (deadline != never) {
                loop_.timers().set(*this, deadline);
            }
        },
        use_task);
}

void Wakeup::wake() {
    state_ = State::woken;
    if (waiter_) {
        loop_.later(*this);
    }
}

void Wakeup::ring(Instant) {
    run();
}

void Wakeup::run() {
    if (!waiter_) {
        return;
    }
    cancel();
    state_ = State::idle;
    Waiter waiter = std::move(*waiter_);
    waiter_.reset();
    std::move(waiter)();
}

}  // namespace portillon::net
