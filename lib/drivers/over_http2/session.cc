#include "drivers/over_http2/session.h"

#include <algorithm>

#include "base/check.h"
#include "http2/error.h"
#include "wire/percent.h"

namespace portillon::drivers::over_http2 {

namespace {

constexpr std::uint32_t header_list_bytes = 16 << 10;  // of a response; a usual one has a few hundred bytes
constexpr Nanos ping_patience = 20s;                   // or the keepalive, if that is shorter
constexpr std::uint8_t most_resets = 16;

}  // namespace

Session::Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
    : StreamSession(common, equipment, receipts), common_(common) {}

Session::~Session() {
    check(in_flight_.empty() && settled_.empty(), "flights are given back");
}

void Session::give_all_back() {
    connection_.reset();  // it refers to some of them
    for (List<Flight>* list : {&in_flight_, &settled_}) {
        list->clear_and_dispose([this](Flight* flight) { give_back(*flight); });
    }
}

void Session::greet() {
    farewell_ = {};
    complaint_ = {};
    connection_.reset(new portillon::http2::ClientConnection(*this, header_list_bytes));
    write_soon();
}

void Session::opened() {
    last_byte_ = common_.loop.now();
    silence_ = Silence::none;
    heard();
    set_alarm();
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
    if (!takes_offer()) {
        settle(flight, {driver::Answer::broken, cause(), {}});
    } else if (is_draining()) {
        settle(flight, {driver::Answer::broken, farewell_, {}});
    } else if (const error_code error = carry(flight)) {
        settle(flight, {driver::Answer::try_again, error, {}});
        farewell_ = error;
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
    if (is_open()) {
        doubt(offered, deadline);
    }
}

void Session::say_goodbye() {
    cancel();
    connection_->go_away();
    write();
    transport().shut();
}

void Session::gone() {
    cancel();
    connection_.reset();
}

void Session::started(Flight& flight) {
    flight.state = Flight::State::sent;
    common_.started.push_back(&flight);
}

void Session::usable() {
    if (is_opening()) {
        begin();
        greeted();
    }
}

void Session::going_away(std::string_view words) {
    if (!words.empty()) {
        receipts().said(connection_->cause(), words);
    }
    if (!is_opening()) {  // else the end of the connection follows
        farewell_ = connection_->cause();
        withdraw_waiting();
    }
}

void Session::take(std::span<const std::byte> bytes) {
    silence_ = Silence::none;
    if (common_.keepalive > 0s) {
        last_byte_ = common_.loop.now();
    }
    const error_code error = connection_->receive(bytes);
    if (error || complaint_) {
        lost(complaint_ ? complaint_ : error);
    } else if (connection_->wants_to_write() || connection_->finished() || is_draining()) {
        write_soon();
    }
}

void Session::ended(const error_code& cause) {
    StreamSession::ended(connection_ && connection_->cause() ? connection_->cause() : cause);
}

void Session::ring(Instant now) {
    if (!is_open()) {
        return;
    }
    if (silence_ == Silence::asked && byte_until_ <= now) {
        lost(portillon::http2::Error::no_ping_answer);
        return;
    }
    if (silence_ == Silence::none && common_.keepalive > 0s && last_byte_ + common_.keepalive <= now) {
        ask(ping_patience);
    }
    set_alarm();
}

void Session::answered(Flight& flight, const AnswerMeaning& meaning) {
    heard();
    settle(flight, meaning);
}

void Session::was_reset(Flight& flight, const AnswerMeaning& meaning) {
    if (++resets_ >= most_resets) {
        complain(portillon::http2::Error::only_resets);
    }
    settle(flight, meaning);
}

void Session::heard() {
    last_answer_ = common_.loop.now();
    doubted_from_ = never;
    resets_ = 0;
}

// Called when a batch times out. That is a sign of trouble only if nothing was answered since the batch was offered.
// Time-outs of batches that were in flight together are one sign: only a batch that was offered after the first of them
// proves that the connection has not recovered since.
void Session::doubt(Instant offered, Instant deadline) {
    if (offered < last_answer_) {
        return;
    }
    if (doubted_from_ == never) {
        doubted_from_ = common_.loop.now();
        ask(deadline == never ? ping_patience : deadline - offered);
        set_alarm();
    } else if (offered >= doubted_from_) {
        lost(portillon::http2::Error::no_answers);
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

// Passes the server's words on, once per cause: the receiver keeps only the first words of a cause anyway.
void Session::pass_on_words(const Response& response, const error_code& cause) {
    Words& words = common_.words;
    const std::string_view text = words.of(&response);
    if (cause && !text.empty() && !words.are_known(cause)) {
        words.know(cause);
        if (words.worth() == Words::Worth::escaped_message) {
            receipts().said(cause, wire::percent_decode(text));
        } else {
            receipts().said(cause, text);
        }
    }
    words.leave(&response);
}

void Session::settle(Flight& flight, const AnswerMeaning& meaning) {
    flight.outcome.answer = meaning.answer;
    flight.outcome.cause = meaning.cause;
    flight.outcome.retry_after = meaning.retry_after;
    flight.outcome.answered = common_.loop.now();
    in_flight_.erase(in_flight_.iterator_to(flight));
    settled_.push_back(flight);
    note_settled();
}

// If there still is a connection, it first drops what it was given.
void Session::break_all() {
    if (connection_) {
        end();
    }
    while (!in_flight_.empty()) {
        settle(in_flight_.front(), {driver::Answer::broken, cause(), {}});
    }
}

driver::Settled Session::take_settled() {
    Flight& flight = take_front(settled_);
    const driver::Settled settled{flight.batch.first, flight.outcome};
    give_back(flight);
    --unsettled_;
    return settled;
}

// Sends what the connection has to send. The batches whose first byte is in it are stamped as sent just before the
// write.
void Session::write() {
    common_.out.clear();
    common_.started.clear();
    const error_code error = connection_->pull(common_.out);
    if (!common_.out.empty()) {
        const Instant now = common_.loop.now();
        for (Flight* flight : common_.started) {
            flight->outcome.sent = now;
        }
        transport().write(common_.out);
    }
    if (error || complaint_ || connection_->finished()) {
        const error_code cause = complaint_ ? complaint_ : error ? error : connection_->cause();
        lost(cause ? cause : make_error_code(portillon::http2::Error::goaway));
    } else if (is_draining() && unsettled_ == 0) {
        lost(farewell_);
    }
}

}  // namespace portillon::drivers::over_http2
