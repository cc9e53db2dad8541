#include "drivers/example/session.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <charconv>

#include "base/check.h"
#include "drivers/example/error.h"
#include "wire/receipt.h"

namespace portillon::example {

namespace {

using driver::Answer;
using Stand = Flight::Stand;

constexpr std::size_t most_line_bytes = 4 << 10;        // of the server's: a receipt has 128, and it may add to it
constexpr std::size_t most_written_at_once = 64 << 10;  // larger writes do not get cheaper

}  // namespace

Session::~Session() {
    if (destroyed_ != nullptr) {
        *destroyed_ = true;
    }
}

net::Task<error_code> Session::open(Instant deadline) {
    check(state_ == State::closed, "a session is opened once at a time");
    state_ = State::opening;
    line_.clear();
    transport_ = common_.dialer.dial(equipment_);
    bool destroyed = false;
    destroyed_ = &destroyed;
    const error_code error = co_await transport_->connect(deadline);
    if (destroyed) {
        co_return boost::asio::error::operation_aborted;
    }
    destroyed_ = nullptr;
    changed_ = std::make_unique<net::Wakeup>(common_.loop);
    if (error) {
        lost(error);
    } else {
        transport_->start(*this);
    }
    while (state_ == State::opening) {
        if (common_.loop.now() >= deadline) {
            lost(boost::asio::error::timed_out);
        } else {
            co_await changed_->until(deadline);
        }
    }
    changed_.reset();
    if (state_ == State::closed) {
        co_return cause_;
    }
    state_ = State::open;
    co_return error_code{};
}

void Session::offer(const driver::Batch& batch) {
    check(state_ == State::open || state_ == State::broken || state_ == State::closing,
          "a batch was offered to a session that is not open");
    Flight& flight = flights_.emplace_back(Flight{batch, {}});
    if (state_ != State::open) {
        settle(flight, Answer::broken, cause_);
    } else if (batch.body->size() > most_batch_bytes_) {
        settle(flight, Answer::rejected, boost::asio::error::message_size);
    }
    common_.loop.later(*this);
}

void Session::abandon(Sequence first) {
    const auto flight = std::find_if(flights_.begin(), flights_.end(), [first](const Flight& each) {
        return each.batch.first == first && each.stand != Stand::settled;
    });
    if (flight == flights_.end()) {
        return;
    }
    const bool was_sent = flight->stand == Stand::sent;
    settle(*flight, Answer::timed_out, boost::asio::error::timed_out);
    if (was_sent) {
        lost(boost::asio::error::timed_out);
    }
}

net::Task<void> Session::close(Instant deadline) {
    const bool alive = state_ == State::open;
    if (alive) {
        cause_ = boost::asio::error::operation_aborted;
    }
    state_ = State::closing;
    settle_all(cause_);
    if (!deliver()) {
        co_return;
    }
    if (alive) {
        transport_->shut();
        changed_ = std::make_unique<net::Wakeup>(common_.loop);
        while (state_ == State::closing && common_.loop.now() < deadline) {
            co_await changed_->until(deadline);
        }
        changed_.reset();
    }
    transport_.reset();
    state_ = State::closed;
}

// A line may come in pieces, and a piece may hold many.
void Session::received(std::span<const std::byte> bytes) {
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!rest.empty() && transport_ && state_ != State::closing) {
        const auto end = rest.find('\n');
        line_ += rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        if (line_.size() > most_line_bytes) {
            lost(boost::asio::error::message_size);
        } else if (end != rest.npos) {
            if (const error_code error = state_ == State::opening ? take_hello() : take_receipt()) {
                lost(error);
            }
            line_.clear();
        }
    }
    deliver();
}

void Session::ended(const error_code& cause) {
    if (state_ == State::closing) {
        state_ = State::closed;
        changed_->wake();
    } else {
        lost(cause);
    }
}

// At the end of a turn of the loop in which something happened.
void Session::run() {
    while (write_some()) {
    }
    if (deliver() && state_ == State::broken) {
        state_ = State::closed;
        receipts_.broken(cause_);
    }
}

