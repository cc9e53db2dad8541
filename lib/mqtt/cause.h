#pragma once

// The name under which a connection that we close, or a message that we refuse, is counted.

#include <string_view>

#include "wire/mqtt/reason.h"

namespace portillon::mqtt {

constexpr std::string_view cause_of(wire::mqtt::Reason reason) {
    using wire::mqtt::Reason;
    switch (reason) {
        case Reason::malformed_packet:
            return "malformed";
        case Reason::unsupported_protocol_version:
            return "unsupported_version";
        case Reason::client_identifier_not_valid:
            return "client_identifier";
        case Reason::bad_authentication_method:
            return "authentication_method";
        case Reason::server_shutting_down:
            return "stopping";
        case Reason::keep_alive_timeout:
            return "keepalive";
        case Reason::session_taken_over:
            return "taken_over";
        case Reason::topic_filter_invalid:
            return "topic_filter";
        case Reason::topic_name_invalid:
            return "topic_name";
        case Reason::receive_maximum_exceeded:
            return "receive_maximum";
        case Reason::topic_alias_invalid:
            return "topic_alias";
        case Reason::packet_too_large:
            return "too_large";
        case Reason::payload_format_invalid:
            return "payload_format";
        case Reason::retain_not_supported:
            return "retain";
        case Reason::qos_not_supported:
            return "qos";
        case Reason::quota_exceeded:
            return "busy";
        case Reason::packet_identifier_in_use:
        case Reason::packet_identifier_not_found:
            return "packet_identifier";
        default:
            return "protocol_error";
    }
}

}  // namespace portillon::mqtt
