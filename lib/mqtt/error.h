#pragma once

// Causes of the end of a connection, or of a message's refusal, for which MQTT 5 has no reason code.

#include "base/error.h"

namespace portillon::mqtt {

enum class ClientError : std::uint8_t {
    // A server of 3.1.1 refused the connection (3.2.2.3 there): "mqtt_connack_1" and so on.
    connack_1 = 1,         // unacceptable protocol version
    connack_2,             // identifier rejected
    connack_3,             // server unavailable
    connack_4,             // bad user name or password
    connack_5,             // not authorized
    no_pingresp,           // "mqtt_no_pingresp"
    stray_answer,          // "mqtt_stray_answer": an acknowledgement of no message in flight
    qos_downgraded,        // "mqtt_qos_downgraded": a PUBACK for a message sent at QoS 2
    subscription_refused,  // "mqtt_subscription_refused": a SUBACK that does not grant all that was asked for
};

error_code make_error_code(ClientError error);

}  // namespace portillon::mqtt

template <>
struct boost::system::is_error_code_enum<portillon::mqtt::ClientError> : std::true_type {};
