#include "mqtt/server_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "mqtt/cause.h"

namespace portillon::mqtt {

using namespace wire::mqtt;  // the packets
using Answer = Unanswered::Message::Answer;

namespace {

// A will, a user name and a password of 30,000 bytes each.
constexpr std::size_t most_connect_bytes = 128 << 10;

Violation but(Reason reason, std::string_view what) {
    return {reason, what};
}

}  // namespace

ServerContext::ServerContext(std::uint32_t most_packet_bytes, std::uint32_t most_messages, Nanos most_idle,
                             std::uint32_t longest_expiry_seconds)
    : packet_bytes(most_packet_bytes),
      receive_maximum(std::clamp<std::uint32_t>(most_messages, 1, ServerConnection::most_unreleased)),
      idle(most_idle),
      most_expiry_seconds(longest_expiry_seconds) {
    connack_properties.add(PropertyId::receive_maximum, receive_maximum)
        .add(PropertyId::maximum_packet_size, std::max<std::uint32_t>(packet_bytes, 1))
        .add(PropertyId::topic_alias_maximum, ServerConnection::most_topic_aliases);
}

ServerConnection::ServerConnection(ServerContext& context, Events& events)
    : context_(context), events_(events), framer_(std::min<std::size_t>(context.packet_bytes, most_connect_bytes)) {
    framer_.allow_padded_lengths();
}

void ServerConnection::receive(std::span<const std::byte> bytes) {
    if (is_waiting()) {
        greeting_->waiting.insert(greeting_->waiting.end(), bytes.begin(), bytes.end());
    } else if (listens()) {
        read(bytes);
    }
}

// Reading stops after a CONNECT: the bytes behind it wait in `greeting_` until the owner has found the session and lets
// the connection go on.
void ServerConnection::read(std::span<const std::byte> bytes) {
    framer_.feed(bytes);
    while (listens()) {
        const auto frame = framer_.next();
        if (!frame) {
            break;
        }
        ++packets_;
        take(*frame);
    }
    if (is_waiting()) {
        const auto rest = framer_.put_back();
        greeting_->waiting.assign(rest.begin(), rest.end());
    }
    if (const Violation violation = framer_.violation(); listens() && violation) {
        if (state_ == State::greeting) {
            close_without_packet(cause_of(violation.reason));
        } else {
            close(violation);
        }
    }
}

void ServerConnection::decided(std::uint64_t number, Reason reason) {
    if (state_ != State::leaving) {
        unanswered_.decide(number, reason);
        events_.answerable();
    }
}

void ServerConnection::never_answered(std::uint64_t number) {
    if (state_ != State::leaving) {
        unanswered_.leave_without_answer(number);
        events_.answerable();
    }
}

void ServerConnection::lose_session(Present present) {
    session_ = nullptr;
    if (will_ == Will::delayed && present == Present::yes) {
        will_ = Will::none;
    }
    give_session_up();
}

void ServerConnection::give_session_up() {
    if (state_ != State::leaving) {
        close(but(Reason::session_taken_over, "another connection has this client identifier"));
    }
}

void ServerConnection::stop() {
    if (state_ == State::greeting || state_ == State::claiming) {
        close_without_packet(cause_of(Reason::server_shutting_down));
    } else if (state_ == State::connected) {
        state_ = State::draining;
        events_.answerable();
    }
}

void ServerConnection::take(const Frame& frame) {
    const PacketType type = frame.type();
    if (state_ == State::greeting) {
        if (type == PacketType::connect) {
            take_connect(frame);
        } else {
            close_without_packet(cause_of(Reason::protocol_error));
        }
        return;
    }
    switch (type) {
        case PacketType::publish:
            take_publish(frame);
            break;
        case PacketType::pubrel:
            take_release(frame);
            break;
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp:
            take_stray_answer(frame);
            break;
        case PacketType::pingreq:
            if (const Violation violation = parse_ping(frame)) {
                close(violation);
            } else {
                const auto room = context_.out.add(sizeof pingresp);
                std::copy(std::begin(pingresp), std::end(pingresp), room.begin());
            }
            break;
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            take_subscribe(frame);
            break;
        case PacketType::disconnect:
            take_disconnect(frame);
            break;
        case PacketType::auth: {
            Auth packet;
            const Violation violation = parse(frame, version_, Sender::client, packet);
            close(violation ? violation : but(Reason::protocol_error, "no authentication is under way"));
            break;
        }
        default:
            close(but(Reason::protocol_error, "a packet that is not the client's to send now"));
    }
}

void ServerConnection::take_connect(const Frame& frame) {
    Connect packet;
    Violation violation = parse(frame, packet);
    version_ = packet.version;
    if (!violation) {
        most_sent_bytes_ = packet.properties.number(PropertyId::maximum_packet_size).value_or(most_sent_bytes_);
        violation = objection(packet);
    }
    if (violation) {
        turn_away(violation);
        return;
    }
    greet(packet);
}

Violation ServerConnection::objection(const Connect& packet) const {
    if (packet.client_id.size() > most_client_id_bytes) {
        return but(Reason::client_identifier_not_valid, "client identifier of more than 1,024 bytes");
    }
    if (packet.properties.text(PropertyId::authentication_method)) {
        return but(Reason::bad_authentication_method, "no authentication method is known here");
    }
    return {};
}

void ServerConnection::greet(const Connect& packet) {
    auto properties = context_.connack_properties;

    std::string client_id(packet.client_id);
    if (client_id.empty()) {
        client_id = events_.make_client_id();
        properties.add(PropertyId::assigned_client_identifier, client_id);
    }

    keepalive_seconds_ = packet.keep_alive_seconds;
    const auto most_keepalive = std::chrono::duration_cast<std::chrono::seconds>(context_.idle / 3 * 2).count();
    if (version_ == Version::v5 && context_.idle > 0s &&
        (keepalive_seconds_ == 0 || keepalive_seconds_ > most_keepalive)) {
        keepalive_seconds_ = static_cast<std::uint16_t>(std::clamp<std::int64_t>(most_keepalive, 1, 65'535));
        properties.add(PropertyId::server_keep_alive, keepalive_seconds_);
    }

    std::uint32_t expiry_seconds = packet.clean_start ? 0 : context_.most_expiry_seconds;
    if (version_ == Version::v5) {
        const auto wanted = packet.properties.number(PropertyId::session_expiry_interval).value_or(0);
        expiry_seconds = std::min(wanted, context_.most_expiry_seconds);
        if (expiry_seconds != wanted) {
            properties.add(PropertyId::session_expiry_interval, expiry_seconds);
        }
    }

    if (encoded_size(Connack{false, Reason::success, properties.view()}, version_) > most_sent_bytes_) {
        close_without_packet(cause_of(Reason::packet_too_large));
        return;
    }
    greeting_ = std::make_unique<Greeting>();
    greeting_->properties = std::move(properties);
    greeting_->expiry_seconds = expiry_seconds;
    if (packet.will) {
        greeting_->will_delay_seconds = packet.will->properties.number(PropertyId::will_delay_interval).value_or(0);
        greeting_->will = greeting_->will_delay_seconds > 0 ? Will::delayed : Will::left;
    }
    state_ = State::claiming;
    events_.connecting({client_id, packet.clean_start ? Claim::Start::clean : Claim::Start::resume});
}

void ServerConnection::welcome(SessionState& session, Present present, Then then) {
    check(state_ == State::claiming, "a connection is welcomed once, after its CONNECT");
    session_ = &session;
    session_->expiry_seconds = greeting_->expiry_seconds;
    session_->version = version_;
    session_->will_delay_seconds = greeting_->will_delay_seconds;
    will_ = greeting_->will;
    framer_.allow(context_.packet_bytes);
    if (version_ == Version::v5) {
        framer_.forbid_padded_lengths();
    }
    state_ = State::connected;
    send(Connack{present == Present::yes, Reason::success, greeting_->properties.view()});
    if (then == Then::go_on && greeting_->waiting.empty()) {
        greeting_.reset();
    }
}

void ServerConnection::go_on() {
    if (const auto greeting = std::move(greeting_); greeting && listens()) {
        read(greeting->waiting);
    }
}

void ServerConnection::take_publish(const Frame& frame) {
    Publish packet;
    Violation violation = parse(frame, version_, packet);
    if (!violation) {
        violation = objection(packet);
    }
    if (violation) {
        close(violation);
        return;
    }
    if (packet.qos == Qos::exactly_once) {
        take_exactly_once(packet);
        return;
    }
    std::uint64_t exchange = 0;
    if (packet.qos == Qos::at_least_once) {
        ++outstanding_;
        exchange = unanswered_.add(packet.packet_id, Answer::puback);
        if (version_ == Version::v5 && session_->find(packet.packet_id) != nullptr) {
            events_.refused(cause_of(Reason::packet_identifier_in_use));
            decided(exchange, Reason::packet_identifier_in_use);
            return;
        }
    }
    events_.published(packet.payload, packet.qos, exchange);
}

// MQTT 5.0, 4.3.3: the owner is told of a message when it comes first; until it is released, any PUBLISH with its
// identifier is a copy, and gets the same answer.
void ServerConnection::take_exactly_once(const Publish& packet) {
    SessionState& session = *session_;
    SessionState::Received* const known = session.find(packet.packet_id);
    if (known == nullptr && session.received.size() >= most_unreleased) {
        close(but(Reason::receive_maximum_exceeded, "too many messages at QoS 2 are not released"));
        return;
    }
    ++outstanding_;
    if (known == nullptr) {
        const std::uint64_t number = unanswered_.add(packet.packet_id, Answer::pubrec);
        session.received.push_back({.number = number, .packet_id = packet.packet_id});
        events_.published(packet.payload, packet.qos, packet.packet_id);
    } else if (known->state == SessionState::Received::State::taken) {
        decided(unanswered_.add(packet.packet_id, Answer::pubrec), Reason::success);
    } else if (known->number == SessionState::nobody_waits) {
        known->number = unanswered_.add(packet.packet_id, Answer::pubrec);
    }
}

Violation ServerConnection::objection(const Publish& packet) {
    if (packet.qos != Qos::at_most_once && version_ == Version::v5 && outstanding_ >= context_.receive_maximum) {
        return but(Reason::receive_maximum_exceeded, "more messages at once than our receive maximum");
    }
    if (version_ == Version::v5) {
        if (packet.properties.number(PropertyId::subscription_identifier)) {  // 5.0, 3.3.4
            return but(Reason::protocol_error, "a subscription identifier from a client");
        }
        return objection_to_alias(packet);
    }
    return {};
}

// MQTT 5.0, 3.3.2.3.4.
Violation ServerConnection::objection_to_alias(const Publish& packet) {
    const auto alias = packet.properties.number(PropertyId::topic_alias);
    if (!alias) {
        return {};
    }
    if (*alias > most_topic_aliases) {
        return but(Reason::topic_alias_invalid, "topic alias above our maximum");
    }
    const std::uint32_t bit = std::uint32_t{1} << (*alias - 1);
    if (packet.topic.empty() && (topic_aliases_ & bit) == 0) {
        return but(Reason::protocol_error, "topic alias that stands for nothing");
    }
    topic_aliases_ |= bit;
    return {};
}

void ServerConnection::take_release(const Frame& frame) {
    Acknowledgement packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation);
        return;
    }
    send_answers();  // its PUBREC first, if that is due (5.0, 4.3.3)
    if (state_ == State::leaving) {
        return;
    }
    Acknowledgement answer{.type = PacketType::pubcomp, .packet_id = packet.packet_id, .reason = {}, .properties = {}};
    if (const SessionState::Received* const message = session_->find(packet.packet_id); message == nullptr) {
        answer.reason = Reason::packet_identifier_not_found;
    } else if (message->state == SessionState::Received::State::undecided) {
        close(but(Reason::protocol_error, "PUBREL before PUBREC"));
        return;
    } else {
        session_->forget(*message);
    }
    answered();
    send(answer);
}

// Answers a message of ours, but we send none. It may belong to a session with another server, so it is no violation
// (5.0, 3.6.2.1).
void ServerConnection::take_stray_answer(const Frame& frame) {
    Acknowledgement packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation);
        return;
    }
    constexpr Reason unknown = Reason::packet_identifier_not_found;
    events_.refused(cause_of(unknown));
    if (packet.type == PacketType::pubrec && !is_failure(packet.reason)) {
        send(Acknowledgement{PacketType::pubrel, packet.packet_id, unknown, {}});
    }
}

