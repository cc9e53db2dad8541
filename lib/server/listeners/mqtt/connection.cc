#include "server/listeners/mqtt/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/listeners/mqtt/cause.h"

namespace portillon::server::mqtt {

using portillon::mqtt::Connect;
using portillon::mqtt::Frame;
using portillon::mqtt::PacketType;
using portillon::mqtt::PropertyId;
using portillon::mqtt::Publish;
using portillon::mqtt::Qos;
using portillon::mqtt::Reason;
using portillon::mqtt::Version;
using portillon::mqtt::Violation;

namespace {

constexpr Nanos farewell_patience = 1s;
constexpr std::size_t most_unsent_bytes = 64 << 10;  // PUBACKs are 4 bytes: a peer that leaves so many unread is paused
constexpr std::size_t most_client_id_bytes = 1'024;  // one is kept for every connection
constexpr std::uint64_t no_answer = ~std::uint64_t{0};  // exchange of a message at QoS 0

}  // namespace

Connection::Connection(Listener& listener, std::unique_ptr<net::Transport> transport, Ticket ticket)
    : listener_(listener), transport_(std::move(transport)), framer_(listener.limits_.packet_bytes), ticket_(ticket) {
    listener_.loop_.timers().set(*this, listener_.loop_.now() + listener_.limits_.first_byte);
    transport_->start(*this);
}

Connection::~Connection() {
    if (client_id_ != nullptr) {
        listener_.release(*client_id_);
    }
}

void Connection::decided(std::uint64_t exchange, const Decision& decision) {
    if (exchange == no_answer || state_ == State::leaving) {
        return;
    }
    Reason reason = Reason::success;
    if (decision.disposition == Disposition::refused) {
        reason = Reason::quota_exceeded;
    } else if (decision.disposition == Disposition::malformed) {
        reason = Reason::payload_format_invalid;
    }
    unanswered_.decide(exchange, reason);
    listener_.loop_.later(*this);
}

void Connection::take_over() {
    client_id_ = nullptr;
    if (state_ != State::leaving) {
        close(Reason::session_taken_over);
    }
}

void Connection::stop() {
    if (state_ == State::greeting) {
        vanish(cause_of(Reason::server_shutting_down));
    } else if (state_ == State::connected) {
        state_ = State::draining;
        listener_.loop_.later(*this);
    }
}

void Connection::received(std::span<const std::byte> bytes) {
    if (state_ == State::leaving || state_ == State::draining) {
        return;  // read to its end all the same, so that our last words are not lost in a reset
    }
    const Instant now = listener_.loop_.now();
    const auto listening = [this] { return state_ == State::greeting || state_ == State::connected; };
    framer_.feed(bytes);
    while (listening()) {
        const auto frame = framer_.next();
        if (!frame) {
            break;
        }
        last_packet_ = now;
        take(*frame);
    }
    if (const Violation violation = framer_.violation(); listening() && violation) {
        if (state_ == State::greeting) {
            vanish(cause_of(violation.reason));
        } else {
            close(violation.reason);
        }
    }
    if (listening()) {
        hold_back_or_go_on();
    }
}

void Connection::ended(const error_code&) {
    fire_will();
    listener_.remove(ticket_.connection);
}

void Connection::drained() {
    if (state_ == State::connected) {
        hold_back_or_go_on();
    }
}

void Connection::run() {
    if (state_ == State::connected || state_ == State::draining) {
        send_answers();
    }
    if (state_ == State::draining && unanswered_.empty()) {
        close(Reason::server_shutting_down);
    } else if (state_ == State::connected) {
        hold_back_or_go_on();
    }
}

void Connection::ring(Instant now) {
    switch (state_) {
        case State::greeting:
            vanish("no_first_byte");
            break;
        case State::connected:
            if (pausing_ != Pausing::unanswered && now - last_packet_ >= patience().value_or(Nanos::max())) {
                close(Reason::keep_alive_timeout, keepalive_seconds_ > 0 ? "keepalive" : "idle");
            } else {
                await_packet();
            }
            break;
        case State::draining:
            break;
        case State::leaving:
            listener_.remove(ticket_.connection);
            break;
    }
}

void Connection::take(const Frame& frame) {
    const PacketType type = frame.type();
    if (state_ == State::greeting) {
        if (type == PacketType::connect) {
            take_connect(frame);
        } else {
            vanish(cause_of(Reason::protocol_error));
        }
        return;
    }
    switch (type) {
        case PacketType::publish:
            take_publish(frame);
            break;
        case PacketType::pingreq:
            if (const Violation violation = parse_ping(frame)) {
                close(violation.reason);
            } else {
                transport_->write(portillon::mqtt::pingresp);
            }
            break;
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            take_subscribe(frame);
            break;
        case PacketType::disconnect:
            take_disconnect(frame);
            break;
        default:
            close(Reason::protocol_error);
    }
}

void Connection::take_connect(const Frame& frame) {
    Connect packet;
    const Violation violation = parse(frame, packet);
    version_ = packet.version;
    const Reason reason = violation ? violation.reason : objection(packet);
    if (reason != Reason::success) {
        turn_away(reason);
    } else {
        greet(packet);
    }
}

Reason Connection::objection(const Connect& packet) const {
    if (packet.client_id.size() > most_client_id_bytes) {
        return Reason::client_identifier_not_valid;
    }
    if (packet.properties.text(PropertyId::authentication_method)) {
        return Reason::bad_authentication_method;
    }
    if (packet.version == Version::v5 && packet.will) {  // 5.0, 3.2.2.3.4 and 3.2.2.3.5
        if (packet.will->qos == Qos::exactly_once) {
            return Reason::qos_not_supported;
        }
        if (packet.will->retain) {
            return Reason::retain_not_supported;
        }
    }
    return Reason::success;
}

void Connection::greet(const Connect& packet) {
    state_ = State::connected;
    keepalive_seconds_ = packet.keep_alive_seconds;
    will_ = packet.will ? Will::left : Will::none;
    auto properties = listener_.connack_properties_;
    std::string client_id(packet.client_id);
    if (client_id.empty()) {
        client_id = listener_.make_client_id();
        properties.add(PropertyId::assigned_client_identifier, client_id);
    }
    if (packet.properties.number(PropertyId::session_expiry_interval).value_or(0) > 0) {
        properties.add(PropertyId::session_expiry_interval, 0);
    }
    client_id_ = listener_.claim(std::move(client_id), *this);
    send(portillon::mqtt::Connack{false, Reason::success, properties.view()});
    cancel();
    await_packet();
}

void Connection::take_publish(const Frame& frame) {
    Publish packet;
    const Violation violation = parse(frame, version_, packet);
    const Reason reason = violation ? violation.reason : objection(packet);
    if (reason != Reason::success) {
        close(reason);
        return;
    }
    Ticket ticket = ticket_;
    ticket.exchange = packet.qos == Qos::at_most_once ? no_answer : unanswered_.add(packet.packet_id);
    listener_.ingest_.arrived(packet.payload, listener_, ticket);
}

Reason Connection::objection(const Publish& packet) const {
    if (packet.qos == Qos::exactly_once) {
        return Reason::qos_not_supported;
    }
    if (version_ == Version::v3_1_1) {
        return Reason::success;
    }
    if (packet.retain) {
        return Reason::retain_not_supported;
    }
    if (packet.properties.number(PropertyId::topic_alias)) {  // we announced none
        return Reason::topic_alias_invalid;
    }
    if (packet.properties.number(PropertyId::subscription_identifier)) {  // 5.0, 3.3.4
        return Reason::protocol_error;
    }
    if (packet.qos == Qos::at_least_once && unanswered_.size() >= listener_.receive_maximum()) {
        return Reason::receive_maximum_exceeded;
    }
    return Reason::success;
}

// There is nothing to subscribe to.
void Connection::take_subscribe(const Frame& frame) {
    auto& packet = listener_.subscribe_;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation.reason);
        return;
    }
    const bool subscribes = packet.type == PacketType::subscribe;
    const Reason five = subscribes ? Reason::implementation_specific_error : Reason::no_subscription_existed;
    const Reason reason = version_ == Version::v5 ? five : Reason::unspecified_error;
    listener_.reasons_.assign(packet.subscriptions.size(), static_cast<std::byte>(reason));
    if (subscribes) {
        listener_.figures_.refused.add("subscribe");
    }
    send(portillon::mqtt::Suback{
        subscribes ? PacketType::suback : PacketType::unsuback, packet.packet_id, {}, listener_.reasons_});
}

