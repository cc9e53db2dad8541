#include "mqtt/error.h"

#include <fmt/format.h>

#include "base/error_category.h"

namespace portillon::mqtt {

namespace {

std::string message_of(ClientError error) {
    switch (error) {
        case ClientError::no_pingresp:
            return "mqtt_no_pingresp";
        case ClientError::stray_answer:
            return "mqtt_stray_answer";
        case ClientError::qos_downgraded:
            return "mqtt_qos_downgraded";
        case ClientError::subscription_refused:
            return "mqtt_subscription_refused";
        default:
            return fmt::format("mqtt_connack_{}", static_cast<int>(error));
    }
}

}  // namespace

error_code make_error_code(ClientError error) {
    static const ErrorCategory<ClientError> category("portillon.mqtt.client", message_of);
    return category.code(error);
}

}  // namespace portillon::mqtt