// Refuses every subscription: this server has no topics to subscribe to.
void ServerConnection::take_subscribe(const Frame& frame) {
    auto& packet = context_.subscribe;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation);
        return;
    }
    const bool subscribes = packet.type == PacketType::subscribe;
    const Reason five = subscribes ? Reason::not_authorized : Reason::no_subscription_existed;
    const Reason reason = version_ == Version::v5 ? five : Reason::unspecified_error;
    context_.reasons.assign(packet.subscriptions.size(), static_cast<std::byte>(reason));
    if (subscribes) {
        events_.refused("subscribe");
    }
    send(Suback{subscribes ? PacketType::suback : PacketType::unsuback, packet.packet_id, {}, context_.reasons});
}

void ServerConnection::take_disconnect(const Frame& frame) {
    Disconnect packet;
    if (const Violation violation = parse(frame, version_, Sender::client, packet)) {
        close(violation);
        return;
    }
    if (const auto wanted = packet.properties.number(PropertyId::session_expiry_interval)) {
        if (session_->expiry_seconds == 0 && *wanted > 0) {  // 5.0, 3.14.2.2.2
            close(but(Reason::protocol_error, "a session that was to end is not kept"));
            return;
        }
        session_->expiry_seconds = std::min(*wanted, context_.most_expiry_seconds);
    }
    if (packet.reason == Reason::success) {
        will_ = Will::none;
    }
    send_answers();
    if (state_ != State::leaving) {
        leave({});
    }
}

