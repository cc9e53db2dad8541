#include "drivers/over_http2/session.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/check.h"
#include "http2/error.h"
#include "wire/grpc_status.h"

namespace portillon::over_http2 {

namespace {

constexpr std::uint32_t header_list_bytes = 16 << 10;  // of a response; one has a few hundred bytes
constexpr Nanos ping_patience = 20s;                   // or the keepalive, if that is shorter
constexpr std::uint8_t most_resets = 16;

error_code timed_out() {
    return boost::asio::error::make_error_code(boost::asio::error::timed_out);
}
error_code cancelled() {
    return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
}

}  // namespace

Session::Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
    : common_(common), receipts_(receipts), equipment_(equipment) {}

Session::~Session() {
    check(in_flight_.empty() && settled_.empty(), "flights are given back");
    for (bool* destroyed : {destroyed_, destroyed_while_dialling_}) {
        if (destroyed != nullptr) {
            *destroyed = true;
        }
    }
}

void Session::give_all_back() {
    connection_.reset();  // it knows some of them
    for (List<Flight>* list : {&in_flight_, &settled_}) {
        list->clear_and_dispose([this](Flight* flight) { give_back(*flight); });
    }
}

net::Task<error_code> Session::open(Instant deadline) {
    check(state_ == State::closed, "a session is opened once at a time");
    transport_ = common_.dialer.dial(equipment_);
    state_ = State::opening;
    bool destroyed = false;
    destroyed_while_dialling_ = &destroyed;
    const error_code error = co_await transport_->connect(deadline);
    if (destroyed) {
        co_return cancelled();
    }
    destroyed_while_dialling_ = nullptr;
    if (error) {
        drop_connection();
        state_ = State::closed;
        co_return error;
    }
    cause_ = {};
    complaint_ = {};
    connection_.reset(new http2::ClientConnection(*this, header_list_bytes));
    transport_->start(*this);
    write_soon();
    changed_ = std::make_unique<net::Wakeup>(common_.loop);
    while (state_ == State::opening) {
        if (common_.loop.now() >= deadline) {
            lost(timed_out());
        } else {
            co_await changed_->until(deadline);
        }
    }
    changed_.reset();
    if (state_ == State::broken) {  // before anybody could know that it was open
        drop_connection();
        state_ = State::closed;
    }
    if (state_ == State::closed) {
        co_return cause_;
    }
    last_byte_ = common_.loop.now();
    silence_ = Silence::none;
    heard();
    set_alarm();
    co_return error_code{};
}

void Session::offer(const driver::Batch& batch) {
    check(unsettled_ < common_.in_flight, "more batches are in flight than was said");
    Flight& flight = take_flight();
    flight.batch = batch;
    flight.outcome = {};
    flight.offered = common_.loop.now();
    flight.state = Flight::State::waiting;
    in_flight_.push_back(flight);
    ++unsettled_;
    if (state_ != State::open) {
        check(state_ == State::draining || state_ == State::broken,
              "a batch was offered to a session that is not open");
        settle(flight, {driver::Answer::broken, cause_, {}});
        return;
    }
    if (const error_code error = carry(flight)) {
        settle(flight, {driver::Answer::try_again, error, {}});
        cause_ = error;
        state_ = State::draining;
    }
    write_soon();
}

void Session::abandon(Sequence first) {
    const auto flight = std::find_if(in_flight_.begin(), in_flight_.end(),
                                     [first](const Flight& each) { return each.batch.first == first; });
    if (flight == in_flight_.end()) {
        return;
    }
    const Instant offered = flight->offered, deadline = flight->batch.deadline;
    time_out(*flight);
    if (state_ == State::open || state_ == State::draining) {
        doubt(offered, deadline);
    }
}

net::Task<void> Session::close(Instant deadline) {
    if (state_ == State::closed) {
        co_return;
    }
    cancel();
    const bool alive = state_ == State::open || state_ == State::draining;
    state_ = State::broken;  // for what settled() may offer
    cause_ = cancelled();
    if (alive) {
        end();
    }
    settle_all(cause_);
    if (!deliver()) {
        co_return;
    }
    if (alive) {
        state_ = State::closing;
        connection_->go_away();
        flush();
        transport_->shut();
        changed_ = std::make_unique<net::Wakeup>(common_.loop);
        while (state_ == State::closing && common_.loop.now() < deadline) {
            co_await changed_->until(deadline);
        }
        changed_.reset();
    }
    drop_connection();
    state_ = State::closed;
}

void Session::started(Flight& flight) {
    flight.state = Flight::State::sent;
    common_.started.push_back(&flight);
}

void Session::usable() {
    if (state_ == State::opening) {
        state_ = State::open;
        begin();
        wake();
    }
}

void Session::going_away(std::string_view words) {
    if (!words.empty()) {
        receipts_.said(connection_->cause(), words);
    }
    if (state_ != State::open && state_ != State::opening) {
        return;
    }
    cause_ = connection_->cause();
    if (state_ == State::opening) {
        return;  // the end of the connection follows
    }
    state_ = State::draining;
    withdraw_waiting();
}

void Session::received(std::span<const std::byte> bytes) {
    if (state_ == State::closing || state_ == State::broken) {
        return;
    }
    silence_ = Silence::none;
    if (common_.keepalive > 0s) {
        last_byte_ = common_.loop.now();
    }
    const error_code error = connection_->receive(bytes);
    if (error || complaint_) {
        lost(complaint_ ? complaint_ : error);
    }
    if (!deliver()) {
        return;
    }
    if (connection_ && (connection_->wants_to_write() || connection_->finished() || state_ == State::draining)) {
        write_soon();
    }
}

void Session::ended(const error_code& cause) {
    if (state_ == State::closing) {
        state_ = State::closed;
        wake();
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
    if (state_ == State::broken && !changed_) {  // else open() says so
        drop_connection();
        state_ = State::closed;
        receipts_.broken(cause_);
    }
}

void Session::ring(Instant now) {
    if (state_ != State::open && state_ != State::draining) {
        return;
    }
    if (silence_ == Silence::asked && byte_until_ <= now) {
        lost(http2::Error::no_ping_answer);
        return;
    }
    if (silence_ == Silence::none && common_.keepalive > 0s && last_byte_ + common_.keepalive <= now) {
        ask(ping_patience);
    }
    set_alarm();
}

void Session::answered(Flight& flight, const Reading& reading) {
    heard();
    settle(flight, reading);
}

void Session::was_reset(Flight& flight, const Reading& reading) {
    if (++resets_ >= most_resets) {
        complain(http2::Error::only_resets);
    }
    settle(flight, reading);
}

void Session::heard() {
    last_answer_ = common_.loop.now();
    doubted_from_ = never;
    resets_ = 0;
}

// A batch's time has passed. That is a sign only if nothing was answered since it was offered, and time-outs of batches
// that were in flight together are one sign: only one that was offered after the first of them says that the connection
// is no better than it was then.
void Session::doubt(Instant offered, Instant deadline) {
    if (offered < last_answer_) {
        return;
    }
    if (doubted_from_ == never) {
        doubted_from_ = common_.loop.now();
        ask(deadline == never ? ping_patience : deadline - offered);
        set_alarm();
    } else if (offered >= doubted_from_) {
        lost(http2::Error::no_answers);
    }
}

void Session::ask(Nanos patience) {
    const Nanos longest = common_.keepalive > 0s ? std::min(common_.keepalive, ping_patience) : ping_patience;
    const Instant until = common_.loop.now() + std::min(patience, longest);
    if (silence_ == Silence::asked) {
        byte_until_ = std::min(byte_until_, until);
        return;
    }
    silence_ = Silence::asked;
    byte_until_ = until;
    connection_->ping();
    write_soon();
}

void Session::set_alarm() {
    if (silence_ == Silence::asked) {
        common_.loop.timers().set(*this, byte_until_);
    } else if (common_.keepalive > 0s) {
        common_.loop.timers().set(*this, last_byte_ + common_.keepalive);
    }
}

// Once per cause: who counts them keeps the first words only.
void Session::pass_on_words(const Response& response, const error_code& cause) {
    Words& words = common_.words;
    const std::string_view text = words.of(&response);
    if (cause && !text.empty() && !words.are_known(cause)) {
        words.know(cause);
        if (words.worth() == Words::Worth::escaped_message) {
            receipts_.said(cause, wire::percent_decode(text));
        } else {
            receipts_.said(cause, text);
        }
    }
    words.leave(&response);
}

void Session::settle(Flight& flight, const Reading& reading) {
    flight.outcome.answer = reading.answer;
    flight.outcome.cause = reading.cause;
    flight.outcome.retry_after = reading.retry_after;
    flight.outcome.answered = common_.loop.now();
    in_flight_.erase(in_flight_.iterator_to(flight));
    settled_.push_back(flight);
    write_soon();
}

void Session::settle_all(const error_code& cause) {
    while (!in_flight_.empty()) {
        settle(in_flight_.front(), {driver::Answer::broken, cause, {}});
    }
}

// False if the session was destroyed by whom it told.
bool Session::deliver() {
    bool destroyed = false;
    destroyed_ = &destroyed;
    while (!settled_.empty()) {
        Flight& flight = take_front(settled_);
        const Sequence first = flight.batch.first;
        const driver::Outcome outcome = flight.outcome;
        give_back(flight);
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
            flight->outcome.sent = now;
        }
        transport_->write(common_.out);
    }
    const bool over = error || complaint_ || connection_->finished();
    if (over && state_ != State::closing) {
        const error_code cause = complaint_ ? complaint_ : error ? error : connection_->cause();
        lost(cause ? cause : make_error_code(http2::Error::goaway));
    }
}

void Session::lost(const error_code& cause) {
    if (state_ == State::opening) {
        drop_connection();
        cause_ = cause;
        state_ = State::closed;
        wake();
    } else if (state_ == State::open || state_ == State::draining) {
        cancel();
        transport_->close();
        connection_.reset();
        cause_ = cause;
        state_ = State::broken;
        settle_all(cause);
        write_soon();
    }
}

void Session::drop_connection() {
    connection_.reset();
    transport_.reset();
}

void Session::wake() {
    if (changed_) {
        changed_->wake();
    }
}

}  // namespace portillon::over_http2
