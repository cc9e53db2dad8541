#include "wire/mqtt/reason_table.h"

#include <array>
#include <initializer_list>

namespace portillon::mqtt {

namespace {

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

// By reason: the packets whose table lists it.
constexpr std::array<std::uint32_t, 256> packets = [] {
    std::array<std::uint32_t, 256> all{};
    const auto list = [&](Reason reason, std::uint32_t in) { all[static_cast<std::size_t>(reason)] = in; };
    list(Reason::success, connack | publish_answers | releases | subscriptions | disconnect_by_client | auth_by_server);
    list(Reason::granted_qos_1, suback);
    list(Reason::granted_qos_2, suback);
    list(Reason::disconnect_with_will, disconnect_by_client);
    list(Reason::no_matching_subscribers, publish_answers);
    list(Reason::no_subscription_existed, unsuback);
    list(Reason::continue_authentication, auth_by_client | auth_by_server);
    list(Reason::reauthenticate, auth_by_client);
    list(Reason::unspecified_error, connack | publish_answers | subscriptions | disconnect);
    list(Reason::malformed_packet, connack | disconnect);
    list(Reason::protocol_error, connack | disconnect);
    list(Reason::implementation_specific_error, connack | publish_answers | subscriptions | disconnect);
    list(Reason::unsupported_protocol_version, connack);
    list(Reason::client_identifier_not_valid, connack);
    list(Reason::bad_user_name_or_password, connack);
    list(Reason::not_authorized, connack | publish_answers | subscriptions | disconnect_by_server);
    list(Reason::server_unavailable, connack);
    list(Reason::server_busy, connack | disconnect_by_server);
    list(Reason::banned, connack);
    list(Reason::server_shutting_down, disconnect_by_server);
    list(Reason::bad_authentication_method, connack);
    list(Reason::keep_alive_timeout, disconnect_by_server);
    list(Reason::session_taken_over, disconnect_by_server);
    list(Reason::topic_filter_invalid, subscriptions | disconnect_by_server);
    list(Reason::topic_name_invalid, connack | publish_answers | disconnect);
    list(Reason::packet_identifier_in_use, publish_answers | subscriptions);
    list(Reason::packet_identifier_not_found, releases);
    list(Reason::receive_maximum_exceeded, disconnect);
    list(Reason::topic_alias_invalid, disconnect);
    list(Reason::packet_too_large, connack | disconnect);
    list(Reason::message_rate_too_high, disconnect);
    list(Reason::quota_exceeded, connack | publish_answers | suback | disconnect);
    list(Reason::administrative_action, disconnect);
    list(Reason::payload_format_invalid, connack | publish_answers | disconnect);
    list(Reason::retain_not_supported, connack | disconnect_by_server);
    list(Reason::qos_not_supported, connack | disconnect_by_server);
    list(Reason::use_another_server, connack | disconnect_by_server);
    list(Reason::server_moved, connack | disconnect_by_server);
    list(Reason::shared_subscriptions_not_supported, suback | disconnect_by_server);
    list(Reason::connection_rate_exceeded, connack | disconnect_by_server);
    list(Reason::maximum_connect_time, disconnect_by_server);
    list(Reason::subscription_identifiers_not_supported, suback | disconnect_by_server);
    list(Reason::wildcard_subscriptions_not_supported, suback | disconnect_by_server);
    return all;
}();

}  // namespace

bool is_listed(Reason reason, PacketType packet, Sender sender) {
    const bool has_two = packet == PacketType::disconnect || packet == PacketType::auth;
    const std::uint32_t wanted = bit(packet) << (has_two && sender == Sender::server ? 16 : 0);
    return (packets[static_cast<std::size_t>(reason)] & wanted) != 0;
}

Reason for_disconnect(Reason reason, Sender sender) {
    return is_listed(reason, PacketType::disconnect, sender) ? reason : Reason::protocol_error;
}

}  // namespace portillon::mqtt
