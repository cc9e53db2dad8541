#include "mqtt/client_connection.h"

#include <algorithm>
#include <string>

#include "mqtt/error.h"

namespace portillon::mqtt {

using namespace wire::mqtt;  // the packets

namespace {

error_code refusal(Version version, Reason reason) {
    if (version == Version::v3_1_1) {
        switch (reason) {
            case Reason::unsupported_protocol_version:
                return ClientError::connack_1;
            case Reason::client_identifier_not_valid:
                return ClientError::connack_2;
            case Reason::server_unavailable:
                return ClientError::connack_3;
            case Reason::bad_user_name_or_password:
                return ClientError::connack_4;
            case Reason::not_authorized:
                return ClientError::connack_5;
            default:
                break;
        }
    }
    return reason;
}

Terms terms_of(const Connack& packet) {
    Terms terms;
    const auto& properties = packet.properties;
    terms.most_packet_bytes = properties.number(PropertyId::maximum_packet_size).value_or(terms.most_packet_bytes);
    terms.receive_maximum =
        static_cast<std::uint16_t>(properties.number(PropertyId::receive_maximum).value_or(terms.receive_maximum));
    if (const auto seconds = properties.number(PropertyId::server_keep_alive)) {
        terms.keepalive_seconds = static_cast<std::uint16_t>(*seconds);
    }
    terms.session_present = packet.session_present;
    terms.topic_alias_maximum =
        static_cast<std::uint16_t>(properties.number(PropertyId::topic_alias_maximum).value_or(0));
    terms.most_qos = static_cast<Qos>(properties.number(PropertyId::maximum_qos).value_or(2));
    return terms;
}

// Reports a reason string and a reference to another server; either may fill a whole packet.
void pass_words(const error_code& cause, const Properties& properties, ClientConnection::Events& events) {
    const auto reason = properties.text(PropertyId::reason_string).value_or("");
    const auto server = properties.text(PropertyId::server_reference).value_or("");
    if (!server.empty()) {  // rare: it comes with a connection's end
        events.said(cause, std::string(reason) + (reason.empty() ? "" : " ") +
                               "(server reference: " + std::string(server) + ")");
    } else if (!reason.empty()) {
        events.said(cause, reason);
    }
}

// MQTT 5.0, 3.3.4. We have announced no topic aliases, and subscribe without identifiers.
Reason objection(const Publish& packet, Qos most_qos) {
    if (packet.properties.number(PropertyId::topic_alias)) {
        return Reason::topic_alias_invalid;
    }
    if (packet.properties.number(PropertyId::subscription_identifier)) {
        return Reason::protocol_error;
    }
    return packet.qos > most_qos ? Reason::protocol_error : Reason::success;  // 0x9B is for the server to send
}

}  // namespace

error_code ClientConnection::receive(std::span<const std::byte> bytes, Events& events) {
    framer_.feed(bytes);
    while (const auto frame = framer_.next()) {
        if (const error_code error = take(*frame, events)) {
            return error;
        }
    }
    return framer_.violation() ? complain(framer_.violation().reason) : error_code{};
}

error_code ClientConnection::take(const Frame& frame, Events& events) {
    if (state_ == State::greeting) {
        if (frame.type() != PacketType::connack) {
            return complain(Reason::protocol_error);
        }
        state_ = State::greeted;  // by an MQTT server: from here on a DISCONNECT makes sense
        return take_connack(frame, events);
    }
    switch (frame.type()) {
        case PacketType::publish:
            return take_publish(frame, events);
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubrel:
        case PacketType::pubcomp: {
            Acknowledgement packet;
            if (const Violation violation = parse(frame, version_, packet)) {
                return complain(violation.reason);
            }
            if (packet.type == PacketType::pubrel) {  // no identifiers are kept, so none is unknown
                events.acknowledge(PacketType::pubcomp, packet.packet_id, Reason::success);
            } else {
                if (is_failure(packet.reason) && !packet.properties.empty()) {
                    pass_words(packet.reason, packet.properties, events);
                }
                events.answered(packet.type, packet.packet_id, packet.reason);
            }
            return {};
        }
        case PacketType::suback:
            return take_suback(frame, events);
        case PacketType::pingresp:
            if (const Violation violation = parse_ping(frame)) {
                return complain(violation.reason);
            }
            events.pinged();
            return {};
        case PacketType::disconnect:
            return version_ == Version::v5 ? take_disconnect(frame, events) : complain(Reason::protocol_error);
        default:
            return complain(Reason::protocol_error);
    }
}

error_code ClientConnection::take_connack(const Frame& frame, Events& events) {
    if (frame.body.size() >= 2 && frame.body[1] != std::byte{0}) {
        state_ = State::refused;  // also with an unknown code
    }
    Connack packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        return complain(violation.reason);
    }
    if (packet.reason != Reason::success) {
        const error_code cause = refusal(version_, packet.reason);
        pass_words(cause, packet.properties, events);
        return cause;
    }
    if (packet.session_present && start_ == Start::clean) {  // 5.0, 3.2.2.1.1
        return complain(Reason::protocol_error);
    }
    const Terms terms = terms_of(packet);
    most_qos_ = terms.most_qos;
    events.connected(terms);
    return {};
}

error_code ClientConnection::take_publish(const Frame& frame, Events& events) {
    Publish packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        return complain(violation.reason);
    }
    if (const Reason reason = objection(packet, most_qos_); reason != Reason::success) {
        return complain(reason);
    }
    events.delivered(packet);
    if (packet.qos == Qos::at_least_once) {
        events.acknowledge(PacketType::puback, packet.packet_id, Reason::success);
    } else if (packet.qos == Qos::exactly_once) {
        events.acknowledge(PacketType::pubrec, packet.packet_id, Reason::success);
    }
    return {};
}

error_code ClientConnection::take_suback(const Frame& frame, Events& events) {
    if (!subscribes_) {
        return complain(Reason::protocol_error);
    }
    Suback packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        return complain(violation.reason);
    }
    if (const auto failed =
            std::ranges::find_if(packet.reasons, [](std::byte each) { return is_failure(static_cast<Reason>(each)); });
        failed != packet.reasons.end()) {
        pass_words(ClientError::subscription_refused, packet.properties, events);
    }
    events.subscribed(packet.packet_id, packet.reasons);
    return {};
}

error_code ClientConnection::take_disconnect(const Frame& frame, Events& events) {
    Disconnect packet;
    if (const Violation violation = parse(frame, version_, Sender::server, packet)) {
        return complain(violation.reason);
    }
    pass_words(packet.reason, packet.properties, events);
    return packet.reason;
}

error_code ClientConnection::complain(Reason reason) {
    if (version_ == Version::v5 && state_ != State::greeting) {
        complaint_ = for_disconnect(reason, Sender::client);
    }
    return boost::system::errc::make_error_code(boost::system::errc::protocol_error);
}

}  // namespace portillon::mqtt
