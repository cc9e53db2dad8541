#include "drivers/mqtt/error.h"

#include <fmt/format.h>

namespace portillon::mqtt {

namespace {

class ClientCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "portillon.mqtt.client"; }
    std::string message(int value) const override {
        switch (static_cast<ClientError>(value)) {
            case ClientError::no_pingresp:
                return "mqtt_no_pingresp";
            case ClientError::stray_answer:
                return "mqtt_stray_answer";
            case ClientError::qos_downgraded:
                return "mqtt_qos_downgraded";
            default:
                return fmt::format("mqtt_connack_{}", value);
        }
    }
};

}  // namespace

error_code make_error_code(ClientError error) {
    static const ClientCategory category;
    return {static_cast<int>(error), category};
}

}  // namespace portillon::mqtt