void Connection::take_disconnect(const Frame& frame) {
    portillon::mqtt::Disconnect packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation.reason);
        return;
    }
    if (packet.reason == Reason::success) {
        will_ = Will::none;
    }
    fire_will();
    send_answers();
    leave();
}

void Connection::turn_away(Reason reason) {
    const bool has_return_code =
        reason == Reason::unsupported_protocol_version || reason == Reason::client_identifier_not_valid;
    if (version_ == Version::v5 || has_return_code) {
        send(portillon::mqtt::Connack{false, reason, {}});
    }
    listener_.figures_.closed.add(cause_of(reason));
    leave();
}

void Connection::close(Reason reason) {
    close(reason, cause_of(reason));
}

void Connection::close(Reason reason, std::string_view cause) {
    send_answers();
    if (state_ == State::leaving) {
        return;
    }
    listener_.figures_.closed.add(cause);
    fire_will();
    if (version_ == Version::v5) {
        send(portillon::mqtt::Disconnect{reason, {}});
    }
    leave();
}

void Connection::vanish(std::string_view cause) {
    listener_.figures_.closed.add(cause);
    fire_will();
    state_ = State::leaving;
    transport_->close();
    listener_.loop_.timers().set(*this, listener_.loop_.now());
}

void Connection::leave() {
    state_ = State::leaving;
    transport_->shut();
    transport_->resume();
    listener_.loop_.timers().set(*this, listener_.loop_.now() + farewell_patience);
}

