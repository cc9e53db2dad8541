#include "driver/stream_session.h"

#include <boost/asio/error.hpp>
#include <utility>

#include "base/check.h"

namespace portillon::driver {

namespace {

error_code aborted() {
    return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
}

}  // namespace

StreamSession::~StreamSession() {
    if (destroyed_ != nullptr) {
        *destroyed_ = true;
    }
}

net::Task<error_code> StreamSession::open(Instant deadline) {
    check(state_ == State::closed, "a session is opened once at a time");
    state_ = State::dialling;
    transport_ = common_.dialer.dial(equipment_);
    bool destroyed = false;
    destroyed_ = &destroyed;
    const error_code error = co_await transport_->connect(deadline);
    if (destroyed) {
        co_return aborted();
    }
    destroyed_ = nullptr;
    if (error) {
        drop();
        state_ = State::closed;
        co_return error;
    }
    state_ = State::opening;
    changed_ = std::make_unique<net::Wakeup>(common_.loop);
    transport_->start(*this);
    greet();
    while (state_ == State::opening) {
        if (common_.loop.now() >= deadline) {
            lost(boost::asio::error::make_error_code(boost::asio::error::timed_out));
        } else {
            co_await changed_->until(deadline);
        }
    }
    changed_.reset();
    if (state_ == State::closed) {
        co_return cause_;
    }
    if (state_ == State::fallen) {
        state_ = State::broken;
        common_.loop.later(*this);
        co_return error_code{};
    }
    state_ = State::open;
    opened();
    co_return error_code{};
}

net::Task<void> StreamSession::close(Instant deadline) {
    if (state_ == State::closed) {
        co_return;
    }
    check(state_ == State::open || state_ == State::broken, "a session is closed once it is open");
    const bool alive = state_ == State::open;
    state_ = State::closing;
    if (alive) {
        cause_ = aborted();
    }
    break_all();
    while (untold_ > 0) {
        if (!deliver()) {
            co_return;
        }
    }
    if (alive) {
        say_goodbye();
        changed_ = std::make_unique<net::Wakeup>(common_.loop);
        while (state_ == State::closing && common_.loop.now() < deadline) {
            co_await changed_->until(deadline);
        }
        changed_.reset();
        parted(state_ == State::closed ? Goodbye::answered : Goodbye::unanswered);
    }
    drop();
    state_ = State::closed;
}

void StreamSession::received(std::span<const std::byte> bytes) {
    if (is_alive()) {
        take(bytes);
        deliver();
    }
}

void StreamSession::ended(const error_code& cause) {
    if (state_ == State::closing) {
        state_ = State::closed;
        wake();
    } else {
        lost(cause);
    }
}

void StreamSession::greeted() {
    if (state_ == State::opening) {
        state_ = State::greeted;
        wake();
    }
}

void StreamSession::lost(const error_code& cause) {
    if (!is_alive()) {
        return;
    }
    cause_ = cause;
    drop();
    if (state_ == State::open) {
        state_ = State::broken;
        break_all();
        common_.loop.later(*this);
    } else {
        state_ = state_ == State::greeted ? State::fallen : State::closed;
        wake();
    }
}

void StreamSession::note_settled() {
    ++untold_;
    common_.loop.later(*this);
}

bool StreamSession::takes_offer() const {
    check(state_ == State::open || state_ == State::broken || state_ == State::closing,
          "a batch was offered to a session that is not open");
    return state_ == State::open;
}

// Outcomes first: the equipment may offer those batches again, and they leave with the same write.
void StreamSession::run() {
    if (!deliver()) {
        return;
    }
    if (is_alive()) {
        write();
    }
    if (!deliver()) {
        return;
    }
    if (untold_ > 0) {
        common_.loop.later(*this);
    } else if (state_ == State::broken) {
        state_ = State::closed;
        receipts_.broken(cause_);
    }
}

// Tells Receipts of the batches that were settled before this call. Batches that Receipts make it settle meanwhile wait
// for the next turn: an equipment that offers again at each answer, and is refused at once, must not keep the loop from
// turning. Returns false if a receiver destroyed the session.
bool StreamSession::deliver() {
    for (std::uint32_t left = untold_; left > 0 && untold_ > 0; --left) {
        const Settled settled = take_settled();
        --untold_;
        bool destroyed = false;
        bool* const outer = std::exchange(destroyed_, &destroyed);
        receipts_.settled(settled.first, settled.outcome);
        if (destroyed) {
            if (outer != nullptr) {
                *outer = true;
            }
            return false;
        }
        destroyed_ = outer;
    }
    return true;
}

void StreamSession::drop() {
    gone();
    transport_.reset();
}

void StreamSession::wake() {
    if (changed_) {
        changed_->wake();
    }
}

}  // namespace portillon::driver
