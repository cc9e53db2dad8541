#include "drivers/mqtt/session.h"

#include <boost/asio/error.hpp>

#include "base/check.h"
#include "drivers/mqtt/answer.h"
#include "drivers/mqtt/error.h"

namespace portillon::mqtt {

namespace {

// Larger writes do not get cheaper, and what the kernel does not take of one is kept in memory.
constexpr std::size_t most_written_at_once = 64 << 10;

constexpr std::size_t most_head_bytes = 5 + 2 + 65'535 + 2 + 1;  // of a PUBLISH without properties

error_code timed_out() {
    return boost::asio::error::make_error_code(boost::asio::error::timed_out);
}

std::span<std::byte> grown(std::vector<std::byte>& buffer, std::size_t size) {
    if (buffer.size() < size) {
        buffer.resize(size);
    }
    return buffer;
}

std::uint16_t after(std::uint16_t packet_id) {
    return packet_id == 65'535 ? std::uint16_t{1} : static_cast<std::uint16_t>(packet_id + 1);
}

// The server allows one and a half keep-alives of silence; three quarters leave room for a late timer.
Nanos ping_after(std::uint16_t keepalive_seconds) {
    return std::chrono::seconds{keepalive_seconds} * 3 / 4;
}

}  // namespace

Common::Common(net::Loop& its_loop, net::Dialer& its_dialer, Options its_options, RunId its_run)
    : loop(its_loop), dialer(its_dialer), options(std::move(its_options)), run(its_run) {
    connect_properties_.add(PropertyId::maximum_packet_size, ClientConnection::most_packet_bytes);
}

std::string_view Common::topic_of(EquipmentId equipment) {
    if (equipment != topic_of_ || topic_.empty()) {
        write_topic(topic_, options.topic, equipment);
        topic_of_ = equipment;
    }
    return topic_;
}

std::span<const std::byte> Common::connect_packet(EquipmentId equipment) {
    const std::string id = client_id(run, equipment);
    Connect packet;
    packet.version = options.version;
    packet.keep_alive_seconds = options.keepalive_seconds;
    packet.client_id = id;
    if (options.version == Version::v5) {
        packet.properties = connect_properties_.view();
    }
    const auto buffer = grown(out, encoded_size(packet));
    return buffer.first(encode(packet, buffer));
}

Session::Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
    : common_(common), receipts_(receipts), connection_(common.options.version), equipment_(equipment) {}

Session::~Session() {
    if (destroyed_ != nullptr) {
        *destroyed_ = true;
    }
    for (FlightQueue* queue : {&waiting_, &in_flight_, &settled_}) {
        while (!queue->empty()) {
            common_.flights.give_back(queue->pop());
        }
    }
}

net::Task<error_code> Session::open(Instant deadline) {
    check(state_ == State::closed, "a session is opened once at a time");
    state_ = State::opening;
    transport_ = common_.dialer.dial(equipment_);
    bool destroyed = false;
    destroyed_ = &destroyed;
    const error_code error = co_await transport_->connect(deadline);
    if (destroyed) {
        co_return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
    }
    destroyed_ = nullptr;
    if (error) {
        transport_.reset();
        state_ = State::closed;
        co_return error;
    }
    connection_ = ClientConnection(common_.options.version);
    last_packet_id_ = 0;
    outstanding_ = 0;
    transport_->start(*this);
    last_written_ = common_.loop.now();
    transport_->write(common_.connect_packet(equipment_));
    changed_ = std::make_unique<net::Wakeup>(common_.loop);
    while (state_ == State::opening) {
        if (common_.loop.now() >= deadline) {
            lost(timed_out());
        } else {
            co_await changed_->until(deadline);
        }
    }
    changed_.reset();
    if (state_ == State::closed) {
        co_return cause_;
    }
    state_ = State::open;
    if (keepalive_seconds_ > 0) {
        ping_ = Ping::none;
        common_.loop.timers().set(*this, last_written_ + ping_after(keepalive_seconds_));
    }
    co_return error_code{};
}

void Session::offer(const driver::Batch& batch) {
    check(state_ == State::open || state_ == State::broken || state_ == State::closing,
          "a batch was offered to a session that is not open");
    Flight& flight = common_.flights.take();
    flight.body = batch.body;
    flight.first = batch.first;
    if (state_ != State::open) {
        settle(flight, Flight::End::broken, common_.loop.now());
        return;
    }
    const std::size_t payload_bytes = batch.body->size();
    const bool fits = payload_bytes + most_head_bytes <= largest_packet_bytes &&
                      publish_head_size(publish_of(flight), common_.options.version, payload_bytes) + payload_bytes <=
                          most_packet_bytes_;
    if (!fits) {
        settle(flight, Flight::End::too_large, common_.loop.now());
        return;
    }
    flight.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
    waiting_.push(flight);
    common_.loop.later(*this);
}

void Session::abandon(Sequence first) {
    const auto wanted = [first](const Flight& flight) { return flight.first == first; };
    if (Flight* flight = waiting_.take(wanted)) {
        settle(*flight, Flight::End::timed_out, common_.loop.now());
    } else if (Flight* sent = in_flight_.take(wanted)) {
        settle(*sent, Flight::End::timed_out, common_.loop.now());
        lost(timed_out());
    }
}

net::Task<void> Session::close(Instant deadline) {
    if (state_ == State::closed) {
        co_return;
    }
    check(state_ == State::open || state_ == State::broken, "a session is closed once it is open");
    const bool alive = state_ == State::open;
    state_ = State::closing;
    cancel();
    if (alive) {
        cause_ = boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
    }
    settle_all_broken();
    if (!deliver(nullptr)) {
        co_return;
    }
    if (alive && transport_) {
        const Disconnect packet;
        const auto buffer = grown(common_.out, encoded_size(packet, common_.options.version));
        transport_->write(buffer.first(encode(packet, common_.options.version, buffer)));
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

void Session::connected(const Terms& terms) {
    state_ = State::greeted;
    most_packet_bytes_ = terms.most_packet_bytes;
    receive_maximum_ = terms.receive_maximum;
    keepalive_seconds_ = terms.keepalive_seconds.value_or(common_.options.keepalive_seconds);
    if (common_.options.qos > terms.most_qos) {
        lost(Reason::qos_not_supported);
    }
    changed_->wake();
}

void Session::acknowledged(std::uint16_t packet_id, Reason reason) {
    Flight* flight = in_flight_.take([packet_id](const Flight& each) { return each.packet_id == packet_id; });
    if (flight == nullptr) {
        lost(boost::system::errc::make_error_code(boost::system::errc::protocol_error));
        return;
    }
    --outstanding_;
    flight->reason = reason;
    settle(*flight, Flight::End::answered, common_.loop.now());
}

void Session::pinged() {
    ping_ = Ping::none;
}

void Session::received(std::span<const std::byte> bytes) {
    if (state_ == State::closing) {
        return;
    }
    if (const error_code error = connection_.receive(bytes, *this)) {
        if (const auto complaint = connection_.complaint(); complaint && transport_) {
            const Disconnect packet{*complaint, {}};
            const auto buffer = grown(common_.out, encoded_size(packet, Version::v5));
            transport_->write(buffer.first(encode(packet, Version::v5, buffer)));
        }
        lost(error);
    }
    if (!deliver(settled_.back())) {
        return;
    }
    if (!waiting_.empty()) {
        common_.loop.later(*this);
    }
}

void Session::ended(const error_code& cause) {
    if (state_ == State::closing) {
        state_ = State::closed;
        changed_->wake();
    } else {
        lost(cause);
    }
}

void Session::drained() {
    if (!waiting_.empty()) {
        common_.loop.later(*this);
    }
}

void Session::run() {
    flush();
    if (!deliver(settled_.back())) {
        return;
    }
    if (!settled_.empty()) {
        common_.loop.later(*this);
    } else if (state_ == State::broken) {
        state_ = State::closed;
        receipts_.broken(cause_);
    }
}

void Session::ring(Instant now) {
    const Instant silent_until = last_written_ + ping_after(keepalive_seconds_);
    if (ping_ == Ping::awaited) {
        lost(ClientError::no_pingresp);
    } else if (silent_until > now) {
        common_.loop.timers().set(*this, silent_until);
    } else {
        last_written_ = now;
        ping_ = Ping::awaited;
        transport_->write(pingreq);
        common_.loop.timers().set(*this, now + ping_after(keepalive_seconds_));
    }
}

Publish Session::publish_of(const Flight& flight) {
    Publish packet;
    packet.topic = common_.topic_of(equipment_);
    packet.qos = common_.options.qos;
    packet.packet_id = flight.packet_id;
    return packet;
}

void Session::flush() {
    FlightQueue filled;
    while (state_ == State::open && transport_->unsent() == 0) {
        const std::size_t size = fill(filled);
        if (size == 0) {
            return;
        }
        last_written_ = common_.loop.now();
        transport_->write(std::span<const std::byte>(common_.out).first(size));
        while (!filled.empty()) {
            Flight& flight = filled.pop();
            flight.sent = last_written_;
            if (common_.options.qos == Qos::at_most_once) {
                settle(flight, Flight::End::sent, last_written_);
            } else {
                in_flight_.push(flight);
            }
        }
    }
}

// As many of the waiting as may go in one write, into the shared buffer; returns their bytes.
std::size_t Session::fill(FlightQueue& filled) {
    std::size_t used = 0;
    while (!waiting_.empty() && may_send()) {
        Flight& flight = *waiting_.front();
        if (common_.options.qos != Qos::at_most_once) {
            flight.packet_id = after(last_packet_id_);
        }
        const Publish packet = publish_of(flight);
        const std::size_t head_bytes = publish_head_size(packet, common_.options.version, flight.payload_bytes);
        const std::size_t end = used + head_bytes + flight.payload_bytes;
        if (used > 0 && end > most_written_at_once) {
            break;
        }
        const auto room = grown(common_.out, end).subspan(used);
        encode_publish_head(packet, common_.options.version, flight.payload_bytes, room);
        flight.body->write_to(room.subspan(head_bytes, flight.payload_bytes));
        used = end;
        if (flight.packet_id > 0) {
            last_packet_id_ = flight.packet_id;
            ++outstanding_;
        }
        filled.push(waiting_.pop());
    }
    return used;
}

// Identifiers are given in turn, so that a late second PUBACK is not taken for that of another batch; the next one is
// in use only if the oldest in flight has it.
bool Session::may_send() const {
    return common_.options.qos == Qos::at_most_once ||
           (outstanding_ < receive_maximum_ &&
            (in_flight_.empty() || in_flight_.front()->packet_id != after(last_packet_id_)));
}

// Nobody hears of it before deliver().
void Session::settle(Flight& flight, Flight::End end, Instant now) {
    flight.end = end;
    flight.settled = now;
    settled_.push(flight);
    common_.loop.later(*this);
}

void Session::settle_all_broken() {
    const Instant now = common_.loop.now();
    for (FlightQueue* queue : {&in_flight_, &waiting_}) {
        while (!queue->empty()) {
            settle(queue->pop(), Flight::End::broken, now);
        }
    }
    outstanding_ = 0;
}

// Up to `last`; nullptr: until nothing is left. False if the session was destroyed by whom it told.
bool Session::deliver(const Flight* last) {
    bool destroyed = false;
    destroyed_ = &destroyed;
    while (!settled_.empty()) {
        Flight& flight = settled_.pop();
        const bool done = &flight == last;
        const Sequence first = flight.first;
        const driver::Outcome outcome = outcome_of(flight);
        common_.flights.give_back(flight);
        receipts_.settled(first, outcome);
        if (destroyed) {
            return false;
        }
        if (done) {
            break;
        }
    }
    destroyed_ = nullptr;
    return true;
}

driver::Outcome Session::outcome_of(const Flight& flight) const {
    driver::Outcome outcome{.answer = driver::Answer::broken,
                            .cause = {},
                            .sent = flight.sent,
                            .answered = flight.settled,
                            .retry_after = {}};
    switch (flight.end) {
        case Flight::End::answered:
            outcome.answer = answer_of(flight.reason);
            if (outcome.answer != driver::Answer::acknowledged) {
                outcome.cause = flight.reason;
            }
            break;
        case Flight::End::sent:
            outcome.answer = driver::Answer::sent;
            break;
        case Flight::End::too_large:
            outcome.answer = driver::Answer::rejected;
            outcome.cause = boost::system::errc::make_error_code(boost::system::errc::message_size);
            break;
        case Flight::End::timed_out:
            outcome.answer = driver::Answer::timed_out;
            outcome.cause = timed_out();
            break;
        case Flight::End::broken:
            outcome.cause = cause_;
            break;
    }
    return outcome;
}

// The first cause counts.
void Session::lost(const error_code& cause) {
    const State before = state_;
    if (before != State::opening && before != State::greeted && before != State::open) {
        return;
    }
    cancel();
    transport_.reset();
    cause_ = cause;
    if (before == State::open) {
        state_ = State::broken;
        settle_all_broken();
        common_.loop.later(*this);
    } else {
        state_ = State::closed;
        changed_->wake();
    }
}

}  // namespace portillon::mqtt