void Connection::fire_will() {
    if (std::exchange(will_, Will::none) == Will::left) {
        listener_.figures_.refused.add("will");
    }
}

template <class Packet>
void Connection::send(const Packet& packet) {
    auto& out = listener_.out_;
    out.resize(std::max(out.size(), encoded_size(packet, version_)));
    transport_->write(std::span<const std::byte>(out).first(encode(packet, version_, out)));
}

// PUBACKs, as far as they are decided in the order of arrival, in one write.
void Connection::send_answers() {
    auto& out = listener_.out_;
    std::size_t used = 0;
    std::string_view breach;
    while (unanswered_.ready() && breach.empty()) {
        portillon::mqtt::Acknowledgement packet;
        const auto message = unanswered_.pop();
        packet.packet_id = message.packet_id;
        packet.reason = message.reason;
        if (version_ == Version::v3_1_1 && message.reason == Reason::quota_exceeded) {
            breach = cause_of(message.reason);  // 3.1.1 has no word for "not now"
            break;
        }
        const std::size_t size = encoded_size(packet, version_);
        if (out.size() < used + size) {
            out.resize(std::max(2 * out.size(), used + size));
        }
        used += encode(packet, version_, std::span(out).subspan(used));
    }
    if (used > 0) {
        transport_->write(std::span<const std::byte>(out).first(used));
    }
    if (!breach.empty()) {
        vanish(breach);
    }
}

void Connection::hold_back_or_go_on() {
    Pausing now = Pausing::none;
    if (transport_->unsent() > most_unsent_bytes) {
        now = Pausing::unsent;
    } else if (version_ == Version::v3_1_1 && unanswered_.size() >= listener_.receive_maximum()) {
        now = Pausing::unanswered;
    }
    const Pausing before = std::exchange(pausing_, now);
    if (before == Pausing::none && now != Pausing::none) {
        transport_->pause();
    } else if (before != Pausing::none && now == Pausing::none) {
        last_packet_ = listener_.loop_.now();  // what it sent meanwhile could not be seen
        transport_->resume();
    }
}

void Connection::await_packet() {
    if (const auto limit = patience()) {
        const Instant now = listener_.loop_.now();
        const Instant due = last_packet_ + *limit;
        listener_.loop_.timers().set(*this, due > now ? due : now + *limit);
    }
}

// 5.0, 3.1.2.10: one and a half keep-alives.
std::optional<Nanos> Connection::patience() const {
    if (keepalive_seconds_ > 0) {
        return std::chrono::seconds{keepalive_seconds_} * 3 / 2;
    }
    if (listener_.limits_.idle > 0s) {
        return listener_.limits_.idle;
    }
    return std::nullopt;
}

}  // namespace portillon::server::mqtt
