#pragma once

// How a coroutine waits: until an instant, or until wake() is called, whichever is first. One waiter at a time; a
// wake() that comes before the wait is remembered, so none is lost. Allocates nothing of its own.

#include <optional>

#include "net/loop.h"

namespace portillon::net {

class Wakeup final : private Alarm, private Deferred {
public:
    explicit Wakeup(Loop& loop) : loop_(loop) {}

    // Completes at `deadline` at the latest (`never`: only by wake()). Destroying the Wakeup abandons the waiter.
    Task<void> until(Instant deadline);

    // The waiter continues in this turn of the loop, not inside this call.
    void wake();

private:
    using Waiter = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

    void ring(Instant now) override;
    void run() override;

    Loop& loop_;
    std::optional<Waiter> waiter_;
    enum class State : std::uint8_t { idle, woken } state_ = State::idle;
};

}  // namespace portillon::net
