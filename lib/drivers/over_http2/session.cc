#include "drivers/over_http2/session.h"

#include <boost/asio/error.hpp>
#include <utility>

#include "base/check.h"
#include "http2/error.h"

namespace portillon::over_http2 {

namespace {

constexpr std::uint32_t header_list_bytes = 16 << 10;  // of a response; one has a few hundred bytes

}  // namespace

// A batch under way, in its place in the session's table.
class Flight final : public http2::Request {
public:
    enum class State : std::uint8_t { free, waiting, sent, settled };

    std::size_t body_bytes() const override { return body_bytes_; }
    void write_body(std::span<std::byte> out) const override { session_->common_.dialect.write_body(batch_, out); }
    void started() override {
        state_ = State::sent;
        session_->common_.started.push_back(this);
    }
    void header(std::string_view name, std::string_view value) override {
        session_->common_.dialect.note(response_, name, value);
    }
    void answered() override { session_->settle(*this, session_->common_.dialect.read(response_)); }
    void failed(const error_code& cause) override {
        session_->settle(*this, session_->common_.dialect.read_reset(cause));
    }

private:
    friend class Session;
    bool under_way() const { return state_ == State::waiting || state_ == State::sent; }

    Session* session_ = nullptr;
    driver::Batch batch_;
    std::size_t body_bytes_ = 0;
    Response response_;
    driver::Outcome outcome_;
    Flight* next_ = nullptr;  // among the free, or among the settled
    State state_ = State::free;
};

Session::Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
    : common_(common), receipts_(receipts), equipment_(equipment), changed_(common.loop) {}

Session::~Session() {
    for (bool* destroyed : {destroyed_, destroyed_while_dialling_}) {
        if (destroyed != nullptr) {
            *destroyed = true;
        }
    }
}

net::Task<error_code> Session::open(Instant deadline) {
    check(state_ == State::closed, "a session is opened once at a time");
    if (!flights_) {
        flights_ = std::make_unique<Flight[]>(common_.in_flight);
        for (std::uint32_t i = common_.in_flight; i > 0; --i) {
            release(flights_[i - 1]);
        }
    }
    transport_ = common_.dialer.dial(equipment_);
    state_ = State::opening;
    bool destroyed = false;
    destroyed_while_dialling_ = &destroyed;
    const error_code error = co_await transport_->connect(deadline);
    if (destroyed) {
        co_return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
    }
    destroyed_while_dialling_ = nullptr;
    if (error) {
        drop_connection();
        state_ = State::closed;
        co_return error;
    }
    cause_ = {};
    connection_.reset(new http2::ClientConnection(*this, header_list_bytes));
    transport_->start(*this);
    common_.loop.later(*this);
    while (state_ == State::opening) {
        if (common_.loop.now() >= deadline) {
            lost(boost::asio::error::make_error_code(boost::asio::error::timed_out));
        } else {
            co_await changed_.until(deadline);
        }
    }
    if (state_ == State::closed) {
        co_return cause_;
    }
    co_return error_code{};
}

void Session::offer(const driver::Batch& batch) {
    Flight& flight = take_flight();
    flight.session_ = this;
    flight.batch_ = batch;
    flight.response_ = {};
    flight.outcome_ = {};
    flight.state_ = Flight::State::waiting;
    ++unsettled_;
    if (state_ != State::open) {
        check(state_ == State::draining || state_ == State::broken,
              "a batch was offered to a session that is not open");
        settle(flight, {driver::Answer::broken, cause_, {}});
        return;
    }
    flight.body_bytes_ = common_.dialect.body_bytes(batch);
    const auto headers = common_.dialect.request_headers(batch, flight.body_bytes_);
    if (const error_code error = connection_->submit(flight, headers)) {
        settle(flight, {driver::Answer::try_again, error, {}});
        cause_ = error;
        state_ = State::draining;
    }
    common_.loop.later(*this);
}

void Session::abandon(Sequence first) {
    for (std::uint32_t i = 0; i < common_.in_flight && flights_; ++i) {
        Flight& flight = flights_[i];
        if (flight.under_way() && flight.batch_.first == first) {
            connection_->cancel(flight);
            settle(flight,
                   {driver::Answer::timed_out, boost::asio::error::make_error_code(boost::asio::error::timed_out), {}});
            return;
        }
    }
}

net::Task<void> Session::close(Instant deadline) {
    if (state_ == State::closed) {
        co_return;
    }
    const bool alive = state_ == State::open || state_ == State::draining;
    state_ = State::broken;  // for what settled() may offer
    cause_ = boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
    settle_all(cause_);
    if (!deliver()) {
        co_return;
    }
    if (alive) {
        state_ = State::closing;
        connection_->go_away();
        flush();
        transport_->shut();
        while (state_ == State::closing && common_.loop.now() < deadline) {
            co_await changed_.until(deadline);
        }
    }
    drop_connection();
    state_ = State::closed;
}

void Session::usable() {
    if (state_ == State::opening) {
        state_ = State::open;
        changed_.wake();
    }
}

void Session::going_away() {
    if (state_ != State::open && state_ != State::opening) {
        return;
    }
    cause_ = connection_->cause();
    if (state_ == State::opening) {
        return;  // the end of the connection follows
    }
    state_ = State::draining;
    for (std::uint32_t i = 0; i < common_.in_flight; ++i) {
        if (Flight& flight = flights_[i]; flight.state_ == Flight::State::waiting) {
            connection_->cancel(flight);
            settle(flight, {driver::Answer::try_again, http2::Error::refused_stream, {}});
        }
    }
}

void Session::received(std::span<const std::byte> bytes) {
    if (state_ == State::closing || state_ == State::broken) {
        return;
    }
    if (const error_code error = connection_->receive(bytes)) {
        lost(error);
    }
    if (!deliver()) {
        return;
    }
    if (connection_ && (connection_->wants_to_write() || connection_->finished() || state_ == State::draining)) {
        common_.loop.later(*this);
    }
}

void Session::ended(const error_code& cause) {
    if (state_ == State::closing) {
        state_ = State::closed;
        changed_.wake();
    } else {
        lost(connection_ && connection_->cause() ? connection_->cause() : cause);
    }
}

void Session::run() {
    if (!deliver()) {
        return;
    }
    flush();
    if (state_ == State::draining && unsettled_ == 0) {
        lost(cause_);
    }
    if (!deliver()) {
        return;
    }
    if (state_ == State::broken) {
        drop_connection();
        state_ = State::closed;
        receipts_.broken(cause_);
    }
}

Flight& Session::take_flight() {
    check(free_ != nullptr, "more batches are in flight than was said, or the session was never open");
    return *std::exchange(free_, free_->next_);
}

void Session::release(Flight& flight) {
    flight.state_ = Flight::State::free;
    flight.next_ = std::exchange(free_, &flight);
}

// Nobody hears of it before deliver().
void Session::settle(Flight& flight, const Reading& reading) {
    flight.state_ = Flight::State::settled;
    flight.outcome_.answer = reading.answer;
    flight.outcome_.cause = reading.cause;
    flight.outcome_.retry_after = reading.retry_after;
    flight.outcome_.answered = common_.loop.now();
    flight.next_ = nullptr;
    (settled_last_ != nullptr ? settled_last_->next_ : settled_first_) = &flight;
    settled_last_ = &flight;
    common_.loop.later(*this);
}

void Session::settle_all(const error_code& cause) {
    for (std::uint32_t i = 0; i < common_.in_flight && flights_; ++i) {
        if (flights_[i].under_way()) {
            settle(flights_[i], {driver::Answer::broken, cause, {}});
        }
    }
}

// False if the session was destroyed by whom it told.
bool Session::deliver() {
    bool destroyed = false;
    destroyed_ = &destroyed;
    while (Flight* flight = settled_first_) {
        settled_first_ = flight->next_;
        if (settled_first_ == nullptr) {
            settled_last_ = nullptr;
        }
        const Sequence first = flight->batch_.first;
        const driver::Outcome outcome = flight->outcome_;
        release(*flight);
        --unsettled_;
        receipts_.settled(first, outcome);
        if (destroyed) {
            return false;
        }
    }
    destroyed_ = nullptr;
    return true;
}

void Session::flush() {
    if (!connection_ || !transport_) {
        return;
    }
    common_.out.clear();
    common_.started.clear();
    const error_code error = connection_->pull(common_.out);
    if (!common_.out.empty()) {
        const Instant now = common_.loop.now();
        for (Flight* flight : common_.started) {
            flight->outcome_.sent = now;
        }
        transport_->write(common_.out);
    }
    if (error || (connection_->finished() && state_ != State::closing)) {
        lost(error ? error : connection_->cause());
    }
}

// Never from within the connection's own calls.
void Session::lost(const error_code& cause) {
    if (state_ == State::opening) {
        drop_connection();
        cause_ = cause;
        state_ = State::closed;
        changed_.wake();
    } else if (state_ == State::open || state_ == State::draining) {
        transport_->close();
        connection_.reset();
        cause_ = cause;
        state_ = State::broken;
        settle_all(cause);
        common_.loop.later(*this);
    }
}

void Session::drop_connection() {
    connection_.reset();
    transport_.reset();
}

}  // namespace portillon::over_http2
