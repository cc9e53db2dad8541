#include "wire/mqtt/reason_table.h"

#include <array>
#include <initializer_list>

namespace portillon::wire::mqtt {

namespace {

namespace packets {

// A bit for each packet type, and two more: DISCONNECT and AUTH have one for the client and one for the server.
constexpr std::uint32_t bit(PacketType type) {
    return 1U << static_cast<unsigned>(type);
}
constexpr std::uint32_t connack = bit(PacketType::connack);
constexpr std::uint32_t puback = bit(PacketType::puback);
constexpr std::uint32_t pubrec = bit(PacketType::pubrec);
constexpr std::uint32_t pubrel = bit(PacketType::pubrel);
constexpr std::uint32_t pubcomp = bit(PacketType::pubcomp);
constexpr std::uint32_t suback = bit(PacketType::suback);
constexpr std::uint32_t unsuback = bit(PacketType::unsuback);
constexpr std::uint32_t disconnect_by_client = bit(PacketType::disconnect);
constexpr std::uint32_t disconnect_by_server = disconnect_by_client << 16;
constexpr std::uint32_t disconnect = disconnect_by_client | disconnect_by_server;
constexpr std::uint32_t auth_by_client = bit(PacketType::auth);
constexpr std::uint32_t auth_by_server = auth_by_client << 16;
constexpr std::uint32_t publish_answers = puback | pubrec;
constexpr std::uint32_t releases = pubrel | pubcomp;
constexpr std::uint32_t subscriptions = suback | unsuback;

}  // namespace packets

// By reason: the packets whose table lists it.
constexpr std::array<std::uint32_t, 256> packets_by_reason = [] {
    std::array<std::uint32_t, 256> all{};
    const auto list = [&](Reason reason, std::uint32_t in) { all[static_cast<std::size_t>(reason)] = in; };
    list(Reason::success, packets::connack | packets::publish_answers | packets::releases | packets::subscriptions |
                              packets::disconnect_by_client | packets::auth_by_server);
    list(Reason::granted_qos_1, packets::suback);
    list(Reason::granted_qos_2, packets::suback);
    list(Reason::disconnect_with_will, packets::disconnect_by_client);
    list(Reason::no_matching_subscribers, packets::publish_answers);
    list(Reason::no_subscription_existed, packets::unsuback);
    list(Reason::continue_authentication, packets::auth_by_client | packets::auth_by_server);
    list(Reason::reauthenticate, packets::auth_by_client);
    list(Reason::unspecified_error,
         packets::connack | packets::publish_answers | packets::subscriptions | packets::disconnect);
    list(Reason::malformed_packet, packets::connack | packets::disconnect);
    list(Reason::protocol_error, packets::connack | packets::disconnect);
    list(Reason::implementation_specific_error,
         packets::connack | packets::publish_answers | packets::subscriptions | packets::disconnect);
    list(Reason::unsupported_protocol_version, packets::connack);
    list(Reason::client_identifier_not_valid, packets::connack);
    list(Reason::bad_user_name_or_password, packets::connack);
    list(Reason::not_authorized,
         packets::connack | packets::publish_answers | packets::subscriptions | packets::disconnect_by_server);
    list(Reason::server_unavailable, packets::connack);
    list(Reason::server_busy, packets::connack | packets::disconnect_by_server);
    list(Reason::banned, packets::connack);
    list(Reason::server_shutting_down, packets::disconnect_by_server);
    list(Reason::bad_authentication_method, packets::connack);
    list(Reason::keep_alive_timeout, packets::disconnect_by_server);
    list(Reason::session_taken_over, packets::disconnect_by_server);
    list(Reason::topic_filter_invalid, packets::subscriptions | packets::disconnect_by_server);
    list(Reason::topic_name_invalid, packets::connack | packets::publish_answers | packets::disconnect);
    list(Reason::packet_identifier_in_use, packets::publish_answers | packets::subscriptions);
    list(Reason::packet_identifier_not_found, packets::releases);
    list(Reason::receive_maximum_exceeded, packets::disconnect);
    list(Reason::topic_alias_invalid, packets::disconnect);
    list(Reason::packet_too_large, packets::connack | packets::disconnect);
    list(Reason::message_rate_too_high, packets::disconnect);
    list(Reason::quota_exceeded, packets::connack | packets::publish_answers | packets::suback | packets::disconnect);
    list(Reason::administrative_action, packets::disconnect);
    list(Reason::payload_format_invalid, packets::connack | packets::publish_answers | packets::disconnect);
    list(Reason::retain_not_supported, packets::connack | packets::disconnect_by_server);
    list(Reason::qos_not_supported, packets::connack | packets::disconnect_by_server);
    list(Reason::use_another_server, packets::connack | packets::disconnect_by_server);
    list(Reason::server_moved, packets::connack | packets::disconnect_by_server);
    list(Reason::shared_subscriptions_not_supported, packets::suback | packets::disconnect_by_server);
    list(Reason::connection_rate_exceeded, packets::connack | packets::disconnect_by_server);
    list(Reason::maximum_connect_time, packets::disconnect_by_server);
    list(Reason::subscription_identifiers_not_supported, packets::suback | packets::disconnect_by_server);
    list(Reason::wildcard_subscriptions_not_supported, packets::suback | packets::disconnect_by_server);
    return all;
}();

}  // namespace

bool is_listed(Reason reason, PacketType packet, Sender sender) {
    const bool has_two = packet == PacketType::disconnect || packet == PacketType::auth;
    const std::uint32_t wanted = packets::bit(packet) << (has_two && sender == Sender::server ? 16 : 0);
    return (packets_by_reason[static_cast<std::size_t>(reason)] & wanted) != 0;
}

Reason for_disconnect(Reason reason, Sender sender) {
    return is_listed(reason, PacketType::disconnect, sender) ? reason : Reason::protocol_error;
}

}  // namespace portillon::wire::mqtt