void ServerConnection::turn_away(const Violation& why) {
    const bool has_return_code =
        why.reason == Reason::unsupported_protocol_version || why.reason == Reason::client_identifier_not_valid;
    if (version_ == Version::v5 || has_return_code) {
        PropertyList properties;
        properties.add(PropertyId::reason_string, why.what);
        if (!send(Connack{false, why.reason, properties.view()})) {
            send(Connack{false, why.reason, {}});
        }
    }
    leave(cause_of(why.reason));
}

void ServerConnection::close(const Violation& why) {
    close(why, cause_of(why.reason));
}

void ServerConnection::close(const Violation& why, std::string_view cause) {
    send_answers();
    if (state_ == State::leaving) {
        return;
    }
    if (version_ == Version::v5) {
        PropertyList properties;
        properties.add(PropertyId::reason_string, why.what);
        if (!send(Disconnect{why.reason, properties.view()})) {
            send(Disconnect{why.reason, {}});
        }
    }
    leave(cause);
}

void ServerConnection::close_without_packet(std::string_view cause) {
    state_ = State::leaving;
    events_.leaves_without_packet(cause);
}

void ServerConnection::leave(std::string_view cause) {
    state_ = State::leaving;
    events_.leaves(cause);
}

// Sends, in the order of arrival and in one write, the answers up to the first undecided message. A connection that is
// draining leaves after its last answer.
void ServerConnection::answer() {
    send_answers();
    if (state_ == State::draining && unanswered_.empty()) {
        close(but(Reason::server_shutting_down, "the server stops"));
    }
}

void ServerConnection::send_answers() {
    while (unanswered_.ready()) {
        const auto message = unanswered_.pop();
        if (message.state == Unanswered::Message::State::never) {
            continue;
        }
        if (version_ == Version::v3_1_1 && is_failure(message.reason) &&
            message.reason != Reason::payload_format_invalid) {
            // 3.1.1 cannot refuse a message, and a malformed one must not be sent again.
            close_without_packet(cause_of(message.reason));
            return;
        }
        if (message.answer == Answer::puback || is_failure(message.reason)) {
            answered();
        }
        send(Acknowledgement{message.type(), message.packet_id, message.reason, {}});
    }
}

// A message that was sent again after a break may be released here without having been counted.
void ServerConnection::answered() {
    if (outstanding_ > 0) {
        --outstanding_;
    }
}

template <class Packet>
bool ServerConnection::send(const Packet& packet) {
    const std::size_t size = encoded_size(packet, version_);
    if (size > most_sent_bytes_) {
        return false;
    }
    encode(packet, version_, context_.out.add(size));
    return true;
}

}  // namespace portillon::mqtt