error_code Session::take_hello() {
    constexpr std::string_view hello = "hello ";
    const char* const end = line_.data() + line_.size();
    if (!line_.starts_with(hello)) {
        return Error::not_understood;
    }
    const auto window = std::from_chars(line_.data() + hello.size(), end, window_);
    if (window.ptr == end || *window.ptr != ' ' || window_ == 0) {
        return Error::not_understood;
    }
    const auto bytes = std::from_chars(window.ptr + 1, end, most_batch_bytes_);
    if (bytes.ptr != end || bytes.ec != std::errc{}) {
        return Error::not_understood;
    }
    state_ = State::greeted;
    changed_->wake();
    return {};
}

// A receipt that comes twice, or for a batch that was not sent, settles nothing and is counted.
error_code Session::take_receipt() {
    wire::Receipt receipt;
    if (const error_code error = wire::decode(std::as_bytes(std::span(line_)), wire::Encoding::json, receipt)) {
        return error;
    }
    const auto flight = std::find_if(flights_.begin(), flights_.end(), [&](const Flight& each) {
        return each.batch.first == receipt.first && each.stand == Stand::sent;
    });
    if (flight == flights_.end() || receipt.equipment != equipment_) {
        receipts_.stray(wire::ReceiptError::stray);
        return {};
    }
    std::optional<Nanos> retry_after;
    if (receipt.retry_after_ms > 0) {
        retry_after = std::chrono::milliseconds{receipt.retry_after_ms};
    }
    switch (receipt.answer) {
        case wire::ReceiptAnswer::acknowledged:
            settle(*flight, Answer::acknowledged, {});
            break;
        case wire::ReceiptAnswer::rejected:
            settle(*flight, Answer::rejected, Error::rejected);
            break;
        case wire::ReceiptAnswer::throttled:
            settle(*flight, Answer::throttled, Error::throttled, retry_after);
            break;
        default:
            settle(*flight, Answer::try_again, Error::try_again, retry_after);
    }
    return {};
}

// What the server's window lets go, in one write; nothing while the kernel has not taken what went before.
bool Session::write_some() {
    if (state_ != State::open || transport_->unsent() > 0) {
        return false;
    }
    auto& out = common_.out;
    out.clear();
    for (Flight& flight : flights_) {
        if (unanswered_ == window_ || out.size() >= most_written_at_once) {
            break;
        }
        if (flight.stand == Stand::waiting) {
            const std::size_t begin = out.size(), size = flight.batch.body->size();
            out.resize(begin + size + 1);
            flight.batch.body->write_to(std::span(out).subspan(begin, size));
            out.back() = std::byte{'\n'};
            flight.outcome.sent = common_.loop.now();
            flight.stand = Stand::sent;
            ++unanswered_;
        }
    }
    if (out.empty()) {
        return false;
    }
    transport_->write(out);
    return true;
}

// Nobody hears of it before deliver().
void Session::settle(Flight& flight, Answer answer, const error_code& cause, std::optional<Nanos> retry_after) {
    unanswered_ -= flight.stand == Stand::sent ? 1 : 0;
    flight.stand = Stand::settled;
    flight.outcome = {answer, cause, flight.outcome.sent, common_.loop.now(), retry_after};
    common_.loop.later(*this);
}

void Session::settle_all(const error_code& cause) {
    for (Flight& flight : flights_) {
        if (flight.stand != Stand::settled) {
            settle(flight, Answer::broken, cause);
        }
    }
}

// False if the session was destroyed by whom it told.
bool Session::deliver() {
    for (;;) {
        const auto flight = std::find_if(flights_.begin(), flights_.end(),
                                         [](const Flight& each) { return each.stand == Stand::settled; });
        if (flight == flights_.end()) {
            return true;
        }
        const Flight told = *flight;
        flights_.erase(flight);  // first: within the call more may be offered
        bool destroyed = false;
        destroyed_ = &destroyed;
        receipts_.settled(told.batch.first, told.outcome);
        if (destroyed) {
            return false;
        }
        destroyed_ = nullptr;
    }
}

// The first cause counts.
void Session::lost(const error_code& cause) {
    if (state_ == State::open) {
        state_ = State::broken;
        settle_all(cause);
        common_.loop.later(*this);
    } else if (state_ == State::opening || state_ == State::greeted) {
        state_ = State::closed;
        changed_->wake();
    } else {
        return;
    }
    cause_ = cause;
    transport_.reset();
}

}  // namespace portillon::example
